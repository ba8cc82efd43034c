"""Decoding steps on a GPU as CUDA graphs.

A step of a small model is hundreds of short kernels: launched one by one they leave the GPU waiting for the CPU. A
graph launches them all at once, but needs the same shapes and addresses at every step: keys and values go to slots
set aside for a block of steps, and the mask opens slot after slot. Between blocks, finished rows leave.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache

import torch
from torch import Tensor, nn

from benchmark.models.decoding import POLL_EVERY, Decoding, Prefilled, new_cache
from benchmark.models.lm_head import Head

# These four are reckoned from what a step launches and a capture does, not measured.
BLOCK = 64  # steps of one graph at most
SHORTEST = 8  # steps that are worth a graph
RECAPTURE_FROM = 0.5  # of the rows finished: a new graph costs as much as several steps, so rows leave only then,
FEW = 64  # and not from batches of this size or less: their steps take no longer than smaller ones'
ALIGNED = 16  # slots are a multiple of it: fast attention asks this of a mask
STATE = ("ids", "position", "place", "done")  # of a Decoding: what a step replaces

_capturing_works = True  # a failed capture may leave torch's allocators in disorder: no other is tried in this process


class Slots:
    """A batch's state at fixed addresses, with slots for the keys and values of ``steps`` more tokens."""

    def __init__(self, decoding: Decoding, steps: int):
        from transformers.cache_utils import Cache

        self.decoding, self.taken = decoding, 0
        used = decoding.mask.shape[1] - 1  # the mask has the next token already
        width = -(-(used + steps) // ALIGNED) * ALIGNED
        self.at = torch.tensor([used], device=decoding.mask.device)  # the slot of the next token
        layers = []
        for old in decoding.cache.layers:
            layers.append(_layer(old.keys, old.values, width, self.at))
            # A view of the slots at once, so that no layer's keys and values but this one's are there twice.
            old.keys, old.values = layers[-1].keys[:, :, :used], layers[-1].values[:, :, :used]
        self.cache = Cache(layers=layers)
        dtype = layers[0].keys.dtype
        open_ = torch.zeros(len(decoding.mask), width, dtype=torch.bool, device=decoding.mask.device)
        open_[:, :used] = decoding.mask[:, :used].bool()
        closed = torch.zeros(open_.shape, dtype=dtype, device=open_.device).masked_fill_(~open_, torch.finfo(dtype).min)
        self.mask = closed[:, None, None]  # [R, 1, 1, slots], added to the attention's scores

    def step(self) -> None:
        """One step of the batch, in place."""
        before = {name: getattr(self.decoding, name) for name in STATE}
        self.mask.index_fill_(3, self.at, 0.0)
        try:
            self.decoding.advance(self.mask, self.cache)
            for name, place in before.items():
                place.copy_(getattr(self.decoding, name))
        finally:
            for name, place in before.items():
                setattr(self.decoding, name, place)
        self.at.add_(1)

    def give_back(self) -> None:
        """The batch goes on without slots, ``taken`` steps further."""
        decoding, used = self.decoding, self.decoding.mask.shape[1] - 1 + self.taken
        for old, layer in zip(decoding.cache.layers, self.cache.layers, strict=True):
            old.keys, old.values = layer.keys[:, :, :used], layer.values[:, :, :used]
        decoding.mask = torch.cat([decoding.mask, decoding.mask.new_ones(len(decoding.mask), self.taken)], 1)
        decoding.left -= self.taken


def _layer(keys: Tensor, values: Tensor, width: int, at: Tensor):
    """A cache's layer [R, H, width, D] that holds these keys and values and writes the next ones at slot ``at``."""
    from transformers.cache_utils import DynamicLayer

    class Layer(DynamicLayer):
        def update(self, key_states: Tensor, value_states: Tensor, *args, **kwargs) -> tuple[Tensor, Tensor]:
            self.keys.index_copy_(2, at, key_states)
            self.values.index_copy_(2, at, value_states)
            return self.keys, self.values

    layer = Layer()
    layer.dtype, layer.device, layer.is_initialized = keys.dtype, keys.device, True
    more = width - keys.shape[2]
    layer.keys, layer.values = (nn.functional.pad(part, (0, 0, 0, more)) for part in (keys, values))
    return layer


@cache
def _stream(device: int) -> torch.cuda.Stream:
    """One for all captures on a device: libraries keep workspaces for every stream that they have seen."""
    return torch.cuda.Stream(device)


def capture(step: Callable[[], None]) -> Callable[[], None]:
    """Do ``step`` once, and return what does it again."""
    current, stream = torch.cuda.current_stream(), _stream(torch.cuda.current_device())
    with torch.cuda.stream(current):  # comes back to it also where a failed capture does not
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            step()  # libraries set themselves up in a first step, which must not be captured
        current.wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            step()
    return graph.replay


def decode_by_replay(decoding: Decoding) -> None:
    """Steps until all rows are done. Where a step cannot be captured, the batch is left as far as it came."""
    while decoding.left >= SHORTEST and _capturing_works:
        finished = decoding.finished()
        if finished == 1:
            return
        if finished:
            decoding.evict()
        _block(decoding, min(BLOCK, decoding.left))


def _block(decoding: Decoding, steps: int) -> None:
    global _capturing_works
    slots = Slots(decoding, steps)
    try:
        replay = capture(slots.step)
        slots.taken = 1
        while slots.taken < steps:
            if slots.taken % POLL_EVERY["cuda"] == 0:
                finished = decoding.finished()
                if finished == 1 or (len(decoding.done) > FEW and finished >= RECAPTURE_FROM):
                    break
            replay()
            slots.taken += 1
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        slots.taken = int(slots.at) - (decoding.mask.shape[1] - 1)  # steps that were done
        _capturing_works = False
        warnings.warn(f"decoding without CUDA graphs: {error}", stacklevel=2)
    finally:
        slots.give_back()


@torch.inference_mode()
def steps_replay_exactly(model: nn.Module, device: str, head: Head | None) -> bool:
    """Whether the model decodes with slots as it does without, and waits for nothing then.

    An architecture whose cache or mask is of another kind (state-space models, sliding windows, models with a cache of
    their own) gives other logits for the same tokens, or an error.
    """
    from transformers.cache_utils import DynamicLayer

    if any(type(layer) is not DynamicLayer for layer in getattr(new_cache(model), "layers", [None])):
        return False
    vocabulary, steps = model.config.vocab_size, 4
    script = torch.linspace(0, vocabulary - 1, 2 * steps, device=device).long().view(2, steps)
    rows = [Prefilled(script[0].tolist(), ()), Prefilled(script[1, :2].tolist(), ())]
    none = torch.full((1,), -1, device=device)  # no token ends an answer
    found = []
    for with_slots in (False, True):
        seen = torch.zeros(2, steps, vocabulary, device=device)

        def choose(logits: Tensor, row: Tensor, place: Tensor, seen: Tensor = seen) -> Tensor:
            seen[row, place] = logits
            return script[row, place]

        decoding = Decoding(model, rows, choose, none, 0, steps, device, head)
        decoding.step()
        try:
            step = Slots(decoding, decoding.left).step if with_slots else decoding.step
            with _refusing_to_wait(device) if with_slots else nullcontext():
                for _ in range(steps - 1):
                    step()
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            return False
        found.append(seen)
    plain, slotted = found
    narrow = next(model.parameters()).dtype != torch.float32
    return bool((slotted - plain).norm() <= (0.05 if narrow else 1e-4) * plain.norm())


@contextmanager
def _refusing_to_wait(device: str) -> Iterator[None]:
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
