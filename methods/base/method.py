"""What a method is: a frozen dataclass of hyperparameters with a loss, or with a closed form.

A method never sees the loop, the optimiser, the seed, the device or how rows become batches. What it
needs of the benchmark it declares in ``needs``:

* ``retain``: each forget row comes with a random retain row (``batch.retain``);
* ``refusals``: each forget question also comes with a random refusal as its answer (``batch.refusal``);
* ``alternatives``: each forget question also comes with an answer that the fine-tuned model sampled before
  unlearning (``batch.alternative``; the fields ``alternatives`` and ``alternative_temperature`` say how);
* ``reference``: the frozen fine-tuned model, live (``batch.reference``, ``models.reference``);
* ``reinforced``: the fine-tuned model trained further on the forget rows (``models.reinforced``).
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from benchmark.models.forward import Tokens

NEEDS = ("retain", "refusals", "alternatives", "reference", "reinforced")


@dataclass(frozen=True)
class Models:
    """The frozen models that a method may prepare from. ``reference`` is where unlearning starts."""

    reference: nn.Module
    reinforced: nn.Module | None = None


@dataclass(frozen=True)
class Batch:
    """One step's rows. ``cached`` holds what ``prepare`` returned for the batch's forget rows, in their order."""

    forget: Tokens
    retain: Tokens | None = None
    refusal: Tokens | None = None
    alternative: Tokens | None = None
    reference: nn.Module | None = None
    epoch: int = 0  # of the run, counted from 0
    cached: dict[str, Tensor] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)  # kept from step to step of one run: a dual variable, say


class Method:
    """Base of every method. Subclasses are frozen dataclasses; all fields have defaults."""

    paper: ClassVar[str] = ""  # arXiv id or venue
    status: ClassVar[str] = "confirmed"  # "unconfirmed" where the formula could not be checked
    needs: ClassVar[tuple[str, ...]] = ()
    extra_forwards: ClassVar[int] = 0  # forward passes a step beyond the model's own on the forget rows
    alternatives: ClassVar[int] = 1  # sampled answers a question, where needed: a subclass makes it a field
    alternative_temperature: ClassVar[float] = 1.0
    trains: ClassVar[bool] = True  # False: ``unlearn`` gives the model in closed form
    exempt: ClassVar[dict[str, str]] = {}  # conformance check -> why it cannot hold for this method

    def __reduce__(self) -> tuple[Callable[..., Method], tuple[str, dict[str, Any]]]:
        """Pickled as its file and fields: a file outside the project is a module in the process that loaded it alone."""
        from methods import restore

        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return restore, (inspect.getfile(type(self)), fields)

    def forwards(self) -> int:
        """Forward passes a step, frozen models' included, each on as many rows as the forget batch has."""
        return (1 if self.trains else 0) + self.extra_forwards

    def required(self) -> tuple[str, ...]:
        """What this instance needs: ``needs``, and what its settings add (a retain term, say)."""
        return self.needs

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        """Compute once, without gradient, what the loss wants of the frozen models at forget rows.

        Returns:
            Tensors whose first dimension is the batch's rows [B, ...] or its answer tokens [N, ...]. They
            come back in ``batch.cached`` under the same names whenever those rows do.
        """
        return {}

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The scalar to minimise. Rows weigh the same however long they are, so batches may be split."""
        raise NotImplementedError(f"{type(self).__name__} defines neither loss nor unlearn")

    def gradient(
        self, model: nn.Module, batches: Callable[[], Iterator[tuple[Batch, float]]], backward: Callable[[Tensor], None]
    ) -> Tensor:
        """Add one optimiser step's gradient to ``.grad``; by default that of ``loss``.

        Args:
            batches: gives the step's micro-batches, each with its share of the step's rows, anew at each call.
            backward: to be called instead of ``loss.backward()``.

        Returns:
            The step's loss, detached.
        """
        total = None
        for batch, share in batches():
            loss = self.loss(model, batch) * share
            backward(loss)
            total = loss.detach() if total is None else total + loss.detach()
        return total

    def trains_parameter(self, name: str, layers: int) -> bool:
        """Whether the parameter of this name is trained, in a model of so many layers; by default all are."""
        return True

    def unlearn(self, models: Models) -> dict[str, Tensor]:
        """The unlearned parameters, by their names in ``models.reference``, for methods with ``trains = False``."""
        return {name: parameter.detach() for name, parameter in models.reference.named_parameters()}

    def deploy(self, model: nn.Module, models: Models) -> nn.Module:
        """What is scored in the end; by default the trained model. Methods that steer decoding wrap it here."""
        return model
