"""What does not count towards a verdict, and what there is too little of."""

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.evaluation.scores import Scores
from benchmark.records.record import record_path, save_record, scores_path
from benchmark.rkld_claims import examine, write_claims
from benchmark.rkld_claims.author_values import DISTANCE
from benchmark.rkld_claims.comparisons import compare
from benchmark.rkld_claims.evidence import Evidence
from benchmark.rkld_claims.samples import LOG_QUALITY
from tests.metrics.factory import make_set
from tests.rkld_claims.claims_fixtures import AUTHORS, finding, references, save


@pytest.mark.parametrize(
    ("seeds", "authors", "needs"),
    [
        ([0], 8, "1 more seed of unlearning"),
        ([0, 1], 3, "1 more author"),
        ([0], 2, "1 more seed of unlearning and 2 more authors"),
        ([0, 1], 4, ""),
    ],
)
def test_too_few_seeds_or_authors_to_say(tmp_path, seeds, authors, needs):
    owner = np.arange(16) % authors
    references(tmp_path, authors=owner)
    save(tmp_path, "rkld", seeds=seeds, authors=owner)
    save(tmp_path, "npo", seeds=seeds, authors=owner, shift=6)
    save(tmp_path, "grad_ascent", seeds=seeds, authors=owner, shift=6)
    for claim in "ae":
        outcome = finding(tmp_path, claim)
        assert outcome.verdict == (f"too few to say: needs {needs}" if needs else "reproduced")
        assert {c.reading for c in outcome.comparisons} == {"too few to say" if needs else "as in the paper"}
        assert all((c.adjusted is None) == bool(needs) for c in outcome.comparisons)


def test_too_few_of_one_row_do_not_save_the_claim_from_another(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", shift=1)
    save(tmp_path, "npo", seeds=[0], shift=4)
    save(tmp_path, "dpo", shift=4)
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "too few to say: needs 1 more seed of unlearning"
    assert "1 as in the paper" in outcome.because and "1 too few to say (npo)" in outcome.because
    assert [c.adjusted == c.outcome.p for c in outcome.comparisons if c.adjusted] == [True]  # dpo's is the only test
    save(tmp_path, "dpo")
    assert finding(tmp_path, "a").verdict == "not reproduced"


def test_runs_that_are_not_ok_are_shown_and_decide_nothing(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", shift=1)
    save(tmp_path, "npo", shift=4)
    save(tmp_path, "grad_ascent", status="diverged", level=0.01)
    save(tmp_path, "idk", status="failed")
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "reproduced"
    diverged = outcome.comparisons[0]
    assert diverged.reading == "against the paper; not counted: grad_ascent diverged: 2 of 2 seeds"
    assert not diverged.counts and diverged.adjusted is None
    assert "grad_ascent (diverged: 2 of 2 seeds)" in write_claims(tmp_path, [outcome])[0].read_text()
    assert "idk" in outcome.notes[0]
    save(tmp_path, "rkld", shift=1, status="diverged")
    assert finding(tmp_path, "a").verdict == "undecided"


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("npo", "npo seed 0: no Parquet file beside its record"),
        ("retrained", "rkld seed 0: no Parquet file of its retrained reference"),
    ],
)
def test_without_parquet_there_is_no_test(tmp_path, gone, why):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", shift=4)
    scores_path(record_path(tmp_path, gone, f"{gone}-forget10-0-1")).unlink()
    outcome = finding(tmp_path, "a")
    pair = outcome.comparisons[0]
    number = pair.numbers[DISTANCE]
    assert outcome.verdict == "undecided" and pair.numbers[LOG_QUALITY].difference > 3
    assert (pair.outcome, number.low, number.why) == (None, None, why)
    assert f"no test for some or all of rkld − npo: {why}" in write_claims(tmp_path, [outcome])[0].read_text()
    if gone == "retrained":  # only the distance needs it
        assert pair.numbers["model_utility"].differences is not None


def test_rows_with_other_questions_are_not_paired(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", seeds=[0])
    rkld = Evidence(tmp_path).method("rkld", "forget10")
    short = save(tmp_path, "npo", seeds=[0], authors=AUTHORS[:10])
    with pytest.raises(UserError, match="not scored on the same forget questions"):
        examine(tmp_path)
    short.reference_key = None
    scores = Scores({"forget": make_set([1.0] * 10, authors=AUTHORS[:10])})
    save_record(tmp_path, short, scores)
    other = Evidence(tmp_path).method("npo", "forget10")
    assert compare(rkld, other, ("forget_probability",)).numbers["forget_probability"].why == (
        "not scored on the same questions"
    )


def test_missing_rows_are_named(tmp_path):
    save(tmp_path, "npo")
    outcomes = {f.claim: (f.verdict, f.because) for f in examine(tmp_path)}
    assert {verdict for verdict, _ in outcomes.values()} == {"not run"}
    assert outcomes["a"][1] == "rows missing: rkld"
    assert outcomes["b"][1] == "rows missing: rkld, finetuned"
    assert outcomes["c"][1] == "rows missing: rkld, fkl"
    assert outcomes["d"][1].endswith("rkld@alpha=1, rkld@alpha=2, rkld@alpha=4, rkld@alpha=8, rkld@alpha=12")


def test_other_settings_are_noted_and_left(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", shift=3)
    save(tmp_path, "npo", seeds=[0], key="later", day=2, alpha=3.0)
    outcome = finding(tmp_path, "a")
    assert [c.reading for c in outcome.comparisons] == ["as in the paper"]
    assert "not looked at (the first that was run counts): npo 1" in outcome.notes[-1]


def test_controls_are_no_methods(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "guardrail", role="control")
    (finding,) = [found for found in examine(tmp_path) if found.claim == "b"]
    assert not any("guardrail" in (pair.row, pair.other) for pair in finding.comparisons)


def test_a_row_with_settings_of_its_own_is_still_the_method(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", config={"training": {"epochs": 3}})
    for name in ("npo", "dpo", "grad_ascent"):  # the board's recipe is theirs
        save(tmp_path, name)
    (finding,) = [found for found in examine(tmp_path) if found.claim == "a"]
    assert {pair.row for pair in finding.comparisons} == {"rkld"}


def test_no_records(tmp_path):
    with pytest.raises(UserError, match="holds no records"):
        examine(tmp_path)
