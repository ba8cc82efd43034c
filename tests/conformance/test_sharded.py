"""Models sharded over two processes against one process: toy models, gloo, the CPU."""

import pytest

from benchmark.conformance.sharded import CASES, compared, difference, table, trained
from benchmark.conformance.toy import ARCHITECTURES
from benchmark.runs.launchers import rank_group
from benchmark.runs.launchers.rank_group import RankFailed, RankGroup, rank_device
from tests.conformance.sharded_calls import copies, fails_on

QUICK = [("llama", "rkld with LoRA"), ("llama", "npo+kl"), ("gpt-neox", "gru"), ("gpt-neox", "rmu")]


def close(apart):
    assert apart.loss < 1e-6 and apart.weight < 1e-5 and apart.score < 1e-5 and apart.texts == 0
    assert apart.keys_bias < 1e-3  # at most a step of AdamW


@pytest.fixture(scope="module")
def ranks():
    group = RankGroup(2, "cpu")
    yield group
    group.close()


@pytest.mark.xdist_group("ranks")
@pytest.mark.parametrize("case", QUICK, ids=str)
def test_sharded_training_and_scores_are_those_of_one_process(ranks, case):
    sharded = ranks.call(trained, *case)
    assert 0.4 < sharded.share < 0.6  # it was sharded at all
    close(difference(trained(*case), sharded))


@pytest.mark.xdist_group("ranks")
def test_copies_rounding_and_checksums_of_sharded_models(ranks):
    assert {what: held for what, held in ranks.call(copies).items() if not held} == {}


@pytest.mark.xdist_group("ranks")
def test_a_rank_that_fails_ends_all_and_the_next_call_begins_anew(ranks, monkeypatch):
    monkeypatch.setattr(rank_group, "PATIENCE", 0.5)
    processes = list(ranks._processes)
    with pytest.raises(RankFailed, match="rank 1 of 2: ValueError: a fault of one rank") as failed:
        ranks.call(fails_on, 1, "raises")
    assert isinstance(failed.value.error, ValueError) and "fails_on" in failed.value.log
    assert all(process.exitcode is not None for process in processes)
    with pytest.raises(RankFailed, match="rank 0 of 2: its process died: exit code 3"):
        ranks.call(fails_on, 0, "dies")
    assert ranks.call(fails_on, 2, "nobody") != 0


def test_ranks_take_devices_from_the_first_on():
    assert [rank_device("cuda:2", rank) for rank in range(2)] == ["cuda:2", "cuda:3"]
    assert [rank_device(device, 1) for device in ("cuda", "cpu")] == ["cuda:1", "cpu"]


@pytest.mark.drill
def test_every_case_on_both_architectures():
    measured = list(compared([(architecture, case) for architecture in ARCHITECTURES for case in CASES]))
    print(*table(measured), sep="\n")
    for one in measured:
        close(one.difference)
