"""What has to be computed, in tokens: trained on, read, and written one after another."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from benchmark.costs.sizes import Sizes
from benchmark.costs.texts import Rows

KINDS = ("trained", "read", "decoded")
BACKWARD = {
    "plain": 3,
    "checkpointed": 4,
    "lora": 2,
}  # forward passes that a step's passes cost; LoRA: no gradient of weights


@dataclass(frozen=True)
class Work:
    """Tokens that pass the trunk, and of those the ones that the head reads.

    Trained tokens are counted in forward passes: three for one that is trained on.
    """

    trained: float = 0.0
    trained_heads: float = 0.0
    read: float = 0.0
    read_heads: float = 0.0
    decoded: float = 0.0
    decoding_steps: float = 0.0
    optimizer_steps: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def times(self, factor: float) -> Work:
        """The same so many times."""
        return Work(*(value * factor for value in astuple(self)))

    def flops(self, sizes: Sizes) -> dict[str, float]:
        """FLOPs of each of ``KINDS``: two (multiply, add) for each parameter and token; attention's own products are left out."""
        heads = {"trained": self.trained_heads, "read": self.read_heads, "decoded": self.decoded}
        return {kind: 2 * (sizes.trunk * getattr(self, kind) + sizes.head * heads[kind]) for kind in KINDS}


def training(rows: Rows, epochs: float, batch_size: int, passes: float = 1.0, backward: float = 3) -> Work:
    """Epochs on the rows, each read in so many passes that are trained on."""
    count = rows.rows * epochs * passes * backward
    return Work(
        trained=count * (rows.prompt + rows.answer),
        trained_heads=count * rows.answer,
        optimizer_steps=max(1.0, rows.rows / batch_size) * epochs if rows.rows else 0.0,
    )


def gold_reading(rows: Rows, passes: float = 1.0) -> Work:
    """Gold answers read after their questions, without gradient."""
    return Work(read=rows.rows * passes * (rows.prompt + rows.answer), read_heads=rows.rows * passes * rows.answer)


def forced(rows: Rows) -> Work:
    """All answers to the rows' questions, read once; answers to one question share it."""
    return Work(read=rows.rows * (rows.prompt + rows.answers), read_heads=rows.rows * rows.answers)


def decoding(rows: Rows, answers: float = 1.0, longest: float | None = None) -> Work:
    """Answers written to the rows' questions, each as long as the gold one."""
    count = rows.rows * answers
    steps = 0.0 if not count else (longest if longest is not None else 2 * rows.answer)
    return Work(read=rows.rows * answers * rows.prompt, decoded=count * rows.answer, decoding_steps=steps)
