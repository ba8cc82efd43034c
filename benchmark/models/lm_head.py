"""What evaluation reads from the vocabulary: the head in chunks that stay in cache, and one pass over each chunk.

With 49k tokens the product with the output head is most of a small model's evaluation, and passes over logits in
main memory cost as much again. So the head is applied to a few dozen positions at a time (a whole batch's logits
never exist), and everything that is read from a chunk is read while the chunk is still in cache. Mean and standard
deviation of the log-probabilities cost more than all the rest, so they are taken only where they are wanted.

Memory: beside the weights, scoring holds one batch's hidden states and attention mask (``teacher_forcing.MAX_TOKENS``
positions), a core's chunk of logits with its copies, about 2 x CHUNK_BYTES + 3 x PASS_BYTES, and all answers' token
ids and scores; no copy of the head. The rule: scoring as a whole needs at most 1.3 times the memory of the weights and
its largest batch. ``python -m benchmark.speed`` reports the ratio: 1.12 with 6,868 answers to TOFU (a Llama of 2
layers x 128, 49,152 tokens, two threads), where the weights are small enough for the rest to count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from benchmark.models.batching import to_device
from benchmark.models.forward import hidden_states, projecting
from benchmark.models.ranks import in_group

CHUNK_BYTES = {"cpu": 12 * 2**20, "cuda": 2**28}  # logits at a time, on each core
PASS_BYTES = {"cpu": 2 * 2**20, "cuda": 2**28}  # logits at a time where several passes read them (mean and std)
BLOCKS = (64, 512)  # smallest and largest block of the argmax
NEVER = -1e4  # stands for -inf, since 0 * -inf would be NaN; its exp is 0 in float32

Head = Callable[[Tensor], Tensor]
T = TypeVar("T")


@dataclass(frozen=True)
class TokenQueries:
    """What to read from one forward pass: M tokens' log-probabilities at N positions."""

    row: Tensor  # [N] int64
    column: Tensor  # [N] int64
    source: Tensor  # [M] int64, ascending: which of the N positions each token is read at
    targets: Tensor  # [M] int64 token ids
    with_mean_std: Tensor  # [N] bool: where mean and standard deviation are wanted too

    def mean_std_first(self) -> tuple[TokenQueries, Tensor]:
        """The same queries, those positions first where mean and std are wanted, and where each token has gone [M]."""
        order = torch.argsort(self.with_mean_std.int(), descending=True, stable=True)  # [N]
        source, tokens = order.argsort()[self.source].sort(stable=True)
        positions = self.row[order], self.column[order]
        return TokenQueries(*positions, source, self.targets[tokens], self.with_mean_std[order]), tokens.argsort()

    def to(self, device: torch.device | str) -> TokenQueries:
        return TokenQueries(*(to_device(getattr(self, name), device) for name in self.__dataclass_fields__))


@torch.inference_mode()
def direct_head(model: nn.Module) -> Head | None:
    """The output head as a function [R, D] -> [R, V]; None where the model does more than that to make its logits.

    One forward pass of a few tokens tells: capped or scaled logits differ from the bare head's. A sharded model's head
    has its weights in the model's own forward pass alone.
    """
    head = getattr(model, "get_output_embeddings", lambda: None)()
    if head is None or in_group():
        return None
    device = next(model.parameters()).device
    # Not the padding token alone: its logits may be 0.
    ids = torch.linspace(0, model.config.vocab_size - 1, 8, device=device).long()
    last = torch.full((1,), len(ids) - 1, device=device)
    seen, logits = hidden_states(model, {"input_ids": ids[None], "use_cache": False}, torch.zeros_like(last), last)
    if not logits.any() or not torch.equal(head(seen[None]), logits):
        return None
    return head


