"""Greedy and sampled answers, many at a time.

As many prompts share a batch (padded on the left) as there is room for their keys and values, since a batch takes as
many steps as its longest answer; rows that have reached EOS are evicted. The beginning of a greedy answer that a
teacher-forced pass has already shown (benchmark/evaluation/known_prefix.py) is read with the prompt, not decoded. In
float32 the texts equal one-by-one generation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.models.batching import in_batches
from benchmark.models.cuda_graphs import SlotDecoding, decode_by_replay, steps_replay_exactly
from benchmark.models.decoding import Choose, Decoding, Prefilled, cache_bytes, decode
from benchmark.models.lm_head import Head, direct_head, most_likely
from benchmark.models.ranks import everyones, in_group

CACHE_BYTES = 2**30  # keys and values of a batch on a CPU
CACHE_SHARES = {"total": 0.25, "free": 0.5}  # the same on a GPU, as shares of its memory: several runs may share it
READ_AT_ONCE = {"cpu": 2**15, "cuda": 2**16}  # padded tokens of a batch's prompts
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
        beginnings: what each answer is known to begin with, possibly up to its EOS; None: nothing is known.
        batch_size: most rows at a time; None: as many as there is room for.
        on_progress: called with the number of prompts just finished.

    Returns:
        For each prompt, in the given order, at most ``max_new_tokens`` token ids; fewer where the context ends.
    """

    def greedy(logits: Tensor, numbers: Tensor, places: Tensor) -> Tensor:
        return most_likely(logits)

    ends, known = set(eos_ids), [[] for _ in prompts] if beginnings is None else beginnings
    answers = [_until(begun[:max_new_tokens], ends) for begun in known]
    unfinished = [i for i, answer in enumerate(answers) if len(answer) == len(known[i]) < max_new_tokens]
    if on_progress and len(unfinished) < len(prompts):
        on_progress(len(prompts) - len(unfinished))
    rows = [Prefilled(prompts[i], answers[i]) for i in unfinished]
    generated = _generate(model, rows, greedy, eos_ids, pad_id, max_new_tokens, device, batch_size, on_progress)
    for i, answer in zip(unfinished, generated, strict=True):
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
    top_k: int | None = None,
    top_p: float | None = None,
    device: str = "cpu",
    batch_size: int | None = None,
) -> list[list[int]]:
    """A sampled continuation of every prompt, without its EOS.

    Args:
        uniforms: [prompts, longest answer] numbers in [0, 1): one a token, so that a prompt's answer depends
            on its own row alone, not on the batch.
        temperature: the logits are divided by it; above 0.
        top_k: only so many of the likeliest tokens are drawn, at each step (and what is as likely as the last of them).
        top_p: only the likeliest tokens are drawn, as few as have this probability in all, at this temperature and
            among the ``top_k``; above 0.
    """
    draws = torch.tensor(np.ascontiguousarray(uniforms), dtype=torch.float64, device=device)

    def sample(logits: Tensor, numbers: Tensor, places: Tensor) -> Tensor:
        scaled = logits.double() / temperature  # [R, V]
        if top_k is not None:
            least = scaled.topk(min(top_k, scaled.shape[-1])).values[:, -1:]
            scaled = scaled.masked_fill(scaled < least, -torch.inf)
        if top_p is not None:
            scaled = scaled.masked_fill(_unlikely(scaled.softmax(-1), top_p), -torch.inf)
        reached = scaled.softmax(-1).cumsum(-1)  # [R, V]
        if top_k is not None or top_p is not None:
            reached = reached / reached[:, -1:]  # so that no draw comes to lie past the last token that may be drawn
        token = torch.searchsorted(reached, draws[numbers, places, None], right=True)[:, 0]
        return token.clamp(max=logits.shape[-1] - 1)  # the last sum may end just below 1

    longest = uniforms.shape[1]
    rows = [Prefilled(prompt, ()) for prompt in prompts]
    return _generate(model, rows, sample, eos_ids, pad_id, longest, device, batch_size, None)


def _unlikely(p: Tensor, top_p: float) -> Tensor:
    """[R, V] bool: which tokens are not needed for the likeliest to have ``top_p`` in all; the likeliest never is."""
    ordered, tokens = p.sort(-1, descending=True)
    before = ordered.cumsum(-1) - ordered  # of all that are likelier
    unneeded = before >= top_p
    unneeded[:, 0] = False
    return torch.zeros_like(unneeded).scatter(-1, tokens, unneeded)


def rows_with_room(model: nn.Module, length: int, device: str) -> int:
    """How many rows' keys and values, of ``length`` tokens each, may be in memory at a time; at least 1."""
    room = CACHE_BYTES
    if device != "cpu":
        free, total = torch.cuda.mem_get_info(device)
        free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        room = int(min(CACHE_SHARES["total"] * total, CACHE_SHARES["free"] * free))
    return min(everyones(max(1, room // max(1, cache_bytes(model) * length))))


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
    replays = device != "cpu" and REPLAY and not in_group() and steps_replay_exactly(model, device, head)
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
        batch = _generate_batch(model, given, pick, stops, pad_id, max_new_tokens, device, head, replays)
        for i, answer in zip(numbers, batch, strict=True):
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
    given = model, rows, choose, stops, pad_id, max_new_tokens, device, head
    decoding = SlotDecoding(*given) if replays else Decoding(*given)
    decoding.step()
    if isinstance(decoding, SlotDecoding):
        decode_by_replay(decoding)
    decode(decoding)
    ends = set(stops.tolist())
    tails = zip(rows, decoding.out.tolist(), strict=True)
    return [[*row.known, *_until(tail[len(row.known) :], ends)] for row, tail in tails]


def _until(tokens: Sequence[int], ends: set[int]) -> list[int]:
    """The tokens before the first of ``ends``."""
    end = next((i for i, token in enumerate(tokens) if token in ends), len(tokens))
    return list(tokens[:end])
