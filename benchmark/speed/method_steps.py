"""What a method's optimiser step costs beside a plain fine-tuning step: ``python -m benchmark.speed.method_steps rkld npo``.

Both compute loss and gradient on the same forget rows of the quick preset's model, in turns, and the median
of the paired ratios is printed. Frozen models are read before, as in a run; timings are never asserted.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.data import fictitious
from benchmark.models import tiny
from benchmark.models.tiny import perturbed
from benchmark.models.tokenization import PromptTokenizer
from benchmark.training.forget_batches import UnlearningRows
from methods import load_method
from methods.base import Models, nll

ROWS = 16  # a batch of the quick preset
PAIRS = 30


def cost(name: str) -> float:
    """Median over paired timings of the method's gradient step, in plain fine-tuning steps."""
    dataset = fictitious.load(authors=20)
    tokenizer = tiny.train_tokenizer(dataset, 2048)
    reference = tiny.build(tiny.TinyLlama(), len(tokenizer), tokenizer.eos_token_id).requires_grad_(False)
    models = Models(reference, perturbed(reference, 0.01, seed=1))
    student = perturbed(reference, 0.01, seed=2).requires_grad_(True)
    method = load_method(name)
    prompt_tokenizer = PromptTokenizer(tokenizer, "{question}\n")
    rows = UnlearningRows.build(
        prompt_tokenizer, dataset.splits["forget10"], dataset.refusals, method.required(), 0, "cpu"
    )
    rows.prepare(method, models)
    batch = rows.batch(list(range(ROWS)), 0, reference)
    ratios = []
    for _ in range(PAIRS):
        plain = timed(lambda: nll(student, batch.forget).backward())
        own = timed(lambda: method.gradient(student, lambda: iter([(batch, 1.0)]), Tensor.backward))
        ratios.append(own / plain)
        student.zero_grad(set_to_none=True)
    return statistics.median(ratios[5:])  # the first ones warm up


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    torch.set_num_threads(1)
    for method_name in sys.argv[1:] or ["rkld"]:
        print(f"{method_name:14} {cost(method_name):.2f} x a fine-tuning step on the same {ROWS} rows")
