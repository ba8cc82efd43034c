"""Where the values that a method reads of frozen models in advance are kept between steps.

On a GPU a row's share can be megabytes (a distribution over the vocabulary at every answer token), and copying a
batch's at each step would cost more than the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

SHARE = 1 / 3  # of a GPU's free memory that they may take


def projected_bytes(prepared: Mapping[str, Tensor], entries: Mapping[int, int]) -> int:
    """Bytes of all rows' values, told from one batch's.

    Args:
        entries: length of a tensor of this batch -> length of the same for all rows.
    """
    return sum(t.nbytes * entries[len(t)] // max(1, len(t)) for t in prepared.values())


def placement(size: int, device: str, model: nn.Module) -> Callable[[Tensor], Tensor]:
    """What copies a tensor to where it is kept; a view would keep its whole batch alive.

    Values stay on a GPU where all of them, ``size`` bytes, take at most ``SHARE`` of the memory that is free once the
    gradients and AdamW's two moments of a model like ``model`` are there. Else they go to pinned memory, whose copies
    to the GPU need not be waited for.
    """
    if torch.device(device).type != "cuda":
        return lambda part: part.cpu().clone()
    training = 3 * sum(p.nbytes for p in model.parameters())
    if size <= SHARE * (torch.cuda.mem_get_info(device)[0] - training):
        return lambda part: part.to(device, copy=True)
    return lambda part: part.cpu().pin_memory()
