"""Counting from outside: a function of another module replaced for a while by one that counts and calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(module: Any, **values: Any) -> Iterator[None]:
    """Inside, the module's attributes have these values.

    The program itself carries no hooks for measuring, so that what is measured is what runs otherwise.

    Raises:
        AttributeError: the module has no attribute of such a name.
    """
    before = {name: getattr(module, name) for name in values}
    try:
        for name, value in values.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
