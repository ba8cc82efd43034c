"""The ranks that share a run: processes that run the same code together, and what they have to agree on.

A process that is none, as all are where ``launch.shards`` is 1, gets its own values back from every function here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """The ranks that share a run, as one of them sees it."""

    rank: int
    size: int
    device: str  # that this rank computes on
    mesh: Any = None


_group: Group | None = None  # of this process


def join(rank: int, size: int, device: str, meeting: str) -> None:
    """Make this process a rank; waits for the others.

    Args:
        meeting: path of a file that does not exist yet, the same for all.
    """
    global _group
    import torch.distributed as dist
    from torch.distributed.device_mesh import DeviceMesh

    kind = torch.device(device).type
    if kind == "cuda":
        torch.cuda.set_device(device)
    backend = "gloo" if kind == "cpu" else "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, init_method=f"file://{meeting}", rank=rank, world_size=size)
    _group = Group(rank, size, device, DeviceMesh.from_group(dist.group.WORLD, kind))


def group() -> Group:
    """This rank's group.

    Raises:
        RuntimeError: the process is no rank.
    """
    if _group is None:
        raise RuntimeError("this process is no rank")
    return _group


def rank() -> int:
    """This rank's number, 0 outside a group."""
    return 0 if _group is None else _group.rank


def in_group() -> bool:
    """Whether this process is a rank: all its models are sharded then."""
    return _group is not None


def is_first() -> bool:
    """Whether this process writes files: the first rank, or a process that is none."""
    return rank() == 0


def agreed(value: T) -> T:
    """The first rank's value, on every rank; a tensor keeps its device."""
    if _group is None:
        return value
    import torch.distributed as dist

    if isinstance(value, Tensor):
        with torch.no_grad():
            value = value.contiguous()
            dist.broadcast(value, 0)
        return value
    box = [value]
    dist.broadcast_object_list(box, 0, device=torch.device("cpu"))
    return box[0]


def everyones(value: T) -> list[T]:
    """Each rank's value, in their order."""
    if _group is None:
        return [value]
    import torch.distributed as dist

    values: list[Any] = [None] * _group.size
    dist.all_gather_object(values, value)
    return values


def in_turn(call: Callable[[], T]) -> T:
    """What ``call`` gives, done by rank after rank: whole models are in the machine's memory one at a time."""
    made: list[T] = []
    for number in range(1 if _group is None else _group.size):
        if number == rank():
            made.append(call())
        agreed(None)
    return made[0]
