"""Greedy and sampled answers, many at a time.

As many prompts share a batch (padded on the left) as there is room for their keys and values, since a batch takes as
many steps as its longest answer; rows that have reached EOS leave it. What a teacher-forced pass has already shown
greedy decoding to begin with (benchmark/evaluation/known_prefix.py) is read with the prompt, not decoded. In float32 the texts
equal one-by-one generation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.models.batching import in_batches
from benchmark.models.cuda_graphs import decode_by_replay, steps_replay_exactly
from benchmark.models.decoding import Choose, Decoding, Prefilled, cache_bytes, decode
from benchmark.models.lm_head import Head, direct_head, most_likely

CACHE_BYTES = 2**30  # keys and values of a batch on a CPU; on a GPU it is a share of its memory
READ_AT_ONCE = {"cpu": 2**15, "cuda": 2**16}  # padded tokens of a batch's prompts
CACHE_SHARES = {"total": 0.25, "free": 0.5}  # of a GPU's memory: at most; several runs may share it
REPLAY = True  # on a GPU: decoding steps as CUDA graphs (benchmark/models/cuda_graphs.py)


def generate_greedy(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    *,
    eos_ids: Collection[int],
    pad_id: int,
    max_new_tokens: int,
    beginnings: Sequence[Sequence[int]] | None = None,
    device: str = "cpu",
    batch_size: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> list[list[int]]:
    """The most likely continuation of every prompt, token by token, without its EOS.

    Args:
        prompts: token ids, each of at least one token.
        eos_ids: any of these ends an answer.
        beginnings: what each answer is known to begin with, possibly up to its EOS; None: of none anything.
        batch_size: rows at a time at most; None: as many as there is room for.
        on_progress: called with the number of prompts just finished.

    Returns:
        For each prompt, in the given order, at most ``max_new_tokens`` token ids; fewer where the context ends.
    """

    def greedy(logits: Tensor, numbers: Tensor, places: Tensor) -> Tensor:
        return most_likely(logits)

    ends, known = set(eos_ids), [[] for _ in prompts] if beginnings is None else beginnings
    answers = [_until(begun[:max_new_tokens], ends) for begun in known]
    open_ = [i for i, a in enumerate(answers) if len(a) == len(known[i]) < max_new_tokens]
    if on_progress and len(open_) < len(prompts):
        on_progress(len(prompts) - len(open_))
    rows = [Prefilled(prompts[i], answers[i]) for i in open_]
    found = _generate(model, rows, greedy, eos_ids, pad_id, max_new_tokens, device, batch_size, on_progress)
    for i, answer in zip(open_, found, strict=True):
        answers[i] = answer
    return answers


def generate_sampled(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    uniforms: np.ndarray,
    *,
    temperature: float,
    eos_ids: Collection[int],
    pad_id: int,
    device: str = "cpu",
    batch_size: int | None = None,
) -> list[list[int]]:
    """A sampled continuation of every prompt, without its EOS.

    Args:
        uniforms: [prompts, longest answer] numbers in [0, 1): one a token, so that a prompt's answer depends
            on its own row alone, not on the batch.
        temperature: the logits are divided by it; above 0.
    """
    draws = torch.tensor(np.ascontiguousarray(uniforms), dtype=torch.float64, device=device)

    def sample(logits: Tensor, numbers: Tensor, places: Tensor) -> Tensor:
        reached = (logits.double() / temperature).softmax(-1).cumsum(-1)  # [R, V]
        token = torch.searchsorted(reached, draws[numbers, places, None], right=True)[:, 0]
        return token.clamp(max=logits.shape[-1] - 1)  # the last sum may end just below 1

    longest = uniforms.shape[1]
    rows = [Prefilled(prompt, ()) for prompt in prompts]
    return _generate(model, rows, sample, eos_ids, pad_id, longest, device, batch_size, None)


def rows_with_room(model: nn.Module, length: int, device: str) -> int:
    """How many rows' keys and values, of ``length`` tokens each, may be in memory at a time; at least 1."""
    room = CACHE_BYTES
    if device != "cpu":
        free, every = torch.cuda.mem_get_info(device)
        free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        room = int(min(CACHE_SHARES["total"] * every, CACHE_SHARES["free"] * free))
    return max(1, room // max(1, cache_bytes(model) * length))


@torch.inference_mode()
def _generate(
    model: nn.Module,
    rows: Sequence[Prefilled],
    choose: Choose,
    eos_ids: Collection[int],
    pad_id: int,
    max_new_tokens: int,
    device: str,
    batch_size: int | None,
    on_progress: Callable[[int], None] | None,
) -> list[list[int]]:
    # Sorted from long to short: the first one's length is the batch's width, and memory peaks at once.
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids), reverse=True)
    answers: list[list[int]] = [[] for _ in rows]
    if not rows:
        return answers
    stops = torch.tensor(sorted(eos_ids), device=device)
    head = direct_head(model)
    replays = device != "cpu" and REPLAY and steps_replay_exactly(model, device, head)
    longest = len(rows[order[0]].ids)
    budget = min(
        batch_size or len(rows),
        max(1, READ_AT_ONCE[torch.device(device).type] // longest),
        rows_with_room(model, longest + max_new_tokens, device),
    )

    def run(start: int, stop: int) -> None:
        numbers = order[start:stop]
        among = torch.tensor(numbers, device=device)

        def pick(logits: Tensor, alive: Tensor, places: Tensor) -> Tensor:
            return choose(logits, among[alive], places)

        given = [rows[i] for i in numbers]
        found = _generate_batch(model, given, pick, stops, pad_id, max_new_tokens, device, head, replays)
        for i, answer in zip(numbers, found, strict=True):
            answers[i] = answer
        if on_progress:
            on_progress(len(numbers))

    in_batches(len(order), run, budget, lambda start, budget: budget)
    return answers


def _generate_batch(
    model: nn.Module,
    rows: Sequence[Prefilled],
    choose: Choose,
    stops: Tensor,
    pad_id: int,
    max_new_tokens: int,
    device: str,
    head: Head | None,
    replays: bool,
) -> list[list[int]]:
    decoding = Decoding(model, rows, choose, stops, pad_id, max_new_tokens, device, head)
    decoding.step()
    if replays:
        decode_by_replay(decoding)
    decode(decoding)
    ends = set(stops.tolist())
    tails = zip(rows, decoding.out.tolist(), strict=True)
    return [[*row.known, *_until(tail[len(row.known) :], ends)] for row, tail in tails]


def _until(tokens: Sequence[int], ends: set[int]) -> list[int]:
    """The tokens before the first of ``ends``."""
    end = next((i for i, token in enumerate(tokens) if token in ends), len(tokens))
    return list(tokens[:end])
