"""What to change of a preset that does not fit on a device, tried from the least change on."""

from __future__ import annotations

import math
from collections.abc import Callable

from benchmark.config.launch import Launch
from benchmark.config.recipe import LoRA
from benchmark.config.schema import Preset

SECTIONS = ("pretraining", "finetuning", "reinforcement", "training")
PLAIN = {"micro_batch_size": 1}
CHECKPOINTED = {"gradient_checkpointing": True}
STEPS = (
    ("training.micro_batch_size=1", PLAIN),
    ("training.gradient_checkpointing=true", CHECKPOINTED),
    ("training.micro_batch_size=1 and training.gradient_checkpointing=true", PLAIN | CHECKPOINTED),
    ("low-rank adapters ([training.lora] rank = 8, micro_batch_size = 1)", PLAIN | {"lora": LoRA(rank=8)}),
    ("low-rank adapters with gradient_checkpointing=true", PLAIN | CHECKPOINTED | {"lora": LoRA(rank=8)}),
)


def advice(preset: Preset, room: float, peak: Callable[[Preset], float]) -> str:
    """The first change with which the largest task fits into so many bytes, told as an option of the command.

    Args:
        peak: a preset -> bytes of its largest task.
    """
    for text, changes in STEPS:
        if peak(changed(preset, changes)) <= room:
            return text
    if "shards" in Launch.model_fields:
        shards = math.ceil(peak(preset) / room)
        return f"launch.shards={shards}: the model divided among so many devices"
    return "no change of the recipe: a smaller model or a larger device"


def changed(preset: Preset, changes: dict) -> Preset:
    """The preset with these keys in every recipe, a method's own among them."""
    recipes = {name: getattr(preset, name).model_copy(update=changes) for name in SECTIONS}
    plain = {key: value.model_dump() if isinstance(value, LoRA) else value for key, value in changes.items()}
    settings = {
        name: known.model_copy(update={"training": known.training | plain}) for name, known in preset.settings.items()
    }
    return preset.model_copy(update=recipes | {"settings": settings})
