"""Decoding steps on a GPU as CUDA graphs.

A step of a small model is hundreds of short kernels: launched one by one they leave the GPU waiting for the CPU. A
graph launches them all at once, but needs the same shapes and addresses at every step: keys and values go to slots
set aside for a block of steps, and the mask opens slot after slot. Between blocks, finished rows leave.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark.decoding import LOOK, Begun, Decoding
from benchmark.vocabulary import Head

BLOCK = 64  # steps of one graph at most
LEAVE = 2  # a new graph costs as much as several steps, so rows leave when one in so many has finished,
FEW = 64  # and not from batches of this size or less: their steps take no longer than smaller ones'
ALIGNED = 16  # slots are a multiple of it: fast attention asks this of a mask
STATE = ("ids", "position", "place", "done")  # of a Decoding: what a step replaces


class Slots:
    """A batch's state at fixed addresses, with slots for the keys and values of ``steps`` more tokens."""

    def __init__(self, decoding: Decoding, steps: int):
        from transformers.cache_utils import Cache

        self.decoding, self.taken = decoding, 0
        used = decoding.mask.shape[1] - 1  # the mask has the next token already
        width = -(-(used + steps) // ALIGNED) * ALIGNED
        self.at = torch.tensor([used], device=decoding.mask.device)  # the slot of the next token
        layers = [_layer(old.keys, old.values, width, self.at) for old in decoding.cache.layers]
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


def capture(step: Callable[[], None]) -> Callable[[], None]:
    """Do ``step`` once, and return what does it again."""
    stream = torch.cuda.Stream()  # libraries set themselves up in a graph's first steps, which must not be captured
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        step()
    return graph.replay


def decode_by_replay(decoding: Decoding) -> None:
    """Steps until all rows are done. Where a step cannot be captured, the batch is left as far as it came."""
    while decoding.left:
        finished = decoding.finished()
        if finished == 1:
            return
        if finished:
            decoding.leave()
        if not _block(decoding, min(BLOCK, decoding.left)):
            return


def _block(decoding: Decoding, steps: int) -> bool:
    slots = Slots(decoding, steps)
    try:
        replay = capture(slots.step)
        slots.taken = 1
        while slots.taken < steps:
            if slots.taken % LOOK["cuda"] == 0:
                finished = decoding.finished()
                if finished == 1 or (len(decoding.done) > FEW and finished * LEAVE >= 1):
                    break
            replay()
            slots.taken += 1
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        slots.taken = int(slots.at) - (decoding.mask.shape[1] - 1)  # steps that were done
        warnings.warn(f"decoding without CUDA graphs: {error}", stacklevel=2)
        return False
    finally:
        slots.give_back()
    return True


@torch.inference_mode()
def steps_replay_exactly(model: nn.Module, device: str, head: Head | None) -> bool:
    """Whether the model decodes with slots as it does without.

    An architecture whose cache or mask is of another kind (state-space models, sliding windows, models with a cache of
    their own) gives other logits for the same tokens, or an error.
    """
    from transformers.cache_utils import DynamicLayer

    vocabulary, steps = model.config.vocab_size, 4
    script = torch.linspace(0, vocabulary - 1, 2 * steps, device=device).long().view(2, steps)
    rows = [Begun(script[0].tolist(), ()), Begun(script[1, :2].tolist(), ())]
    none = torch.full((1,), -1, device=device)  # no token ends an answer
    found = []
    for with_slots in (False, True):
        seen = torch.zeros(2, steps, vocabulary, device=device)

        def choose(logits: Tensor, row: Tensor, place: Tensor, seen: Tensor = seen) -> Tensor:
            seen[row, place] = logits
            return script[row, place]

        decoding = Decoding(model, rows, choose, none, 0, steps, device, head)
        decoding.step()
        if with_slots:
            if any(type(layer) is not DynamicLayer for layer in getattr(decoding.cache, "layers", [None])):
                return False
            slots = Slots(decoding, decoding.left)
            step = slots.step
        else:
            step = decoding.step
        try:
            for _ in range(steps - 1):
                step()
        except (TypeError, ValueError, RuntimeError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            return False
        found.append(seen)
    narrow = next(model.parameters()).dtype != torch.float32
    tolerance = {"rtol": 0.1, "atol": 0.1} if narrow else {"rtol": 1e-4, "atol": 1e-4}
    return torch.allclose(*found, **tolerance)
