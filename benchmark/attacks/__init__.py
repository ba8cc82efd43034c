"""Attacks: what a model that seems to have forgotten says when it is pushed. A model in, scores out.

Every ``benchmark/attacks/<name>.py`` is an attack: one subclass of ``Attack`` whose ``name`` is the file's. Its scores stand
beside the run's own as further sets, ``forget@<name>``, so that metrics read them like any others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.common.registered import load_registered
from benchmark.common.registry import Registry
from benchmark.common.source_files import SourceFile, read_source

if TYPE_CHECKING:
    from benchmark.attacks.base import Attack

FOLDER = Path(__file__).resolve().parent
ATTRIBUTES = ("name", "version")

REGISTRY: Registry[SourceFile] = Registry("attack", FOLDER, ".py", read_source, lambda source: [source.stem])


def attack_names() -> list[str]:
    """The names of all attacks, in alphabetical order; nothing is imported."""
    return list(REGISTRY.entries)


def load_attack(name: str) -> Attack:
    """The attack of that name, with its own ``@field=value`` changes.

    Raises:
        UserError: no such attack, a setting that it does not have, or a file that does not define exactly one sound attack.
    """
    from benchmark.attacks.base.attack import NEEDS, Attack

    made: Attack = load_registered(REGISTRY, Attack, name, __name__, FOLDER, ATTRIBUTES, NEEDS)
    return made
