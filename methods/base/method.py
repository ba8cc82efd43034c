"""What a method is: a frozen dataclass of hyperparameters with a loss, or with a closed form.

A method never sees the loop, the optimiser, the seed, the device or how rows become batches. What it
needs of the benchmark it declares in ``needs``:

* ``retain``: each forget row comes with a random retain row (``batch.retain``);
* ``refusals``: each forget question also comes with a random refusal as its answer (``batch.refusal``);
* ``fixed_refusal``: and with the method's own, the field ``refusal`` (``batch.fixed_refusal``);
* ``alternatives``: each forget question also comes with an answer that the fine-tuned model sampled before
  unlearning (``batch.alternative``; the fields ``alternatives``, ``alternative_temperature`` and ``instruction`` say how);
* ``samples``: answers to the forget questions can be sampled from any model, the trained one too (``batch.sampler``);
* ``facts``: which answer tokens of the forget rows state the key fact (``batch.fact``);
* ``reference``: the frozen fine-tuned model, live (``batch.reference``, ``models.reference``);
* ``reinforced``: the fine-tuned model trained further on the forget rows (``models.reinforced``);
* ``base``: the model before fine-tuning (``models.base``);
* ``forget_only``, ``retain_only``: that model fine-tuned on the forget rows, and on as many retain rows.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from benchmark.config.recipe import LoRA
from benchmark.models.forward import Tokens
from benchmark.models.tokenization import TokenizedExample
from methods.base.fields import Limits, checked, field_types

NEEDS = (
    "retain", "refusals", "fixed_refusal", "alternatives", "samples", "facts",  # what comes with the forget rows
    "reference", "reinforced", "base", "forget_only", "retain_only",  # frozen models
)  # fmt: skip


@dataclass(frozen=True)
class Models:
    """The frozen models that a method may prepare from. ``reference`` is where unlearning starts."""

    reference: nn.Module
    reinforced: nn.Module | None = None
    base: nn.Module | None = None
    forget_only: nn.Module | None = None
    retain_only: nn.Module | None = None


class Sampler(Protocol):
    """Answers to a batch's forget questions, drawn by random numbers of each row and epoch.

    So they depend on the model and the run's seed, not on the batch, and a second call in an epoch draws them again.
    """

    def __call__(
        self,
        model: nn.Module,
        count: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        places: Sequence[int] | None = None,
    ) -> list[list[TokenizedExample]]:
        """``count`` answers to each question, without gradient and with dropout off.

        Args:
            top_k, top_p: only the likeliest tokens are drawn; ``top_k=1`` is the greedy answer.
            places: of the rows in the batch that are asked; None: all.
        """

    def texts(self, answers: Sequence[TokenizedExample]) -> list[str]:
        """The answers alone, as text."""

    def collate(self, answers: Sequence[TokenizedExample]) -> Tokens:
        """The questions with these answers, as one batch on the device."""


@dataclass(frozen=True)
class Batch:
    """One step's rows. ``cached`` holds what ``prepare`` returned for the batch's forget rows, in their order."""

    forget: Tokens
    retain: Tokens | None = None
    refusal: Tokens | None = None
    fixed_refusal: Tokens | None = None
    alternative: Tokens | None = None
    sampler: Sampler | None = None
    fact: Tensor | None = None  # [N] bool, of the forget rows; of an answer whose fact is not known all but EOS
    reference: nn.Module | None = None
    epoch: int = 0  # of the run, counted from 0
    cached: dict[str, Tensor] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)  # kept from step to step of one run, moved by ``gradient``


Batches = Callable[[], Iterator[tuple[Batch, float]]]  # a step's micro-batches, each with its share of the step's rows


class Method:
    """Base of every method. Subclasses are frozen dataclasses; all fields have defaults."""

    paper: ClassVar[str] = ""  # arXiv id or venue
    status: ClassVar[str] = "confirmed"  # "unconfirmed" where the formula could not be checked
    needs: ClassVar[tuple[str, ...]] = ()
    extra_forwards: ClassVar[float] = 0  # forward passes a step beyond the model's own on the forget rows
    alternatives: ClassVar[int] = 1  # sampled answers a question, where needed: a subclass makes it a field
    alternative_temperature: ClassVar[float] = 1.0
    instruction: ClassVar[str] = ""  # what a model with a chat template is to make of question and answer
    refusal: ClassVar[str] = ""  # the answer to every forget question, where it is needed: a subclass makes it a field
    trains: ClassVar[bool] = True  # False: ``unlearn`` gives the model in closed form
    weighs: ClassVar[str] = ""  # the field that weighs forgetting against retention, where the authors tune it
    ranges: ClassVar[dict[str, Limits]] = {}  # field -> limits of its values, inclusive; a subclass adds its own
    by_split: ClassVar[dict[str, dict[str, Any]]] = {}  # split -> fields that the authors set for it; a literal
    exempt: ClassVar[dict[str, str]] = {}  # conformance check -> why it cannot hold for this method

    def __post_init__(self) -> None:
        """Refuse values that are not of the fields' types or outside ``ranges``.

        Raises:
            UserError: names the field, the value and what it may be.
        """
        types, limits = field_types(type(self)), {}
        for cls in reversed(type(self).__mro__):
            limits |= vars(cls).get("ranges", {})
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = checked(f.name, getattr(self, f.name), types.get(f.name, Any), limits.get(f.name))
            object.__setattr__(self, f.name, value)

    def __reduce__(self) -> tuple[Callable[..., Method], tuple[str, dict[str, Any]]]:
        """Pickled as its file and fields: a file outside the project is a module in the process that loaded it alone."""
        from methods import restore

        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return restore, (inspect.getfile(type(self)), fields)

    def forwards(self) -> float:
        """Forward passes a step, frozen models' included, each on as many rows as the forget batch has.

        An answer sampled for each forget row counts as one: every token of question and answer passes the model once.
        Where not every step samples, it is the mean over epochs after the first; an upper bound where answers are spared.
        """
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
        """The scalar to minimise. Rows weigh the same however long they are, so batches may be split.

        It may read ``batch.state`` and put there what it starts from, the same for any rows, but leaves it as it is from
        then on: it is asked once for each micro-batch, and may be asked twice for the same rows. State moves in ``gradient``.
        """
        raise NotImplementedError(f"{type(self).__name__} defines neither loss nor unlearn")

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        """Add one optimiser step's gradient to ``.grad``; by default that of ``loss``.

        It is called once a step, so this is where a method moves its ``batch.state``.

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

    def after_step(self, model: nn.Module, batches: Batches) -> None:
        """Called once the optimiser has moved the weights, with the batches of that step; by default nothing is done.

        A method may scale the step here, which for AdamW is the same as another learning rate.
        """

    def trains_parameter(self, name: str, layers: int) -> bool:
        """Whether the parameter of this name is trained, in a model of so many layers; by default all are.

        Of low-rank adapters those are trained whose own matrix would be.
        """
        return True

    def assemble(self, model: nn.Module) -> None:
        """Make of a copy of the fine-tuned model, in place, the one that is trained; by default it stays as it is."""

    def adapters(self) -> LoRA | None:
        """The low-rank adapters that are trained, whatever the recipe has; None: the recipe's, if any."""
        return None

    def begin(self, model: nn.Module, epoch: Callable[[int], Iterator[Batch]]) -> None:
        """Called once before the first step, with the model to be trained, adapters in place; by default nothing is done.

        Args:
            epoch: gives the forget rows once, in batches of so many rows whatever the recipe's are.
        """

    def unlearn(self, models: Models, steps: Callable[[], Iterator[Batches]]) -> dict[str, Tensor]:
        """The unlearned parameters, by their names in ``models.reference``, for methods with ``trains = False``.

        Args:
            steps: gives the forget rows once, as an epoch's steps would, for methods that read them; anew at each call
                and in the same order. Nothing is ``cached``: ``prepare`` is for losses.
        """
        return {name: parameter.detach() for name, parameter in models.reference.named_parameters()}

    def deploy(self, model: nn.Module, models: Models) -> nn.Module:
        """What is scored in the end; by default the trained model. Methods that steer decoding wrap it here."""
        return model
