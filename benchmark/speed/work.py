"""What a model makes each forward do: the products with its weights, and what decoding has to read from memory."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from benchmark.models.decoding import cache_bytes
from benchmark.speed.watch import Cost


@dataclass(frozen=True)
class Work:
    """What a model's forwards do at least: padding and unread logits included, since the machine works on them too.

    Attention's own products, element-wise operations and weights that are not 2-D matrices (fused experts) are left
    out, so FLOPs and bytes are lower bounds. Layers with a sliding window count as if they read all keys.
    """

    trunk: int  # parameters in the 2-D weights of all but embeddings and the output head
    head: int  # hidden x vocabulary
    weights: int  # bytes of both, read once by every forward
    key_values: int  # bytes of the keys and values of one position, in all layers

    @classmethod
    def from_model(cls, model: nn.Module) -> Work:
        """The work of a causal language model, read off its weights."""
        head = model.get_output_embeddings()
        modules = [m for m in model.modules() if m is not head and not isinstance(m, nn.Embedding)]
        trunk = [p for m in modules for p in m.parameters(recurse=False) if p.ndim == 2]
        weights = sum(p.numel() * p.element_size() for p in [*trunk, head.weight])
        return cls(sum(p.numel() for p in trunk), head.weight.numel(), weights, cache_bytes(model))

    def flops(self, cost: Cost) -> int:
        """FLOPs of the phase's products with weights: two (multiply, add) for each parameter and position."""
        return 2 * (self.trunk * cost.positions + self.head * cost.projections)

    def bytes(self, cost: Cost) -> int:
        """Bytes that decoding reads: the weights in every step, and the keys and values of the step's rows."""
        return self.weights * cost.steps + self.key_values * cost.cached
