"""How long, how fast and in what batches a model is trained: the schema shared by all phases of a board."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """A frozen schema that refuses unknown keys, numbers that are not finite, and values of other types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class LoRA(Strict):
    """Low-rank adapters (peft); merged into the weights when training ends."""

    rank: int = Field(8, ge=1, le=4096)
    alpha: float = Field(16, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: str | list[str] = "all-linear"


class Recipe(Strict):
    """One training phase: AdamW, linear warm-up, linear decay to zero."""

    epochs: int = Field(10, ge=0, le=100_000)
    lr: float = Field(1e-5, ge=0, description="peak learning rate")
    batch_size: int = Field(32, ge=1, description="rows an optimiser step")
    micro_batch_size: int | None = Field(None, ge=1, description="rows a forward pass; gradients add up to batch_size")
    weight_decay: float = Field(0.01, ge=0, description="on matrices; not on norms and biases")
    warmup_epochs: float = Field(1.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    precision: Literal["float32", "bf16"] = Field("float32", description="bf16: autocast over float32 weights")
    gradient_checkpointing: bool = False
    lora: LoRA | None = None

    @model_validator(mode="after")
    def _warms_up_within_training(self) -> Recipe:
        if self.warmup_epochs > max(1, self.epochs):
            raise ValueError(
                f"a warm-up of {self.warmup_epochs:g} epochs is longer than training, {self.epochs} epochs"
            )
        return self
