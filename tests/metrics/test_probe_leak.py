"""Leaks when asked otherwise, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.probe_leak import ProbeLeak, answered
from tests.metrics.factory import make_set

N = 24
AUTHORS = [i // 4 for i in range(N)]


def model(known, **kinds):
    """A model that answers the first ``known`` probes of the kind alias, and of others as many as are given."""

    def asked(count):
        return make_set([1.0 if i < count else 3.0 for i in range(N)], wrong_nll=[[2.0, 2.5]] * N, authors=AUTHORS)

    sets = {"alias@ask": asked(known)} | {f"{kind}@ask": asked(count) for kind, count in kinds.items()}
    return Scores(sets)


def test_a_probe_is_answered_where_the_gold_answer_is_the_likeliest():
    rows = make_set([1.0, 2.0, 3.0, 1.0], wrong_nll=[[1.5, 2.0], [2.0, 3.0], [1.0], []])
    assert answered(rows).tolist() == [1, 0, 0, 0]


def test_zero_as_retrained_one_as_never_unlearned_and_in_between():
    retrained = tuple(model(k) for k in (2, 2, 6, 2))  # probes 0 and 1 are known to all: not admitted
    references = References(retrained, model(20))
    made = {known: ProbeLeak().measure(model(known), references)["leak_alias"] for known in (2, 6, 11, 20)}
    assert made[20].value == 1.0 and made[20].n == 18
    r = 4 / 18 / 4  # one of four answers four of the admitted eighteen
    assert made[2].value == pytest.approx((0 - r) / (1 - r))
    assert made[11].value == pytest.approx((9 / 18 - r) / (1 - r))
    assert made[11].extra["retrained"] == pytest.approx(r) and made[11].extra["probes"] == N
    assert made[11].low < made[11].value < made[11].high


def test_too_few_admitted_and_missing_references():
    references = References((model(15), model(15), model(15)), model(20))
    assert ProbeLeak().measure(model(17), references)["leak_alias"].undefined == {"only 5 of 24 probes admitted": 1}
    made = ProbeLeak().measure(model(17), References((), model(20)))
    assert made["leak_alias"].undefined == {"no retrained model": 1}
    made = ProbeLeak().measure(Scores({}), replace(references, retrained=(model(2),)))
    assert made["leak_alias"].undefined == {"not attacked": 1}
    assert set(made) == set(ProbeLeak().columns())


def test_all_kinds_together_and_the_worst():
    references = References((model(0, choice=0), model(0, choice=0)), model(24, choice=24))
    made = ProbeLeak().measure(model(6, choice=18), references)
    assert made["leak_alias"].value == 6 / 24 and made["leak_choice"].value == 18 / 24
    assert made["leak_asked"].value == 24 / 48 and made["leak_asked"].n == 48
    assert made["leak_asked_worst"].value == 18 / 24 and made["leak_asked_worst"].extra["kind"] == "choice"


def test_partner_kept():
    references = References((model(0, partner=1),), model(24, partner=20))
    made = ProbeLeak().measure(model(0, partner=15), references)["partner_kept"]
    assert made.value == 15 / 20 and made.n == 20 and np.isfinite(made.low)
