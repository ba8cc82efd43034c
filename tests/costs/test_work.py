"""The cost model beside the records of the published quick board: ratios between methods and phases, no absolute seconds."""

from collections import Counter
from statistics import median

import pytest

from benchmark.config.load import load_preset
from benchmark.costs.known import preset_sizes
from benchmark.costs.measured import phases
from benchmark.costs.sizes import Sizes
from benchmark.costs.tasks import board_tasks, passes, sweep_tasks, unlearning
from benchmark.costs.texts import Rows, texts_of
from benchmark.costs.work import Work, training
from benchmark.records.recompute import label_of
from benchmark.records.record import load_records
from methods import load_method
from tests.conftest import ROOT

FORGET = Rows(rows=10, prompt=6.0, answer=4.0, answers=30.0)


@pytest.fixture(scope="module")
def quick():
    preset, folder = load_preset("quick", []), ROOT / "results" / "published" / "quick"
    sizes = preset_sizes(preset)
    together = made_together(load_records(folder))
    met = phases(preset, folder, lambda made: sum(made.flops(sizes).values()))
    return [phase for phase in met if phase.row in together]


def made_together(records):
    """The labels of the rows of one commit, most of them: those made on another day had a machine of another speed."""
    commits = Counter(record.provenance["git"]["commit"] for record in records)
    ((commit, _),) = commits.most_common(1)
    return {label_of(record) for record in records if record.provenance["git"]["commit"] == commit}


def rates(met, name):
    """FLOP/s of each row's phase by the model's FLOPs and the record's seconds; phases of less than a second are noise."""
    return {phase.row: phase.told / phase.measured for phase in met if phase.name == name and phase.measured > 1}


def test_every_method_of_quick_computes_as_fast_as_the_others_by_the_model(quick):
    by_row = rates(quick, "unlearning")
    assert len(by_row) > 10
    usual = median(by_row.values())
    assert {row: rate / usual for row, rate in by_row.items() if not 0.8 < rate / usual < 1.2} == {}


def test_phases_stand_in_the_measured_proportion(quick):
    usual = median(rates(quick, "unlearning").values())
    assert median(rates(quick, "attacks").values()) == pytest.approx(usual, rel=0.2)
    assert median(rates(quick, "scoring").values()) == pytest.approx(usual, rel=0.3)


def test_training_counts_by_hand():
    made = training(FORGET, epochs=2, batch_size=4, passes=1, backward=3)
    # 10 rows x 2 epochs x 3 forward passes' worth, 10 tokens each of which 4 are answers; 2.5 steps an epoch
    assert (made.trained, made.trained_heads, made.optimizer_steps) == (600, 240, 5)
    sizes = Sizes(1, 3, 5, trunk=7, parameters=22, key_values=0, kept=0, kept_block=0)
    assert made.flops(sizes) == {"trained": 2 * (7 * 600 + 15 * 240), "read": 0, "decoded": 0}
    assert (made + made).times(0.5) == made


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grad_ascent", (1, 0, 0)),
        ("npo+kl", (2, 1, 0)),  # forget and retain rows, and the reference's retain rows
        ("dpo", (2, 1, 0)),  # the forget answer and the refusal, and the reference's refusal
        ("dpo+kl", (3, 2, 0)),
        ("task_vector", (0, 0, 0)),
        ("pmc", (2, 0, 20)),  # the best of twenty samples, and retain rows
    ],
)
def test_passes_are_split_as_methods_make_them(name, expected):
    assert passes(load_method(name)) == expected


def test_teachers_are_read_once_whatever_the_epochs():
    preset = load_preset("quick", [])
    few, many = (preset.training.model_copy(update={"epochs": epochs}) for epochs in (1, 9))
    method = load_method("rkld")
    assert unlearning(method, few, FORGET).read == unlearning(method, many, FORGET).read == 2 * 10 * 10
    assert unlearning(method, many, FORGET).trained == 9 * unlearning(method, few, FORGET).trained


def test_published_models_cost_no_training_and_a_sweep_its_trials():
    preset = load_preset("tofu-llama-3.2-1b", [], methods=["npo", "rkld"])
    texts = texts_of(preset)
    trained = [task.label for task in board_tasks(preset, texts, 16) if "training" in task.phases]
    assert trained == ["reinforced forget10", "reinforced forget05", "reinforced forget01"]
    assert [task.label for task in sweep_tasks(preset, texts)] == ["trials of npo", "trials of rkld"]
    once = unlearning(load_method("npo"), preset.training, texts.forget["forget10"])
    assert sweep_tasks(preset, texts)[0].phases["trials"].trained == pytest.approx(7 * once.trained)
    assert Work() == Work().times(3)
