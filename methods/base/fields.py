"""The values that a method's fields may have: their types come from the annotations, their limits from ``ranges``."""

from __future__ import annotations

import sys
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from benchmark.common.errors import UserError

Limits = tuple[float, float]  # both inclusive

POSITIVE: Limits = (sys.float_info.min, sys.float_info.max)
NOT_NEGATIVE: Limits = (0.0, sys.float_info.max)
AT_LEAST_ONE: Limits = (1.0, sys.float_info.max)
SHARE: Limits = (0.0, 1.0)


def field_types(cls: type) -> dict[str, Any]:
    """The annotations of a class as types; none where one of them cannot be resolved."""
    try:
        return get_type_hints(cls)
    except NameError:  # a name that is imported for type checkers only
        return {}


def checked(name: str, value: Any, annotation: Any, limits: Limits | None) -> Any:
    """The value as the field's type has it: a whole number in a field for floats becomes a float.

    Only numbers, texts, truth values, ``Literal`` and None are checked; a field of another type takes anything.

    Raises:
        UserError: the value is not of the type, not finite or outside the limits.
    """
    union = get_origin(annotation) in (Union, UnionType)
    kinds = get_args(annotation) if union else (annotation,)
    literals = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    plain = [kind for kind in kinds if kind in (int, float, str, bool, NoneType)]
    if len(plain) + bool(literals) < len(kinds):
        return value
    for kind in plain:
        if kind is NoneType and value is None or kind in (bool, str) and isinstance(value, kind):
            return value
        if kind in (int, float) and _is_number(value, whole=kind is int) and _within(value, limits):
            return kind(value)
    if any(value == choice and type(value) is type(choice) for choice in literals):
        return value
    wanted = [_kind_text(kind, limits) for kind in plain] + [repr(choice) for choice in literals]
    raise UserError(f"{name} must be {_alternatives(wanted)}, not {value!r}")


def _is_number(value: Any, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return (
        whole or -sys.float_info.max <= value <= sys.float_info.max
    )  # neither inf nor nan, nor a whole number too large


def _within(value: float, limits: Limits | None) -> bool:
    return limits is None or limits[0] <= value <= limits[1]


def _kind_text(kind: type, limits: Limits | None) -> str:
    if kind not in (int, float):
        return {str: "a text", bool: "true or false", NoneType: "none"}[kind]
    number = "a whole number" if kind is int else "a finite number"
    if limits is None:
        return number
    low, high = limits
    if high == sys.float_info.max:
        return f"{number} above 0" if limits == POSITIVE else f"{number} of at least {low:g}"
    return f"{number} from {low:g} to {high:g}"


def _alternatives(texts: list[str]) -> str:
    return f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else texts[0]
