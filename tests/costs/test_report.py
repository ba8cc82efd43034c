"""Memory by hand, what fits, what is suggested, and what ``run --dry-run`` says of it."""

import pytest

from benchmark.common.errors import UserError
from benchmark.config.launch import Launch
from benchmark.config.load import load_preset
from benchmark.config.recipe import LoRA
from benchmark.costs import report
from benchmark.costs.advice import advice
from benchmark.costs.known import preset_sizes
from benchmark.costs.memory import RUNTIME, Memory, cached_bytes, task_memory
from benchmark.costs.rates import GPUS, cpu_rates, gpu_seconds, measured_sizes
from benchmark.costs.sizes import Sizes
from benchmark.costs.tasks import Task, board_tasks
from benchmark.costs.texts import Rows, texts_of
from benchmark.costs.work import Work
from methods import load_method

FORGET = Rows(rows=10, prompt=6.0, answer=4.0, answers=30.0)
SIZES = Sizes(2, hidden=8, vocabulary=1000, trunk=100, parameters=1000, key_values=4, kept=50.0, kept_block=20.0)


def memory(method, changes=(), **update):
    preset = load_preset("quick", list(changes))
    recipe = preset.training.model_copy(update=update)
    task = Task("row", {}, load_method(method), recipe)
    return task_memory(task, preset, SIZES, texts_of(preset), on_gpu=True)


def test_adamw_holds_two_moments_and_the_frozen_models_lie_beside():
    plain, distilled = memory("npo"), memory("rkld")
    assert (plain.weights, plain.gradients, plain.optimiser, plain.frozen) == (4000, 4000, 8000, 4000)
    assert distilled.frozen == 8000  # the reference and the reinforced model
    assert memory("npo+rt").activations == 2 * plain.activations  # both terms' graphs until the backward pass
    assert memory("task_vector").optimiser == 0


def test_checkpointing_and_small_batches_keep_less_and_adapters_train_less():
    plain = memory("npo")
    assert memory("npo", micro_batch_size=1).activations == pytest.approx(plain.activations / 16)
    assert memory("npo", gradient_checkpointing=True).activations != plain.activations
    lora = memory("npo", lora=LoRA(rank=1))
    assert lora.optimiser == 2 * lora.gradients and lora.weights == 4000 + lora.gradients


def test_cached_teachers_are_told_from_what_prepare_gives():
    assert cached_bytes(load_method("rkld"), SIZES, FORGET) == 10 * 4 * 1000 * 4  # a distribution at every answer token
    assert cached_bytes(load_method("npo"), SIZES, FORGET) == 10 * 4  # a number a row
    assert cached_bytes(load_method("grad_ascent"), SIZES, FORGET) == 0


def test_the_peak_is_training_or_scoring_and_a_gpu_puts_its_cache_aside():
    known = Memory(weights=1, gradients=2, optimiser=3, activations=4, frozen=5, cached=6, scoring=7, runtime=8)
    assert known.total(on_gpu=False) == 8 + 1 + 5 + 15
    assert known.total(on_gpu=True) == 8 + 1 + 5 + 9
    assert Memory(weights=1, gradients=2, scoring=70).total(on_gpu=True) == RUNTIME + 71


def test_advice_takes_the_least_change_that_fits():
    preset = load_preset("quick", [])

    def peak(other):
        training = other.training
        return (
            100
            - 30 * (training.micro_batch_size == 1)
            - 40 * training.gradient_checkpointing
            - 25 * bool(training.lora)
        )

    texts = [advice(preset, room, peak) for room in (75, 65, 35, 10, 1)]
    assert texts[0] == "training.micro_batch_size=1"
    assert texts[1] == "training.gradient_checkpointing=true"
    assert texts[2] == "training.micro_batch_size=1 and training.gradient_checkpointing=true"
    assert "adapters with gradient_checkpointing" in texts[3]
    expected = "launch.shards=100" if "shards" in Launch.model_fields else "a smaller model"
    assert expected in texts[4]


def test_llama_2_7b_needs_the_gpu_that_its_preset_names():
    preset = load_preset("tofu-llama-2-7b", [], methods=["npo"])
    sizes, texts = preset_sizes(preset), texts_of(preset)
    _, largest = report.largest(preset, sizes, texts, board_tasks(preset, texts, sizes.layers), on_gpu=True)
    assert largest.weights + largest.gradients + largest.optimiser == pytest.approx(
        54e9, rel=0.01
    )  # as the preset says
    assert largest.total(True) > GPUS[0].gigabytes and largest.total(True) < GPUS[2].gigabytes


def test_a_gpu_computes_at_its_share_of_the_peak():
    made = Work(trained=1e9)
    gpu = GPUS[1]
    assert gpu_seconds(made, SIZES, gpu, True, 2) == pytest.approx(2 * 100 * 1e9 / (0.3 * gpu.narrow))
    waiting = Work(decoding_steps=1e6)  # decoding waits for the weights
    assert gpu_seconds(waiting, SIZES, gpu, True, 2) == pytest.approx(1e6 * 2000 / (0.5 * gpu.bandwidth))


def test_rates_are_measured_and_large_models_are_cut(monkeypatch):
    monkeypatch.setattr("benchmark.costs.rates.SECONDS", 0.0)
    preset = load_preset("quick", [])
    sizes = preset_sizes(preset)
    assert measured_sizes(preset, sizes) == preset.model.tiny
    assert min(cpu_rates(preset, sizes, texts_of(preset)).values()) > 1e6
    large = load_preset("tofu-llama-2-7b", [])
    cut = measured_sizes(large, preset_sizes(large))
    assert (cut.hidden, cut.mlp, cut.layers) == (512, 1376, 1)  # 11008 / 4096 x 512


def test_dry_run_tells_memory_hours_and_what_fits(monkeypatch):
    monkeypatch.setattr(
        "benchmark.costs.report.cpu_rates", lambda *_: dict.fromkeys(("trained", "read", "decoded"), 1e9)
    )
    text = report.costs(load_preset("smollm2-tofu", ["launch.device=cpu"], methods=["rkld", "npo"]), tune=True)
    for part in (
        "134,515,008 parameters",
        "told from TOFU's size",
        "141 GB",
        "fits",
        "trials",
        "cached",
        "assumptions",
    ):
        assert part in text, part


def test_unknown_sizes_are_a_line_and_no_failure(monkeypatch):
    def nowhere(preset):
        raise UserError("the sizes of 'a/b' are unknown here")

    monkeypatch.setattr(report, "preset_sizes", nowhere)
    assert report.costs(load_preset("quick", [])) == "costs       unknown: the sizes of 'a/b' are unknown here"
