"""What a board says of records that do not quite belong together."""

import pytest

from tests.leaderboard.made_records import CONFIG, board_of, compared, config, make_record, yardstick


def notes_of(folder, *records):
    return "\n".join(board_of(folder, *records).notes)


def test_what_does_not_belong_together_is_noted(tmp_path):
    runs = [make_record(seed=0, reference_key="r1"), make_record("dpo", reference_key="r2")]
    runs[1].dataset = {"identity": "c1"}
    runs[1].provenance = {}
    notes = notes_of(tmp_path, *runs)
    assert "not all compared with the same retrained model" in notes
    assert "not all made from the same dataset" in notes
    assert "the commit is not known: dpo forget10 seed 0" in notes


def test_runs_of_two_fine_tuned_models_are_told_apart(tmp_path):
    runs = [make_record(day=1 + seed, config=CONFIG | {"finetuning_seed": seed}) for seed in (0, 1)]
    for run in runs:
        run.provenance = {}
    notes = notes_of(tmp_path, *runs)
    assert "not known: npo forget10 seed 0, npo forget10 seed 0 of fine-tuned model 1" in notes


def test_methods_with_other_yardsticks_are_noted(tmp_path):
    same = [*yardstick(), compared("npo", 1.0), compared("dpo", 1.0)]
    assert "compared with the same retrained models" not in notes_of(tmp_path / "a", *same)
    other = [*yardstick(), compared("npo", 1.0), compared("dpo", 1.0, models=2)]
    assert "forget10: its methods were not all compared with the same" in notes_of(tmp_path / "b", *other)


def test_budgets_that_differ_are_noted(tmp_path):
    trials = CONFIG | {"tuning": {"trials": 7}}
    runs = [
        make_record("npo", config=trials),
        make_record("dpo", config=CONFIG | {"tuning": {"trials": 9}}),
        make_record("idk", config=trials),
        make_record("rkld", config=config(epochs=4)),
        make_record("finetuned", config=config(epochs=99)),
    ]
    notes = notes_of(tmp_path, *runs)
    assert "budgets differ: 8 epochs, but 4 (rkld)" in notes
    assert "budgets differ: 7 trials of the sweep, but 9 (dpo)" in notes
    assert "budgets" not in notes_of(tmp_path / "alike", *runs[::2][:2])


@pytest.mark.parametrize(
    ("hardware", "arithmetic", "noted"),
    [
        ({"capability": "AVX512"}, {}, True),
        ({"gpu": "some GPU"}, {}, True),
        ({"model": "family 6, model 85"}, {}, True),
        ({}, {"tf32": True}, True),
        ({"cores": 64}, {}, False),
    ],
)
def test_other_kernels_are_noted(tmp_path, hardware, arithmetic, noted):
    runs = [make_record("npo"), make_record("dpo")]
    known = runs[1].provenance
    runs[1].provenance = known | {"hardware": known["hardware"] | hardware, "arithmetic": arithmetic}
    assert ("sums differ in the last digits" in notes_of(tmp_path, *runs)) == noted


def test_an_imported_log_has_no_kernels_to_differ(tmp_path):
    log = make_record("log", source="imported")
    log.provenance = {}
    assert "last digits" not in notes_of(tmp_path, make_record(), log)


@pytest.mark.parametrize(("aucs", "noted"), [((0.70, 0.60), True), ((0.30, 0.35), True), ((0.55, 0.62), False)])
def test_attacks_that_find_members_where_there_are_none_are_noted(tmp_path, aucs, noted):
    retrained = [
        make_record("retrained", seed, metrics={"mia_loss": (auc, None, None)}) for seed, auc in enumerate(aucs)
    ]
    method = make_record("npo", metrics={"mia_loss": (0.99, None, None)})  # which says nothing of the attack
    notes = notes_of(tmp_path, *retrained, method)
    assert ("forget10: mia_loss is" in notes) == noted
