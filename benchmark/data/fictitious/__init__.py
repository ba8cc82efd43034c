"""Authors who never lived, and the questions about them."""

from benchmark.data.fictitious.dataset import load, refusals

__all__ = ["load", "refusals"]
