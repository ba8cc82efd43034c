"""What a log is turned into: scores, as far as the log goes, and what it claims of itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmark.common.errors import UserError
from benchmark.data.types import ROWS_PER_AUTHOR
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from benchmark.records.importers.json_values import names

WIDTH = {"forget": 5, "retain": 5, "real_authors": 3, "world_facts": 3}  # wrong answers a row, in TOFU's layout
PARAPHRASED = ("forget", "retain")


@dataclass(frozen=True)
class Log:
    """``scores`` is None where the log has no value of a single row (a summary)."""

    scores: Scores | None
    reported: dict[str, float | None]  # our column where there is one, else the log's own name


@dataclass
class Part:
    """What a log has of one evaluation set of n rows; a field is None where it has nothing, and ``absent`` says why."""

    answers: list[float] | None = None  # [n] nats per token
    tokens: list[int] | None = None  # [n] tokens of the gold answers
    paraphrases: list[float] | None = None  # [n] nats per token; TOFU's logs: or the gold answers, scored again
    wrong: list[list[float]] | None = None  # [n][W] nats per token
    texts: list[tuple[str, str, str]] | None = None  # [n] question (or prompt), generated, gold
    absent: dict[str, str] = field(default_factory=dict)  # field of SetScores -> reason
    fields: dict[str, int] = field(default_factory=dict)  # the log's own field -> its rows


def make_log(parts: dict[str, Part], reported: dict[str, float | None]) -> Log:
    """A log with scores of the sets of which it has anything.

    Raises:
        UserError: the fields of a set differ in their rows.
    """
    sets = {name: _set_scores(name, part) for name, part in parts.items() if part.fields}
    absent = {name: part.absent for name, part in parts.items() if part.absent}
    lengths = "forget" in parts and parts["forget"].tokens is not None
    return Log(Scores(sets, {"lengths": lengths, "absent": absent}), reported)


def _answer(nll: float, tokens: int = 1) -> AnswerScores:
    """An answer of which only the mean is known: it stands at every token, and so has the right mean and sum.

    ``is_greedy``, ``logprob_mean`` and ``logprob_std`` are left empty: a metric that looks at single tokens has nothing to read.
    """
    with np.errstate(over="ignore"):
        logprobs = np.full(tokens, -nll).astype(np.float32)  # as they are stored, so that a file gives the same
    return AnswerScores(logprobs, np.zeros(0, dtype=bool), np.zeros(0, np.float32), np.zeros(0, np.float32))


def _set_scores(name: str, part: Part) -> SetScores:
    lengths = set(part.fields.values())
    if len(lengths) > 1:
        each = ", ".join(f"{rows} in {field}" for field, rows in part.fields.items())
        raise UserError(f"expected as many rows in every field of the {name} rows, found {each}: a field was cut short")
    n = lengths.pop()
    tokens = part.tokens or [1] * n
    questions, generated, gold = zip(*part.texts, strict=True) if part.texts else (["?"] * n, [""] * n, [""] * n)
    paraphrases: list[AnswerScores | None] = (
        [None] * n if part.paraphrases is None else [_answer(x) for x in part.paraphrases]
    )
    return SetScores(
        answers=[
            _answer(x, t) for x, t in zip(part.answers or [0.0] * n, tokens if part.answers else [0] * n, strict=True)
        ],
        paraphrases=paraphrases,
        wrong=[[_answer(x) for x in row] for row in part.wrong] if part.wrong else [[] for _ in range(n)],
        generated=[_whole(x) for x in generated],
        gold=[_whole(x) for x in gold],
        questions=[_whole(x) for x in questions],
        # TOFU's layout: a row's number says whose it is, and these two sets are nobody's.
        authors=np.arange(n) // ROWS_PER_AUTHOR if name in PARAPHRASED else np.full(n, -1),
    )


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can hold and a file cannot."""
    return text.encode("utf-8", "replace").decode()


def texts_known(rows: SetScores) -> bool:
    return any(rows.gold)


def listed(absent: list[str]) -> str:
    return f"the log has no {names(absent)}"
