"""What a phase costs: seconds, forwards, positions forwarded and padded, vocabulary projections, peak memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from benchmark.evaluation import evaluate as scoring
from benchmark.models import cuda_graphs as replay
from benchmark.models.batching import give_freed_memory_back
from benchmark.models.batching import in_batches as in_turn
from benchmark.models.tokenization import PromptTokenizer

STATUS = Path("/proc/self/status")


@dataclass
class Cost:
    """One phase.

    ``steps``: forwards. ``cached``: positions of keys that the forwards' rows had before them, their own included.
    ``bytes``: the highest memory use above what was there when the phase began; None where unknown.
    """

    seconds: float = 0.0
    positions: int = 0
    padding: int = 0
    projections: int = 0
    steps: int = 0
    cached: int = 0
    bytes: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class TimedPromptTokenizer(PromptTokenizer):
    """An prompt_tokenizer that counts its own seconds."""

    seconds = 0.0

    def encode(self, pairs: Any) -> Any:
        return self._timed(super().encode, pairs)

    def encode_prompts(self, questions: Any) -> Any:
        return self._timed(super().encode_prompts, questions)

    def decode(self, ids: Any) -> Any:
        return self._timed(super().decode, ids)

    def _timed(self, call: Callable[[Any], Any], given: Any) -> Any:
        begin = time.perf_counter()
        found = call(given)
        self.seconds += time.perf_counter() - begin
        return found


@dataclass
class Watch:
    """Counts all that a model does inside ``phase``."""

    model: nn.Module
    prompt_tokenizer: TimedPromptTokenizer
    device: str
    costs: dict[str, Cost] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Seconds of the tokenizer are counted as the phase "tokenise"."""
        cost = self.costs.setdefault(name, Cost())
        counts: list[Tensor] = []  # (positions, genuine ones) of each forward, on the device: reading them would wait
        projections: list[int] = []  # of each call of the head; several threads call it

        def capturing() -> bool:  # nothing is done then; the replays are counted
            return self.device != "cpu" and torch.cuda.is_current_stream_capturing()

        def forwarded(model: nn.Module, args: tuple, given: dict[str, Any]) -> None:
            if capturing():
                return
            counts.append(_genuine(given, self.prompt_tokenizer.pad_id))
            cost.steps += 1
            cost.cached += _keys(given)

        hooks = [
            self.model.register_forward_pre_hook(forwarded, with_kwargs=True),
            self.model.get_output_embeddings().register_forward_hook(
                lambda m, a, logits: None if capturing() else projections.append(logits.shape[:-1].numel())
            ),
        ]

        def capture(step: Callable[[], None]) -> Callable[[], None]:
            again, (rows, *_, keys) = captured(step), step.__self__.mask.shape

            def counted() -> None:
                again()
                cost.positions += rows
                cost.steps += 1
                cost.cached += rows * keys
                projections.append(rows)

            return counted

        captured = replay.capture
        before = _start_peak(self.device)
        tokenised, begin = self.prompt_tokenizer.seconds, time.perf_counter()
        try:
            with patch.object(replay, "capture", capture):
                yield
        finally:
            for hook in hooks:
                hook.remove()
        if self.device != "cpu":
            torch.cuda.synchronize()
        spent = self.prompt_tokenizer.seconds - tokenised
        cost.projections += sum(projections)
        cost.seconds += time.perf_counter() - begin - spent
        self.costs.setdefault("tokenise", Cost()).seconds += spent
        cost.bytes = None if before is None else max(cost.bytes or 0, _peak(self.device) - before)
        if counts:
            positions, genuine = torch.stack(counts).sum(0).tolist()
            cost.positions, cost.padding = cost.positions + positions, cost.padding + positions - genuine


def _keys(given: dict[str, Any]) -> int:
    """Positions of keys that the rows of a forward attend over, padding included: of shapes, which nothing waits for."""
    ids, mask = given["input_ids"], given.get("attention_mask")
    return len(ids) * (ids if mask is None else mask).shape[-1]


def _genuine(given: dict[str, Any], pad_id: int) -> Tensor:
    """[2] positions of a forward, and how many of them are not padding."""
    ids, mask = given["input_ids"], given.get("attention_mask")
    every = torch.tensor(ids.numel(), device=ids.device)
    if mask is None:
        genuine = every
    elif mask.ndim == 4 and ids.shape[1] > 1:  # trees: all but their first token stand past position 0
        genuine = (given["position_ids"] > 0).sum() + len(ids)
    elif mask.ndim == 4:  # a step with slots; the finished rows among them are not told apart
        genuine = every
    else:
        real = mask[:, -ids.shape[1] :].bool()
        # transformers' finished rows go on with padding; ours with a token, until they leave
        genuine = (real & (ids != pad_id)).sum() if ids.shape[1] == 1 else real.sum()
    return torch.stack([every, genuine])


def largest_batch(score: Callable[[], Any], device: str) -> int | None:
    """Bytes of the largest of scoring's batches: the peak of each by itself above what is there when it begins.

    ``score`` is called once. None where unknown.
    """
    peaks: list[int] = []

    def in_batches(count: int, run: Callable[[int, int], None], *how: Any) -> None:
        def alone(start: int, stop: int) -> None:
            before = _start_peak(device)
            run(start, stop)
            if before is not None:
                peaks.append(_peak(device) - before)

        in_turn(count, alone, *how)

    with patch.object(scoring, "in_batches", in_batches):
        score()
    return max(peaks, default=None)


def _start_peak(device: str) -> int | None:
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    give_freed_memory_back()  # what is kept would hide as much of what comes now
    try:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak is counted from here on
        return _status("VmRSS")
    except OSError:
        return None


def _peak(device: str) -> int:
    return torch.cuda.max_memory_allocated() if device != "cpu" else _status("VmHWM")


def _status(name: str) -> int:
    return 1024 * int(re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text()).group(1))
