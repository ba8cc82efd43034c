"""The device that a board's tasks compute on."""

from __future__ import annotations

from benchmark.common.devices import resolve_device
from benchmark.common.errors import UserError
from benchmark.config.launch import Launch


def task_device(launch: Launch) -> str:
    """The device that tasks compute on. With Ray, a GPU that is asked for may be another machine's.

    Raises:
        UserError: as ``resolve_device``.
    """
    if launch.launcher == "ray" and launch.device.startswith("cuda"):
        return launch.device
    return resolve_device(launch.device)


def check_shards(launch: Launch, device: str) -> None:
    """Refuse a split of models that this machine cannot do.

    Args:
        device: of the first shard.

    Raises:
        UserError: no GPU for each shard, another launcher than local, or a torch without what it takes.
    """
    if launch.shards == 1:
        return
    import torch

    if launch.launcher != "local":
        raise UserError(
            f"launch.shards = {launch.shards} is of the launcher local: a sharded run takes devices of one machine. "
            "Leave --launcher ray out, or set launch.shards=1"
        )
    if not torch.distributed.is_available():
        raise UserError(f"launch.shards = {launch.shards} needs torch.distributed, which this torch was built without")
    if device == "cpu":
        return
    first, gpus = int(device.partition(":")[2] or 0), torch.cuda.device_count()
    if first + launch.shards > gpus:
        raise UserError(
            f"launch.shards = {launch.shards} from {device} on takes GPUs up to cuda:{first + launch.shards - 1}, and this "
            f"machine has {gpus}; set launch.shards to at most {max(1, gpus - first)}"
        )
