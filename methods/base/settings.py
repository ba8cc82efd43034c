"""A frozen dataclass whose fields are settings: their values are checked, and they name the row that they make."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from methods.base.fields import Limits, checked, field_types


@dataclass(frozen=True)
class Settings:
    """Class attributes: ``name``, and ``ranges``, inclusive limits of numeric fields."""

    name: ClassVar[str]
    ranges: ClassVar[Mapping[str, Limits]] = {}

    def __post_init__(self) -> None:
        """Bring each field into its type.

        Raises:
            UserError: a value that its field cannot have.
        """
        types = field_types(type(self))
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            value = checked(item.name, value, types.get(item.name, Any), self.ranges.get(item.name))
            object.__setattr__(self, item.name, value)

    @property
    def label(self) -> str:
        """The name with the values of the settings, as in "interpolated-0.25"."""
        values = (getattr(self, item.name) for item in dataclasses.fields(self))
        return "-".join([self.name, *(f"{v:g}" if isinstance(v, float) else str(v) for v in values)])
