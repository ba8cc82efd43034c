"""What a phase costs: seconds, forwards, positions forwarded and padded, vocabulary projections, peak memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.models import cuda_graphs
from benchmark.models.tokenization import PromptTokenizer
from benchmark.speed.peak_memory import peak, start_peak
from benchmark.speed.replaced import replaced


@dataclass
class Cost:
    """What one phase took."""

    seconds: float = 0.0
    positions: int = 0  # forwarded, padding included
    padding: int = 0  # positions of it
    projections: int = 0  # positions whose logits were made
    steps: int = 0  # forwards
    cached: int = 0  # positions of keys that the rows of each forward attend over, their own included
    bytes: int | None = None  # highest memory use above that at the phase's start; None where unknown

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class TimedPromptTokenizer(PromptTokenizer):
    """A prompt tokenizer that counts its own seconds."""

    seconds = 0.0

    def encode(self, pairs: Any) -> Any:
        return self._timed(super().encode, pairs)

    def encode_prompts(self, questions: Any) -> Any:
        return self._timed(super().encode_prompts, questions)

    def decode(self, ids: Any) -> Any:
        return self._timed(super().decode, ids)

    def _timed(self, call: Callable[[Any], Any], given: Any) -> Any:
        begin = time.perf_counter()
        result = call(given)
        self.seconds += time.perf_counter() - begin
        return result


@dataclass
class Watch:
    """Counts all that a model does inside ``phase``."""

    model: nn.Module
    prompt_tokenizer: TimedPromptTokenizer
    device: str
    costs: dict[str, Cost] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Everything inside counts as this phase, only the tokenizer's seconds as the phase "tokenise"."""
        cost = self.costs.setdefault(name, Cost())
        forwards: list[Tensor] = []  # [2] of each, as ``_positions`` gives them: reading one would wait for the device
        projections: list[int] = []  # of each call of the head; several threads call it
        before = start_peak(self.device)
        tokenised, begin = self.prompt_tokenizer.seconds, time.perf_counter()
        with self._counting(cost, forwards, projections):
            yield
        if self.device != "cpu":
            torch.cuda.synchronize()
        spent = self.prompt_tokenizer.seconds - tokenised
        cost.seconds += time.perf_counter() - begin - spent
        self.costs.setdefault("tokenise", Cost()).seconds += spent
        cost.bytes = None if before is None else max(cost.bytes or 0, peak(self.device) - before)
        cost.projections += sum(projections)
        if forwards:
            positions, genuine = torch.stack(forwards).sum(0).tolist()
            cost.positions, cost.padding = cost.positions + positions, cost.padding + positions - genuine

    @contextmanager
    def _counting(self, cost: Cost, forwards: list[Tensor], projections: list[int]) -> Iterator[None]:
        """Inside, each forward is added to the cost or the lists, also where a CUDA graph replays it."""

        def capturing() -> bool:  # a capture does no work yet; its replays are counted
            return self.device != "cpu" and torch.cuda.is_current_stream_capturing()

        def forwarded(model: nn.Module, args: tuple, given: dict[str, Any]) -> None:
            if capturing():
                return
            forwards.append(_positions(given, self.prompt_tokenizer.pad_id))
            cost.steps += 1
            cost.cached += _keys(given)

        def projected(head: nn.Module, args: tuple, logits: Tensor) -> None:
            if not capturing():
                projections.append(logits.shape[:-1].numel())

        original = cuda_graphs.capture

        def capture(step: Any) -> Callable[[], None]:
            replay = original(step)
            rows, *_, keys = step.__self__.mask.shape  # of ``SlotDecoding``, whose step is captured

            def counted_replay() -> None:
                replay()
                cost.positions += rows
                cost.steps += 1
                cost.cached += rows * keys
                projections.append(rows)

            return counted_replay

        hooks = [
            self.model.register_forward_pre_hook(forwarded, with_kwargs=True),
            self.model.get_output_embeddings().register_forward_hook(projected),
        ]
        try:
            with replaced(cuda_graphs, capture=capture):
                yield
        finally:
            for hook in hooks:
                hook.remove()


def _keys(given: dict[str, Any]) -> int:
    """Positions of keys that a forward's rows attend over, padding included; shapes tell, so the device is not waited for."""
    ids, mask = given["input_ids"], given.get("attention_mask")
    return len(ids) * (ids if mask is None else mask).shape[-1]


def _positions(given: dict[str, Any], pad_id: int) -> Tensor:
    """[2] positions of a forward, and how many of them are not padding, on the model's device."""
    ids, mask = given["input_ids"], given.get("attention_mask")
    positions = torch.tensor(ids.numel(), device=ids.device)
    if mask is None:
        genuine = positions
    elif mask.ndim == 4:  # prefix trees: all but a tree's first token stand past position 0
        genuine = (given["position_ids"] > 0).sum() + len(ids)
    else:
        real = mask[:, -ids.shape[1] :].bool()
        # In a decoding step transformers feeds padding to finished rows; ours feed a token until they are evicted.
        genuine = (real & (ids != pad_id)).sum() if ids.shape[1] == 1 else real.sum()
    return torch.stack([positions, genuine])
