"""A function of a set of scores that is worked out once for each set: the same models are references of every row of a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _ById:
    """A set as a key; it holds the set, so that its id is not given to another one."""

    rows: SetScores

    def __hash__(self) -> int:
        return id(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.rows is other.rows


def once_a_set(function: Callable[..., T]) -> Callable[..., T]:
    """The function with its results for the last 256 sets remembered; callers must not change them.

    Its last argument is the set; one before it, a metric say, is a key as it is. Not a model's scores of all sets, which
    would be kept in memory as a whole.
    """

    @lru_cache(maxsize=256)
    def remembered(before: tuple[Any, ...], key: _ById) -> T:
        return function(*before, key.rows)

    @wraps(function)
    def wrapped(*arguments: Any) -> T:
        *before, rows = arguments
        return remembered(tuple(before), _ById(rows))

    return wrapped
