"""OpenUnlearning's logs: ``TOFU_EVAL.json`` (per row) and ``TOFU_SUMMARY.json`` (numbers only).

Names differ in upper and lower case between versions (``ra_Q_A_Prob``, ``RA_Q_A_Prob``), so case is ignored.
"""

from __future__ import annotations

import math
from typing import Any

from benchmark.common.errors import UserError
from benchmark.records.importers.json_values import by_row, in_words, names, number, numbers
from benchmark.records.importers.log import PARAPHRASED, WIDTH, Log, Part, listed, make_log
from benchmark.records.importers.tofu import PARTS as TOFU_PARTS

SETS = {"forget": "forget", "retain": "retain", "ra": "real_authors", "wf": "world_facts"}
# field of SetScores -> the metric that has it, after the set's prefix
FIELDS = {"answers": "Q_A_Prob", "paraphrases": "Q_A_PARA_Prob", "wrong": "Q_A_PERT_Prob", "generated": "Q_A_ROUGE"}
TEXTS = ("input", "generation", "ground_truth")
PROBABILITY_ERROR = 0.02  # bfloat16 keeps three digits
# The log's name, in lower case -> our column. Other numbers are reported under the log's own name.
COLUMNS = {
    **{f"{p}_q_a_prob": f"{s}_probability" for p, s in SETS.items() if s in PARAPHRASED},
    **{f"{p}_q_a_prob_normalised": f"{s}_probability" for p, s in SETS.items() if s not in PARAPHRASED},
    **{f"{p}_q_a_rouge": f"{s}_rouge" for p, s in SETS.items()},
    **{f"{p}_truth_ratio": f"{s}_truth_ratio" for p, s in SETS.items()},
    "forget_q_a_para_prob": "forget_paraphrase_probability",
    "exact_memorization": "forget_exact_memorization",
    "extraction_strength": "forget_extraction_strength",
    "forget_quality": "forget_quality",
    "model_utility": "model_utility",
}
PARTS = {f"{p}_{field.lower()}" for p in SETS for field in FIELDS.values()}
KNOWN = {*COLUMNS, *PARTS, "privleak"}
STEPS = PARTS - COLUMNS.keys()  # on the way to a metric, no metric of their own: the mean probability of wrong answers


def parse(data: Any) -> Log:
    """A log from the file's JSON; without scores where it is a summary.

    Raises:
        UserError: it is not such a file; the message says what was expected and what was found.
    """
    table, spelling = _lower_case(data)
    if not table.keys() & KNOWN:
        hint = "; this looks like a log for --format tofu" if table.keys() & {p.lower() for p in TOFU_PARTS} else ""
        raise UserError(
            "expected a TOFU_EVAL.json or TOFU_SUMMARY.json, with names such as forget_Q_A_Prob, forget_quality or "
            f"model_utility; found {in_words(data)}{hint}"
        )
    whole = {name: isinstance(value, dict) for name, value in table.items() if name in KNOWN}
    if not any(whole.values()):
        return Log(None, {COLUMNS.get(n, spelling[n]): _claim(v, spelling[n]) for n, v in table.items()})
    if not all(whole.values()):
        odd = next(name for name, is_table in whole.items() if not is_table)
        expected = "expected an agg_value and a value_by_index, as its other metrics have"
        raise UserError(f"{spelling[odd]}: {expected}; found {in_words(table[odd])}: log and summary were mixed up")
    parts = {name: _part(prefix, name, table) for prefix, name in SETS.items()}
    if not any(part.fields for part in parts.values()):
        raise UserError(f"expected a value_by_index in one of forget_Q_A_Prob, ...; found none in {names(data)}")
    claims = {n: v["agg_value"] for n, v in table.items() if isinstance(v, dict) and "agg_value" in v}
    return make_log(parts, {COLUMNS.get(n, spelling[n]): _claim(v, spelling[n]) for n, v in claims.items()})


def _lower_case(data: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The top table by lower-case name, and each name as the log spells it."""
    if not isinstance(data, dict):
        raise UserError(f"expected a table from metric to value, found {in_words(data)}")
    spelling: dict[str, str] = {}
    for name in data:
        if (other := spelling.setdefault(name.lower(), name)) != name:
            raise UserError(f"expected every metric once, found {other!r} and {name!r}: logs were mixed up")
    return {name.lower(): value for name, value in data.items()}, spelling


def _claim(value: Any, where: str) -> float | None:
    claim = number(value, where)
    return claim if math.isfinite(claim) else None


def _part(prefix: str, name: str, table: dict[str, Any]) -> Part:
    part = Part()
    for field, metric in FIELDS.items():
        own = f"{prefix}_{metric}"
        if field == "paraphrases" and name not in PARAPHRASED:
            continue
        entry = table.get(own.lower())
        if entry is None or "value_by_index" not in entry:
            part.absent[field] = listed([own if entry is None else f"value_by_index in {own}"])
            continue
        rows = by_row(entry["value_by_index"], own)
        part.fields[own] = len(rows)
        rows = [_row(row, f"{own}, row {i}") for i, row in enumerate(rows)]
        if field == "generated":
            part.texts = _texts(rows)
            if part.texts is None:
                part.absent[field] = f"the log has ROUGE in {own}, but not the texts ({', '.join(TEXTS)}) to compute it"
        elif field == "wrong":
            part.wrong = [_wrong(row, WIDTH[name], f"{own}, row {i}") for i, row in enumerate(rows)]
        else:
            setattr(part, field, [_loss(row, f"{own}, row {i}") for i, row in enumerate(rows)])
    return part


def _row(row: Any, where: str) -> dict[str, Any]:
    """The row's table; a row of null is one that could not be evaluated."""
    if row is None:
        return {}
    if not isinstance(row, dict):
        raise UserError(f"{where}: expected a table such as {{prob, avg_loss}}, found {in_words(row)}")
    return row


def _loss(row: dict[str, Any], where: str) -> float:
    if row and "avg_loss" not in row:
        raise UserError(f"{where}: expected prob and avg_loss, found {in_words(row)}")
    return _agreed(number(row.get("avg_loss"), where), row.get("prob"), where)


def _wrong(row: dict[str, Any], width: int, where: str) -> list[float]:
    if not row:
        return [math.nan] * width
    if "avg_loss" not in row:
        raise UserError(f"{where}: expected lists prob and avg_loss, found {in_words(row)}")
    losses = numbers(row["avg_loss"], width, f"{where}, avg_loss")
    stated = row.get("prob")
    if stated is not None:
        stated = numbers(stated, width, f"{where}, prob")
    return [_agreed(loss, stated and stated[j], where) for j, loss in enumerate(losses)]


def _agreed(loss: float, stated: Any, where: str) -> float:
    """The loss, where the probability that is written beside it is its own."""
    expected = math.exp(-max(loss, 0.0)) if not math.isnan(loss) else math.nan
    probability = number(stated, where)
    if abs(probability - expected) > PROBABILITY_ERROR:
        raise UserError(
            f"{where}: expected prob = exp(-avg_loss) = {expected:.4g}, found {probability:.4g}: mixed-up rows"
        )
    return loss


def _texts(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]] | None:
    texts = [tuple(row.get(field) for field in TEXTS) for row in rows]
    return texts if all(isinstance(text, str) for row in texts for text in row) else None
