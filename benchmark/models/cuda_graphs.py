"""Decoding steps on a GPU as CUDA graphs.

A step of a small model is hundreds of short kernels: launched one by one they leave the GPU waiting for the CPU. A
graph launches them all at once, but needs the same shapes and addresses at each step: keys and values go to
transformers' StaticCache, which has a slot for each token to come, and everything else is changed in place. When
finished rows are evicted, a new graph is captured.

``generate(cache_implementation="static")`` is not used: it asks at each step whether all rows have finished, keeps
finished rows to the end, and has torch compile the model, anew where the number of rows changes. That takes half a
minute even for a tiny model, and gives logits that differ in rounding. A captured graph replays torch's own kernels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.models.decoding import POLL_EVERY, Decoding, Prefilled
from benchmark.models.lm_head import Head

# These three are estimates from what a step launches and a capture does; none was measured.
SHORTEST = 8  # steps at least that are worth a graph
RECAPTURE_FROM = 0.5  # share of finished rows that is worth a new graph without them (a capture costs several steps)
FEW = 64  # rows: a batch of so few keeps its graph, since steps of still fewer rows take as long
ALIGNED = 16  # slots are a multiple of it, which fast attention demands of a mask

_capturing_works = True  # a failed capture may leave torch's allocators in disorder: this process tries no other


class SlotDecoding(Decoding):
    """A batch whose tensors keep their addresses from the first step on until rows are evicted.

    Raises:
        ValueError: the model keeps other things than the keys and values of all tokens (state-space models, sliding
            windows, models with a cache of their own).
    """

    def __init__(self, model: nn.Module, *args: Any):
        from transformers import StaticCache
        from transformers.cache_utils import StaticLayer

        super().__init__(model, *args)
        self.slots = -(-(self.mask.shape[1] + self.left) // ALIGNED) * ALIGNED
        if hasattr(model, "new_cache"):
            raise ValueError("the model has a cache of its own")
        self.cache = StaticCache(config=model.config, max_cache_len=self.slots)
        if any(type(layer) is not StaticLayer for layer in self.cache.layers):
            raise ValueError("the model's cache holds more than keys and values of all tokens")
        # StaticCache can only reorder its rows, which leaves out those that are not named.
        self.cache.batch_select_indices = self.cache.reorder_cache

    def make_room(self) -> None:
        """Let the mask show all slots: attention is causal, so that those of later tokens stay out of reach."""
        if self.mask.shape[1] < self.slots:
            self.mask = nn.functional.pad(self.mask, (0, self.slots - self.mask.shape[1]), value=1)


@cache
def _stream(device: int) -> torch.cuda.Stream:
    """One for all captures on a device: libraries keep workspaces for each stream that they have seen."""
    return torch.cuda.Stream(device)


def warm_up(step: Callable[[], None]) -> None:
    """Do a step on the stream of captures: libraries set themselves up in it, which must not be captured."""
    current, stream = torch.cuda.current_stream(), _stream(torch.cuda.current_device())
    stream.wait_stream(current)
    with torch.cuda.stream(stream):
        step()
    current.wait_stream(stream)


def capture(step: Callable[[], None]) -> Callable[[], None]:
    """What does the step when it is called; capturing does not do it yet."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.stream(torch.cuda.current_stream()):  # comes back to it also where a failed capture does not
        with torch.cuda.graph(graph, stream=_stream(torch.cuda.current_device()), capture_error_mode="thread_local"):
            step()
    return graph.replay


def decode_by_replay(decoding: SlotDecoding) -> None:
    """Steps until all rows are done, few steps remain or a step could not be captured; ``decode`` makes the others."""
    while decoding.left >= SHORTEST and _capturing_works and (finished := decoding.finished()) < 1:
        if finished:
            decoding.evict()
        _replay(decoding)


def _replay(decoding: SlotDecoding) -> None:
    """Steps with one graph."""
    global _capturing_works
    warm_up(decoding.step)
    try:
        replay = capture(decoding.advance)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        _capturing_works = False
        warnings.warn(f"decoding without CUDA graphs: {error}", stacklevel=2)
        return
    for number in range(1, decoding.left + 1):
        if number % POLL_EVERY["cuda"] == 0:
            finished = decoding.finished()
            if finished == 1 or (len(decoding.done) > FEW and finished >= RECAPTURE_FROM):
                return
        replay()
        decoding.left -= 1


@torch.inference_mode()
def steps_replay_exactly(model: nn.Module, device: str, head: Head | None) -> bool:
    """Whether the model decodes over slots as it does without them, and its steps wait for nothing then."""
    vocabulary, steps = model.config.vocab_size, 4
    script = torch.linspace(0, vocabulary - 1, 2 * steps, device=device).long().view(2, steps)
    rows = [Prefilled(script[0].tolist(), ()), Prefilled(script[1, :2].tolist(), ())]
    no_stop = torch.full((1,), -1, device=device)

    def logits(kind: type[Decoding]) -> Tensor:  # [2, steps, V] with the script's tokens chosen
        seen = torch.zeros(2, steps, vocabulary, device=device)

        def choose(logits: Tensor, row: Tensor, place: Tensor) -> Tensor:
            seen[row, place] = logits
            return script[row, place]

        decoding = kind(model, rows, choose, no_stop, 0, steps, device, head)
        decoding.step()
        with refusing_to_wait(device if kind is SlotDecoding else "cpu"):
            for _ in range(steps - 1):
                decoding.step()
        return seen

    try:
        plain, over_slots = logits(Decoding), logits(SlotDecoding)
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        return False
    narrow = next(model.parameters()).dtype != torch.float32
    return bool((over_slots - plain).norm() <= (0.05 if narrow else 1e-4) * plain.norm())


@contextmanager
def refusing_to_wait(device: str) -> Iterator[None]:
    """Inside, an operator that waits for the GPU is an error, as it is in a capture."""
    if torch.device(device).type != "cuda":
        yield
        return
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
