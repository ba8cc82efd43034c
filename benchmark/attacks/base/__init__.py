"""What an attack is and what it gets, and what several attacks share."""

from benchmark.attacks.base.attack import Attack, AttackSetup, attacked
from benchmark.attacks.base.rounding import linear_layers, rounded_copy

__all__ = ["Attack", "AttackSetup", "attacked", "linear_layers", "rounded_copy"]
