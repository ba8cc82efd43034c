"""Other ways of asking for what a split forgets: by kind, whatever the dataset allows.

*paired* asks a forget question and a retained one at once (arXiv 2410.02879), *partner* the same two the other way round,
for the retained answer: both can be made of any dataset. Generated authors know their facts, and so have more kinds
(benchmark/data/fictitious/probes.py).
"""

from __future__ import annotations

from dataclasses import replace

from benchmark.data.fictitious.probes import probes as fictitious_probes
from benchmark.data.types import Dataset, Example

BOTH = "Answer both questions. 1. {first} 2. {second}"


def probes_of(dataset: Dataset, split: str) -> dict[str, tuple[Example, ...]]:
    """The probes of a split's forget rows, by kind; none of a kind that the dataset does not allow.

    Generated authors of whom not all questions are learnt (``dataset.questions``) have what any dataset has. Each probe has wrong answers beside its gold one, alike but for the fact; rows without any make none.
    """
    forget = dataset.splits[split].forget
    paired, partner = _pairs(forget, dataset.retain_evaluation)
    made = {"paired": paired, "partner": partner}
    # With fewer questions generated probes would ask for facts that no model has read.
    whole = dataset.name == "fictitious" and "questions" not in dataset.notes
    if whole and {"authors", "seed"} <= dataset.notes.keys():
        authors = dict.fromkeys(row.author for row in forget if row.author is not None)
        made = fictitious_probes(int(dataset.notes["authors"]), int(dataset.notes["seed"]), authors) | made
    return {kind: rows for kind, rows in made.items() if rows}


def _pairs(forget: tuple[Example, ...], retained: tuple[Example, ...]) -> tuple[tuple[Example, ...], ...]:
    """Each forget row with a retained one of another form: asked first and for its answer, and the other way round."""
    if not retained:
        return (), ()
    others = [retained[(7 * i + 1) % len(retained)] for i in range(len(forget))]
    pairs = [(ours, theirs) for ours, theirs in zip(forget, others, strict=True) if ours.perturbed_answers]
    paired = tuple(_asked_first(ours, theirs, ours.author) for ours, theirs in pairs)
    # A partner stands for its forget author: what varies is whose question is beside it.
    partner = tuple(_asked_first(theirs, ours, ours.author) for ours, theirs in pairs if theirs.perturbed_answers)
    return paired, partner


def _asked_first(row: Example, other: Example, author: int | None) -> Example:
    question = BOTH.format(first=row.question, second=other.question)
    return replace(as_its_wrong_ones(row), question=question, author=author)


def as_its_wrong_ones(row: Example) -> Example:
    """The row with its paraphrased answer for the gold one: wrong answers are worded as that is."""
    return replace(row, answer=row.paraphrased_answer or row.answer, paraphrased_answer=None, span=None)
