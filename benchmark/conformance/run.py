"""The suite as a whole: which checks a method has to pass, and running them on one method.

pytest runs the suite over all registered methods; ``run_checks`` runs it over one, also a file outside the repository.
"""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.conformance.loss_checks import (
    constructs,
    counts_its_forwards,
    gives_a_loss,
    gradient_reaches_model,
    ignores_padding,
    ignores_row_order,
    keeps_its_state,
    needs_are_honest,
    splits_into_micro_batches,
    works_in_bf16,
)
from benchmark.conformance.requirements import ConformanceError
from benchmark.conformance.toy import ToySetup, toy_setup
from benchmark.conformance.training_checks import (
    closed_form,
    deploys,
    frozen_models_stay,
    learning_rate_zero,
    repeats_with_its_seed,
    works_with_lora,
)
from methods import load_method
from methods.base import Method

MOST = 240  # characters of a message
Check = Callable[[ToySetup, Method], None]
TRAINED: tuple[Check, ...] = (  # of a method with a loss, in the order in which they are run
    constructs, gives_a_loss, gradient_reaches_model, frozen_models_stay, keeps_its_state, ignores_padding,
    ignores_row_order, splits_into_micro_batches, learning_rate_zero, repeats_with_its_seed, needs_are_honest,
    counts_its_forwards, works_in_bf16, works_with_lora, deploys,
)  # fmt: skip
CLOSED_FORM: tuple[Check, ...] = (constructs, closed_form, deploys)  # of a method with ``trains = False``


def checks_for(method: Method) -> tuple[Check, ...]:
    """The checks that apply to a method; a check is named as its function, and the docstring is its rule.

    A method is excused from a check only by declaring why in ``exempt``.
    """
    suite = TRAINED if method.trains else CLOSED_FORM
    names = [check.__name__ for check in suite]
    unknown = {*method.exempt} - {*names}
    if unknown:
        raise UserError(f"exempt names {', '.join(sorted(unknown))}; the checks are {', '.join(names)}")
    return tuple(check for check in suite if check.__name__ not in method.exempt)


@dataclass(frozen=True)
class CheckResult:
    """How one check went; ``seconds`` include making its models."""

    name: str
    passed: bool
    reason: str  # empty if passed
    seconds: float


def _short(message: str) -> str:
    """A message's beginning and end: some hold a whole model's description."""
    line = " ".join(message.split())
    return line if len(line) <= MOST else f"{line[: MOST // 4]} ... {line[-MOST * 3 // 4 :]}"


def _where(error: Exception, method: type) -> str:
    """The method's own line that the error came through last."""
    file = inspect.getfile(method)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" ({Path(file).name}:{lines[-1]})" if lines else ""


def run_checks(method: str, architecture: str) -> list[CheckResult]:
    """Run the suite on a registered method or a file (``mine.py``); errors inside the method are failures.

    Args:
        method: a name of ``list methods``, or a path, with ``@field=value`` and ``:variant`` as ``--methods`` takes them.
        architecture: of the tiny models, one of ``toy.ARCHITECTURES``.

    Raises:
        UserError: there is no such method or file, or ``exempt`` names an unknown check.
    """
    instance, results = load_method(method), []
    for check in checks_for(instance):
        begin, reason = time.perf_counter(), ""
        try:
            check(toy_setup(architecture), instance)
        except ConformanceError as error:
            reason = str(error)
        except Exception as error:  # the method's own, whatever it is
            reason = f"raised {type(error).__name__}: {_short(str(error))}{_where(error, type(instance))}"
        results.append(CheckResult(check.__name__, not reason, reason, time.perf_counter() - begin))
    return results
