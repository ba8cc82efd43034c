"""What the ranks of tests/conformance/test_sharded.py are asked to do; a function has to be importable in another process."""

from __future__ import annotations

import copy
import os
import time

import torch

from benchmark.models import sharding
from benchmark.models.ranks import agreed, everyones, rank


def copies() -> dict[str, bool]:
    """What holds of a sharded model's copies, its checksum, rounding and agreement."""
    from benchmark.attacks.base import rounded_copy
    from benchmark.attacks.nf4 import round_blocks
    from benchmark.conformance.toy import toy_setup
    from benchmark.models.fingerprint import fingerprint
    from benchmark.models.lm_head import direct_head

    plain = toy_setup("llama").reference.eval()
    model = sharding.shard(copy.deepcopy(plain))
    before, twin = fingerprint(model), copy.deepcopy(model)
    copied = fingerprint(twin) == before
    norm = twin.model.norm.weight  # its first half is the first rank's
    with torch.no_grad():
        sharding.write(norm, torch.cat([sharding.whole(norm)[:-1], torch.zeros(1)]))
    ids = torch.arange(12)[None]
    with torch.inference_mode():  # before any training
        same = torch.allclose(model(input_ids=ids).logits, plain(input_ids=ids).logits, atol=1e-6)
    model.train()(input_ids=ids).logits.sum().backward()
    rounded = dict(rounded_copy(plain, round_blocks).named_parameters())
    ours = dict(rounded_copy(model, round_blocks).named_parameters())
    return {
        "a copy is equal": copied,
        "it is another model": fingerprint(model.eval()) == before,
        "every rank sees a change of one rank's part": fingerprint(twin) != before,
        "logits": same,
        "trains after inference": all(p.grad is not None for p in model.parameters()),
        "rounded alike": all(torch.equal(sharding.whole(ours[name]), rounded[name]) for name in rounded),
        "the bare head is not used": direct_head(model) is None,
        "the first rank's value is taken": agreed(rank()) == 0 and int(agreed(torch.tensor(rank()))) == 0,
        "all values are seen": everyones(rank()) == [0, 1],
    }


def fails_on(failing: int, how: str) -> int:
    """Fails on one rank while the other waits for it."""
    if rank() == failing and how == "raises":
        raise ValueError("a fault of one rank")
    if rank() == failing:
        time.sleep(0.2)
        os._exit(3)
    agreed(None)
    everyones(rank())
    return os.getpid()
