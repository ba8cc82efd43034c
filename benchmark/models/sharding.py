"""One model over several devices by FSDP2 (``torch.distributed.fsdp.fully_shard``), so that a model too large for one fits.

A group of N processes, the ranks, does the same run together. Of every weight, gradient and optimiser moment each rank keeps
an N-th (rows of the first dimension); a block's weights are gathered for the time of its forward or backward pass. So the
memory of what is kept falls with N, frozen models included, while each rank computes all that one device would.

Every rank reads the same batches. To split a batch's rows among the ranks would be faster, and wrong here: losses are not all
means over rows (a batch's quantiles, its weights, paired gradients, state kept from step to step), and a method's file would
have to know which part it sees. With equal batches each rank's gradient is the whole gradient, their mean is it too, and
every method, metric and attack is right without a word about ranks. What a rank decides by itself (a token, the room for a
batch) is taken from the first one where a difference would send the ranks different ways: see ``agreed``.

fully_shard is called directly. accelerate's plugin wraps the one model that is trained, together with its optimiser and by
settings in the environment; frozen references, teachers, copies and adapters, which this benchmark has beside it, it does not.

Outside a group, where all boards of one device run, every function here does nothing and nothing of
``torch.distributed`` is imported.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.models.blocks import decoder_blocks
from benchmark.models.ranks import group, in_group, is_first


def split(model: nn.Module) -> nn.Module:
    """Leave of the model, in place, this rank's part; what it had before goes to the rank's device block by block.

    A sharded model can be copied by ``copy.deepcopy``, which torch's own cannot. ``settle`` has to follow.

    Raises:
        UserError: its decoder blocks could not be found.
    """
    if not in_group():
        return model
    skeleton = _skeleton(model)
    _fully_shard([*decoder_blocks(model), model])
    type(model).__deepcopy__ = _copied  # of the class that fully_shard has made
    object.__setattr__(model, "_skeleton", skeleton)  # no submodule: its parameters are not the model's
    return model


def settle(model: nn.Module) -> nn.Module:
    """Make the buffers that weights are gathered into; all ranks at a time.

    Those made in inference mode could not be trained with later.
    """
    for module in _units(model):
        module.unshard()
        module.reshard()
    return model


def shard(model: nn.Module) -> nn.Module:
    """A whole model, the same on all ranks, sharded in place; as it is outside a group."""
    return settle(split(model))


def shard_adapters(adapted: nn.Module) -> None:
    """Shard what adapters have added to a sharded model, each of their layers by itself: they are small."""
    if not in_group():
        return
    from torch.distributed.tensor import DTensor

    added = [
        module
        for module in adapted.modules()
        if any(not isinstance(parameter, DTensor) for parameter in module.parameters(recurse=False))
    ]
    _fully_shard(added)
    for module in added:
        module.unshard()
        module.reshard()


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor of which each rank may have a part; all ranks ask for it at a time."""
    return tensor if not in_group() or not hasattr(tensor, "full_tensor") else tensor.full_tensor()


def local(tensor: Tensor) -> Tensor:
    """This rank's part of a tensor."""
    return tensor if not in_group() or not hasattr(tensor, "to_local") else tensor.to_local()


@torch.no_grad()
def write(parameter: Tensor, value: Tensor) -> None:
    """Set a parameter, of which each rank may have a part, to a whole tensor."""
    if in_group() and hasattr(parameter, "full_tensor"):
        from torch.distributed.tensor import distribute_tensor

        value = distribute_tensor(value, parameter.device_mesh, parameter.placements, src_data_rank=None)
    parameter.copy_(value)


def whole_weights(model: nn.Module) -> dict[str, Tensor] | None:
    """A sharded model's weights, in the first rank's main memory; empty on the others. None outside a group."""
    if not in_group():
        return None
    weights: dict[str, Tensor] = {}
    gathered: dict[int, Tensor] = {}  # by the address of a part: tied weights stay one
    for name, tensor in model.state_dict().items():
        address = local(tensor).data_ptr()
        if address not in gathered or not address:
            full = whole(tensor)
            gathered[address] = full.cpu() if is_first() else full[:0]
        weights[name] = gathered[address]
    return weights if is_first() else {}


def _units(model: nn.Module) -> Iterator[Any]:
    from torch.distributed.fsdp import FSDPModule

    return (module for module in model.modules() if isinstance(module, FSDPModule))


def _fully_shard(modules: list[nn.Module]) -> None:
    """Shard these modules, inner ones first. None keeps its gathered weights: methods see parts, whenever they look."""
    from torch.distributed.fsdp import fully_shard

    for module in modules:
        fully_shard(module, mesh=group().mesh, reshard_after_forward=True)


def _skeleton(model: nn.Module) -> nn.Module:
    """A copy without weights: all that a copy of the sharded model needs beside this rank's part."""
    memo: dict[int, Any] = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad) for p in model.parameters()
    }
    return copy.deepcopy(model, memo)


def _copied(model: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """The ``__deepcopy__`` of a sharded model; each rank copies its part."""
    twin = split(copy.deepcopy(model._skeleton)).to_empty(device=group().device)
    ours, theirs = dict(model.named_parameters()), dict(twin.named_parameters())
    if ours.keys() != theirs.keys():
        raise UserError(f"this {type(model).__name__} was changed after it was sharded, so it cannot be copied")
    with torch.no_grad():
        for name, parameter in ours.items():
            local(theirs[name]).copy_(local(parameter))
            theirs[name].requires_grad_(parameter.requires_grad)
        buffers = dict(twin.named_buffers())
        for name, buffer in model.named_buffers():
            buffers[name].copy_(buffer)
    modes = {name: module.training for name, module in model.named_modules()}
    for name, module in twin.named_modules():
        module.training = modes[name]
    return settle(twin)