def rows_within(budget: dict[str, int], width: int, device: torch.device) -> int:
    """Rows of ``width`` float32 that the device's budget of bytes holds."""
    return max(1, budget["cpu" if device.type == "cpu" else "cuda"] // (4 * width))


def logits_chunks(
    model: nn.Module, inputs: dict[str, Any], row: Tensor, column: Tensor, head: Head | None
) -> Iterator[Tensor]:
    """float32 logits [R, V] at positions (row, column), each [N], chunk after chunk; ``head`` as in ``read_tokens``."""
    if head is None:
        yield _all_logits(model, inputs, row, column).float()
        return
    states, _ = hidden_states(model, inputs, row, column)
    for part in states.split(rows_within(CHUNK_BYTES, model.config.vocab_size, states.device)):
        yield head(part).float()


def _all_logits(model: nn.Module, inputs: dict[str, Any], row: Tensor, column: Tensor) -> Tensor:
    with projecting(model, row, column) as arranged:
        logits = model(**inputs).logits
    return logits[0] if arranged else logits[row, column]


@torch.inference_mode()
def read_tokens(model: nn.Module, inputs: dict[str, Any], queries: TokenQueries, head: Head | None) -> Tensor:
    """[4, M] float32 for each token: log p, mean and standard deviation of log p at its position, 1 if most likely.

    Mean and standard deviation are NaN where the queries do not want them.

    Args:
        head: as ``direct_head`` gives it; with None the model makes all N x V logits itself.
    """
    device, width = next(model.parameters()).device, model.config.vocab_size
    queries, place = queries.mean_std_first()  # so that at most one pass takes them for positions that do not want them
    with_mean_std = int(queries.with_mean_std.sum())
    counts = torch.bincount(queries.source, minlength=len(queries.row))
    ends = [0, *counts.cumsum(0).tolist()]  # tokens before each position
    queries = queries.to(device)
    if head is not None:
        states, _ = hidden_states(model, inputs, queries.row, queries.column)
    else:
        states = _all_logits(model, inputs, queries.row, queries.column)
    rows, passed = rows_within(CHUNK_BYTES, width, device), rows_within(PASS_BYTES, width, device)

    # Made before the chunks: a small tensor that is made between large ones would split the memory that a chunk gives
    # back, and the next chunk would not fit into it.
    results = torch.empty(4, len(queries.source), device=device)

    def read_chunk(first: int) -> None:
        with torch.inference_mode():  # threads do not inherit it
            chunk = states[first : first + rows]
            for logits in (chunk if head is None else head(chunk)).split(passed):
                tokens = slice(ends[first], ends[first + len(logits)])
                read = _pass if first < with_mean_std else _pass_without_mean_std
                results[:, tokens] = read(logits.float(), queries.source[tokens] - first, queries.targets[tokens])
                first += len(logits)

    map_on_cores(read_chunk, range(0, len(states), rows), device)
    results[1:3].masked_fill_(~queries.with_mean_std[queries.source], float("nan"))
    return results[:, to_device(place, device)]


def map_on_cores(call: Callable[[int], T], items: Sequence[int], device: torch.device) -> list[T]:
    """``call(item)`` for each item, in their order; on a CPU each core takes items of its own.

    Torch's threads would share each operation and wait for one another after it, dozens of times a chunk. This way a
    core keeps its chunk in its own cache, and a busy machine does not hold up all threads at each operation.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or len(items) < 2 * threads:
        return [call(item) for item in items]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(call, items))
    finally:
        torch.set_num_threads(threads)


def _pass(logits: Tensor, source: Tensor, targets: Tensor) -> Tensor:
    """[4, M] for logits [R, V], which are overwritten."""
    best = most_likely(logits)[:, None]
    p = torch.softmax(logits, -1)
    below = logits.sub_(logits.gather(1, best))  # at most 0: nothing cancels in the sums
    log_total = -p.gather(1, best).log()[:, 0]
    gold = below[source, targets] - log_total[source]
    below.clamp_(min=NEVER)
    mean = torch.linalg.vecdot(p, below)
    variance = torch.linalg.vecdot(p, below.sub_(mean[:, None]).square_())
    return torch.stack(
        [gold, (mean - log_total)[source], variance.sqrt()[source], (best[source, 0] == targets).float()]
    )


def _pass_without_mean_std(logits: Tensor, source: Tensor, targets: Tensor) -> Tensor:
    """[4, M] for logits [R, V], mean and standard deviation left at 0."""
    best = most_likely(logits)[source]
    gold = torch.log_softmax(logits, -1)[source, targets]  # subtracts the largest first: nothing cancels here either
    none = torch.zeros_like(gold)
    return torch.stack([gold, none, none, (best == targets).float()])


def most_likely(logits: Tensor) -> Tensor:
    """[R] ``logits.argmax(-1)``, the first of equals; block by block, which on a CPU is ten times faster."""
    rows, width = logits.shape
    size = math.gcd(width, BLOCKS[1])
    if logits.device.type != "cpu" or size < BLOCKS[0] or width < BLOCKS[0] ** 2:
        return logits.argmax(-1)
    blocks = logits.unflatten(1, (-1, size))  # [R, V / size, size]
    block = blocks.amax(-1).argmax(-1)
    return block * size + blocks[torch.arange(rows), block].argmax(-1)
