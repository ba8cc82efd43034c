"""A function of scores that is worked out once for each: the same models are references of every row of a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _ById:
    """Scores as a key; it holds them, so that their id is not given to others."""

    scores: Any

    def __hash__(self) -> int:
        return id(self.scores)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.scores is other.scores


def once_a_set(function: Callable[P, T]) -> Callable[P, T]:
    """The function with its results for the last 256 sets remembered; callers must not change them.

    Its last argument is the set of scores, or a model's scores of all sets; one before it, a metric say, is a key as it is.
    """

    @lru_cache(maxsize=256)
    def remembered(before: tuple[Any, ...], key: _ById) -> T:
        return function(*before, key.scores)  # type: ignore[call-arg]

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        *before, scores = args
        return remembered(tuple(before), _ById(scores))

    return wrapped
