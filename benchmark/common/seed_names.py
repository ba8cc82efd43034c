"""What a row's runs are called where they are told apart by their seeds."""

from __future__ import annotations

from collections.abc import Iterable


def seed_names(runs: Iterable[tuple[int, int]]) -> list[str]:
    """Of each run's seeds, of unlearning and of its fine-tuned model: "0", or "0/1" where not all models are the first."""
    pairs = list(runs)
    several = any(model for _, model in pairs)
    return [f"{seed}/{model}" if several else str(seed) for seed, model in pairs]
