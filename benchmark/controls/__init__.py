"""Rows of a board that unlearn nothing: cheats that a benchmark must see through, and yardsticks, by scoring alone.

Every ``benchmark/controls/<name>.py`` is a control: one subclass of ``Control`` whose ``name`` is the file's.
``interpolated@share=0.25`` is interpolated with one field changed, a row of its own on a board; ``@`` may be repeated.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.common.registered import load_registered
from benchmark.common.registry import Registry
from benchmark.common.source_files import SourceFile, read_source

if TYPE_CHECKING:
    from benchmark.controls.base import Control

FOLDER = Path(__file__).resolve().parent
ATTRIBUTES = ("name", "version", "needs")

REGISTRY: Registry[SourceFile] = Registry("control", FOLDER, ".py", read_source, lambda source: [source.stem])


def control_names() -> list[str]:
    """The names of all controls, in alphabetical order; nothing is imported."""
    return list(REGISTRY.entries)


def load_control(name: str) -> Control:
    """The control of that name, with its own ``@field=value`` changes.

    Raises:
        UserError: no such control, a setting that it does not have, a value that the setting cannot have, or a file
            that does not define exactly one sound control.
    """
    from benchmark.controls.base import NEEDS, Control

    made: Control = load_registered(REGISTRY, Control, name, __name__, FOLDER, ATTRIBUTES, NEEDS)
    return made
