"""FLOP/s of a device. A CPU's are measured here and now, a GPU's are assumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn

from benchmark.common.devices import torch_threads
from benchmark.config.schema import Preset, TinyLlama
from benchmark.costs.sizes import Sizes
from benchmark.costs.texts import Rows, Texts
from benchmark.costs.work import KINDS, Work, forced, training
from benchmark.models import tiny
from benchmark.models.decoding import new_cache
from benchmark.models.forward import Tokens, answer_logits, collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import nll

SECONDS = 0.2  # that each kind of work is measured for
BUDGET = 8e9  # FLOPs of a measured call at most: a few tenths of a second on one core
CAP = TinyLlama(
    layers=1, hidden=512, heads=8, key_value_heads=8, mlp=1408, vocabulary=1024
)  # the largest model that is run
ROWS = {"trained": 32, "read": 32, "decoded": 128}  # of a measured batch at most
Call = Callable[[], object]


@dataclass(frozen=True)
class Gpu:
    """A GPU by its data sheet: dense peaks, FLOP/s, and its memory's size and bytes/s."""

    name: str
    gigabytes: float
    narrow: float  # bfloat16
    wide: float  # float32
    bandwidth: float


GPUS = (
    Gpu("24 GB (RTX 4090)", 24e9, 165e12, 82.6e12, 1.008e12),
    Gpu("80 GB (H100 SXM)", 80e9, 989e12, 66.9e12, 3.35e12),
    Gpu("141 GB (H200)", 141e9, 989e12, 66.9e12, 4.8e12),
)
UTILISATION = 0.3  # of the peak, in training and in reading: an assumption
BANDWIDTH_USED = 0.5  # of the memory's, in decoding and in the optimiser's step: an assumption
OPTIMIZER_READS = (
    7  # times that a step of AdamW moves a parameter's bytes: weight, gradient and two moments, read or written
)


def gpu_seconds(made: Work, sizes: Sizes, gpu: Gpu, narrow: bool, bytes_each: int) -> float:
    """Seconds of some work on a GPU, by its data sheet and the shares of it that are assumed.

    Args:
        bytes_each: of a stored parameter.
    """
    flops, peak = made.flops(sizes), gpu.narrow if narrow else gpu.wide
    stored, moved = sizes.parameters * bytes_each, gpu.bandwidth * BANDWIDTH_USED
    computed = (flops["trained"] + flops["read"]) / (peak * UTILISATION)
    decoded = max(flops["decoded"] / (peak * UTILISATION), made.decoding_steps * stored / moved)
    return computed + decoded + made.optimizer_steps * OPTIMIZER_READS * stored / moved


def cpu_rates(preset: Preset, sizes: Sizes, texts: Texts) -> dict[str, float]:
    """FLOP/s of one worker by kind of work, from a model of the preset's shapes, cut where they are large.

    Processor time of one thread is taken, so that what else runs on the machine counts little; several are counted as so many
    times as fast.
    """
    small, threads = measured_sizes(preset, sizes), preset.launch.threads or torch.get_num_threads()
    model = tiny.build(small, small.vocabulary, 0, preset.launch.matmul).to(getattr(torch, preset.dtype))
    heads = small.hidden * small.vocabulary
    trunk = sum(p.numel() for p in model.parameters() if p.ndim == 2) - heads
    shape = Sizes(small.layers, small.hidden, small.vocabulary, trunk, trunk + heads, 0, 0.0, 0.0)
    forget = texts.forget[max(preset.splits)]
    rows = Rows(1, *(float(round(count)) for count in (forget.prompt, forget.answer, forget.answers)))
    narrow = preset.training.precision == "bf16"
    works = {
        "trained": (training(rows, 1, 1), lambda count: training_step(model, rows, count, narrow)),
        "read": (forced(rows), lambda count: reading(model, rows, count)),
        "decoded": (Work(decoded=1), lambda count: decoding_step(model, rows, count)),
    }
    rates = {}
    with torch_threads(1):  # several threads' waiting for each other would count as work
        for kind, (one, call_of) in works.items():
            flops = sum(one.flops(shape).values())
            count = max(1, min(ROWS[kind], int(BUDGET // flops)))
            rates[kind] = threads * count * flops / seconds_of(call_of(count))
    return rates


def cpu_seconds(made: Work, sizes: Sizes, rates: dict[str, float]) -> float:
    """Seconds of one worker."""
    flops = made.flops(sizes)
    return sum(flops[kind] / rates[kind] for kind in KINDS)


def measured_sizes(preset: Preset, sizes: Sizes) -> TinyLlama:
    """The preset's own tiny Llama, or one of at most ``CAP`` in the model's proportions."""
    if preset.model.source == "tiny":
        return preset.model.tiny
    hidden = min(CAP.hidden, sizes.hidden // 16 * 16)
    mlp = max(
        8, round((sizes.trunk / sizes.layers / sizes.hidden**2 - 4) / 3 * hidden)
    )  # a Llama's layer of that trunk
    return CAP.model_copy(
        update={
            "hidden": hidden,
            "mlp": min(CAP.mlp, mlp),
            "vocabulary": min(CAP.vocabulary, sizes.vocabulary),
        }
    )


def training_step(model: nn.Module, rows: Rows, count: int, narrow: bool) -> Call:
    """Loss and gradient; the optimiser's step, a few percent on a CPU, is left out."""
    tokens = _batch(rows.prompt, rows.answer, count)

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=narrow):
            loss = nll(model, tokens)
        loss.backward()
        model.zero_grad(set_to_none=True)

    return step


def reading(model: nn.Module, rows: Rows, count: int) -> Call:
    """Answers read behind their questions, with what scoring asks of each token's distribution."""
    tokens = _batch(rows.prompt, rows.answers, count)

    @torch.inference_mode()
    def read() -> Tensor:
        log_p = answer_logits(model, tokens).log_softmax(-1)  # [N, V]
        mean = (log_p.exp() * log_p).sum(-1)
        return mean + (log_p.exp() * (log_p - mean[:, None]) ** 2).sum(-1) + log_p.argmax(-1)

    return read


def decoding_step(model: nn.Module, rows: Rows, count: int) -> Call:
    """One token more for each of so many answers."""
    cache = new_cache(model)
    ids = torch.ones((count, max(1, round(rows.prompt))), dtype=torch.long)
    with torch.inference_mode():
        model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)

    @torch.inference_mode()
    def step() -> Tensor:
        logits = model(input_ids=ids[:, :1], past_key_values=cache, use_cache=True).logits
        cache.crop(-1)
        return logits.softmax(-1).cumsum(-1).argmax(-1)

    return step


def seconds_of(call: Call) -> float:
    """Median processor seconds of a call; the first one warms up."""
    call()
    taken: list[float] = []
    end = time.perf_counter() + SECONDS
    while not taken or time.perf_counter() < end:
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return max(1e-9, median(taken))


def _batch(prompt: float, answer: float, count: int) -> Tokens:
    return collate([TokenizedExample([1] * round(prompt + answer), round(prompt))] * count, 0)
