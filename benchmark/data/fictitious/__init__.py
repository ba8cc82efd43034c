"""Authors who never lived, and the questions about them."""

from benchmark.data.fictitious.dataset import load, pretraining_rows, refusals

__all__ = ["load", "pretraining_rows", "refusals"]
