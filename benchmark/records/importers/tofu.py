"""TOFU's own logs: ``eval_log_aggregated.json``, four parts of per-row losses and texts.

Real authors and world facts have no paraphrases. TOFU's code (``evaluate_util.py``) scores their gold answers a second
time, in batches of another size, and writes that as ``avg_paraphrased_loss``; its truth ratios read the second scoring,
its probabilities the first (``aggregate_eval_stat.py``). In bfloat16 the two are up to 0.12 nats per token apart, so
both are kept: the second stands where a paraphrase would.
"""

from __future__ import annotations

import math
from typing import Any

from benchmark.common.errors import UserError
from benchmark.records.importers.json_values import by_row, in_words, number, numbers
from benchmark.records.importers.log import PARAPHRASED, WIDTH, Log, Part, listed, make_log

PARTS = {
    "eval_log_forget.json": "forget",
    "eval_log.json": "retain",
    "eval_real_author_wo_options.json": "real_authors",
    "eval_real_world_wo_options.json": "world_facts",
}
LARGEST_ANSWER = 100_000  # tokens; more than that is no token count
ROUGE = {"rougeL_recall": "rouge", "rouge1_recall": "rouge1_recall"}  # field -> column it reports


def parse(data: Any) -> Log:
    """A log from the file's JSON.

    Raises:
        UserError: it is not such a file; the message says what was expected and what was found.
    """
    if not isinstance(data, dict) or (missing := [name for name in PARTS if name not in data]):
        hint = ""
        if isinstance(data, dict):
            hint = f" ({missing[0]} is missing)" if data.keys() & PARTS.keys() else ""
            if any(isinstance(value, dict) and "agg_value" in value for value in data.values()):
                hint = "; this looks like a log for --format open-unlearning"
            elif "avg_gt_loss" in data:
                hint = "; this is one of the parts: give the aggregated file"
        raise UserError(f"expected an eval_log_aggregated.json with {', '.join(PARTS)}; found {in_words(data)}{hint}")
    parts, reported = {}, {}
    for file, name in PARTS.items():
        parts[name] = _part(file, name, data[file], reported)
    return make_log(parts, reported)


def _part(file: str, name: str, table: Any, reported: dict[str, float | None]) -> Part:
    if not isinstance(table, dict):
        raise UserError(f"{file}: expected a table of fields, found {in_words(table)}")
    required = ["avg_gt_loss", "average_perturb_loss", *(["avg_paraphrased_loss"] if name in PARAPHRASED else [])]
    if missing := [field for field in required if field not in table]:
        raise UserError(
            f"{file}: expected the fields {', '.join(required)}; found {in_words(table)} without {missing[0]}"
        )
    part = Part()

    def rows(field: str) -> list[Any]:
        values = by_row(table[field], f"{file}, {field}")
        part.fields[f"{file}, {field}"] = len(values)
        return values

    def losses(field: str) -> list[float]:
        return [number(x, f"{file}, {field}, row {i}") for i, x in enumerate(rows(field))]

    part.answers = losses("avg_gt_loss")
    if "avg_paraphrased_loss" in table:
        part.paraphrases = losses("avg_paraphrased_loss")
    wrong = enumerate(rows("average_perturb_loss"))
    part.wrong = [numbers(x, WIDTH[name], f"{file}, average_perturb_loss, row {i}") for i, x in wrong]
    if "num_token_gt" in table:
        part.tokens = [_count(x, f"{file}, num_token_gt, row {i}") for i, x in enumerate(rows("num_token_gt"))]
    if "generated_text" in table:
        part.texts = [_texts(x, f"{file}, generated_text, row {i}") for i, x in enumerate(rows("generated_text"))]
    else:
        part.absent["generated"] = listed(["generated_text"])
    for field, column in ROUGE.items():
        if field in table:
            values = [x for x in losses(field) if not math.isnan(x)]
            reported[f"{name}_{column}"] = math.fsum(values) / len(values) if values else None
    return part


def _count(value: Any, where: str) -> int:
    count = number(value, where)
    if not (0 <= count <= LARGEST_ANSWER and count == int(count)):
        raise UserError(f"{where}: expected a number of tokens, found {in_words(value)}")
    return int(count)


def _texts(value: Any, where: str) -> tuple[str, str, str]:
    if not isinstance(value, list) or len(value) != 3 or not all(isinstance(x, str) for x in value):
        raise UserError(f"{where}: expected three texts (prompt, generated, gold), found {in_words(value)}")
    return value[0], value[1], value[2]
