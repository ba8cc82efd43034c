"""Looking at a model while it is trained, without a trace: the weights that come out are the same to the last bit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Looks:
    """Calls ``see`` after every so many epochs, and after the last.

    Args:
        every: epochs from one look to the next.
        see: called with (model, epochs done, optimiser steps done); the model is in evaluation mode, and must not be changed.
    """

    def __init__(self, every: int, see: Callable[[nn.Module, int, int], None]):
        self.every, self.see = every, see
        self.seconds = 0.0  # that all looks took: no part of training

    def after_epoch(self, model: nn.Module, epochs: int, last: int, steps: int) -> None:
        """Look if it is time.

        Args:
            epochs: done so far, of ``last``.
            steps: optimiser steps done.
        """
        if epochs % self.every and epochs != last:
            return
        begin = time.perf_counter()
        with undisturbed(model):
            self.see(model, epochs, steps)
        self.seconds += time.perf_counter() - begin


def look_epochs(every: int | None, last: int) -> list[int]:
    """The epochs, counted from 1, after which there is a look; none without ``every``."""
    return [] if every is None else [epoch for epoch in range(1, last + 1) if epoch % every == 0 or epoch == last]


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Inside, evaluation mode; afterwards each part's own mode and torch's random streams are as they were."""
    training = {part: part.training for part in model.modules()}
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    model.eval()
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        for part, was in training.items():
            part.training = was
