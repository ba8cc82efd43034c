"""How many tokens a preset's rows have: counted from the data where they are on this machine, else told from TOFU's known size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmark.config.schema import Preset
from benchmark.data.load import load_dataset
from benchmark.data.probes import probes_of
from benchmark.data.types import FORGET_PERCENT, ROWS_PER_AUTHOR, Dataset, Example

CHARACTERS = 4.2  # a token, where no tokenizer is on this machine: English text in vocabularies of 30,000 and more
SAMPLE = 200  # rows that a tokenizer is asked about

# TOFU's sets: rows, and characters of a question, of its gold answer, and of all its answers (tests/costs/test_sizes.py counts again).
TOFU = {
    "full": (4000, 70.1, 169.2, 169.2),
    "forget": (400, 76.6, 181.5, 1400.0),
    "retain": (400, 63.0, 166.3, 1337.4),
    "real_authors": (100, 58.4, 13.8, 54.2),
    "world_facts": (117, 56.0, 10.1, 40.3),
}
TOFU_AUTHORS = 200


@dataclass(frozen=True)
class Rows:
    """A set of rows: how many, and a row's mean counts of tokens."""

    rows: float = 0
    prompt: float = 0.0
    answer: float = 0.0  # the gold one, EOS included
    answers: float = 0.0  # all that are scored, the gold one among them

    def share(self, share: float) -> Rows:
        """So many of them."""
        return Rows(self.rows * share, self.prompt, self.answer, self.answers)

    def first(self, count: int | None) -> Rows:
        """At most so many of them."""
        return self.share(min(1.0, count / self.rows)) if count is not None and self.rows else self


@dataclass(frozen=True)
class Texts:
    """All rows that a board reads.

    Attributes:
        forget: by split.
        scored: the sets of a board beside the forget rows; ``holdout`` is not asked.
        probes: kind -> rows, of the largest split.
        counted: False: of a data set that is not on this machine.
    """

    full: Rows
    pretraining: Rows
    facts: Rows
    forget: dict[str, Rows]
    scored: dict[str, Rows]
    probes: dict[str, Rows]
    counted: bool


def texts_of(preset: Preset) -> Texts:
    """The rows of a preset's data.

    Raises:
        UserError: data in a folder are damaged, or have too few authors.
    """
    choice = preset.dataset
    if choice.name == "tofu" and not Path(choice.source).is_dir():
        return _known_tofu(preset)
    dataset = load_dataset(choice, preset.splits)
    a_token = characters_a_token(preset, dataset)
    extra = _template(preset)

    def counted(rows: Sequence[Example]) -> Rows:
        if not rows:
            return Rows()
        gold = [len(row.answer) for row in rows]
        others = [sum(map(len, (row.paraphrased_answer or "", *row.perturbed_answers))) for row in rows]
        number = [1 + bool(row.paraphrased_answer) + len(row.perturbed_answers) for row in rows]
        return Rows(
            len(rows),
            (fmean(len(row.question) for row in rows) + extra) / a_token,
            fmean(gold) / a_token + 1,
            (fmean(gold) + fmean(others)) / a_token + fmean(number),
        )

    largest = max(preset.splits)
    holdout = dataset.evaluation(largest).get("holdout", ())
    return Texts(
        full=counted(dataset.full),
        pretraining=counted(dataset.pretraining),
        facts=counted((*dataset.real_authors, *dataset.world_facts)),
        forget={name: counted(split.forget) for name, split in dataset.splits.items()},
        scored={
            "retain": counted(dataset.retain_evaluation),
            "real_authors": counted(dataset.real_authors),
            "world_facts": counted(dataset.world_facts),
            "holdout": counted(holdout),
        },
        probes={kind: counted(rows) for kind, rows in probes_of(dataset, largest).items()} if preset.attacks else {},
        counted=True,
    )


def characters_a_token(preset: Preset, dataset: Dataset) -> float:
    """Characters a token of the data's text, by the preset's tokenizer where it is on this machine."""
    from transformers import AutoTokenizer

    from benchmark.models import tiny

    source = preset.model.source
    if source == "tiny":
        tokenizer = tiny.train_tokenizer(dataset, preset.model.tiny.vocabulary)
    elif Path(source).is_dir():
        try:
            tokenizer = AutoTokenizer.from_pretrained(source)
        except Exception:  # a folder with config.json alone: transformers' errors have no common class
            return CHARACTERS
    else:
        return CHARACTERS
    texts = [row.question + row.answer for row in dataset.full[:SAMPLE]]
    return sum(map(len, texts)) / max(1, sum(len(ids) for ids in tokenizer(texts)["input_ids"]))


def _template(preset: Preset) -> int:
    """Characters that the prompt has around a question."""
    return len((preset.model.prompt or "").replace("{question}", ""))


def _known_tofu(preset: Preset) -> Texts:
    share, extra = (preset.dataset.authors or TOFU_AUTHORS) / TOFU_AUTHORS, _template(preset)
    share *= min(1.0, (preset.dataset.questions or ROWS_PER_AUTHOR) / ROWS_PER_AUTHOR)

    def known(name: str, part: float = 1.0) -> Rows:
        rows, question, gold, answers = TOFU[name]
        number = 1 + 6 * (name in ("forget", "retain")) + 3 * (name in ("real_authors", "world_facts"))
        return Rows(rows * part, (question + extra) / CHARACTERS, gold / CHARACTERS + 1, answers / CHARACTERS + number)

    scored = {
        "retain": known("retain", share),
        "real_authors": known("real_authors"),
        "world_facts": known("world_facts"),
    }
    forget = {
        name: known("forget", share * FORGET_PERCENT[name] / FORGET_PERCENT["forget10"]) for name in preset.splits
    }
    asked = forget[max(preset.splits)]
    return Texts(
        full=known("full", share),
        pretraining=Rows(),
        facts=Rows(),
        forget=forget,
        scored=scored | {"holdout": Rows()},
        probes={"paired": asked, "partner": asked} if preset.attacks else {},
        counted=False,
    )
