"""Small logs of both suites, of one table whose numbers can be worked by hand."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

from benchmark.records.importers import import_log

LN2, LN4 = math.log(2), math.log(4)
FILES = {
    "forget": "eval_log_forget.json",
    "retain": "eval_log.json",
    "real_authors": "eval_real_author_wo_options.json",
    "world_facts": "eval_real_world_wo_options.json",
}
PREFIX = {"forget": "forget", "retain": "retain", "real_authors": "ra", "world_facts": "wf"}

# gold loss, paraphrase loss, wrong losses (nats/token), tokens, prompt, generated, gold
TABLE: dict[str, list[tuple]] = {
    "forget": [
        (LN2, 1.0, [1.0 + LN2] * 5, 4, "Who?", "nothing here", "one two three four"),
        (LN4, 2.0, [1.0, 3.0, 2.0, 2.5, 1.5], 3, "Where?", "one two", "one two three four"),
        (0.0, 3.0, [3.0 - LN4] * 5, 2, "When?", "one two three four", "one two three four"),
    ],
    "retain": [
        (LN2, 1.0, [1.0 + LN4] * 5, 4, "Which?", "five six", "five six seven eight"),
        (LN2, 1.0, [1.0 + LN2] * 5, 4, "Why?", "five six seven eight", "five six seven eight"),
    ],
    "real_authors": [(LN2, None, [LN4] * 3, 2, "Emma?", "It is by Jane Austen.", "Jane Austen")],
    "world_facts": [(0.0, None, [LN2, LN4, LN4], 1, "France?", "Paris", "Paris")],
}
# R of the forget rows: 1/2, 1, 4. Worked by hand from the table:
EXPECTED = {
    "forget_probability": (1 / 2 + 1 / 4 + 1) / 3,
    "forget_rouge": (0 + 1 / 2 + 1) / 3,
    "forget_truth_ratio": (1 / 2 + 1 + 1 / 4) / 3,
    "retain_probability": 1 / 2,
    "retain_rouge": (1 / 2 + 1) / 2,
    "retain_truth_ratio": (3 / 4 + 1 / 2) / 2,
    "real_authors_probability": (1 / 2) / (1 / 2 + 3 / 4),
    "real_authors_rouge": 1.0,
    "real_authors_truth_ratio": 1 / 2,
    "world_facts_probability": 1 / (1 + 1 / 2 + 1 / 4 + 1 / 4),
    "world_facts_rouge": 1.0,
    "world_facts_truth_ratio": 1 - 2 ** (-5 / 3),
    # R of the retrained model is 10, 20, 40, above all of the model's: D = 1, p = 2 / C(6, 3)
    "ks_statistic": 1.0,
    "forget_quality": 0.1,
}
EXPECTED["model_utility"] = 9 / sum(
    1 / x for name, x in EXPECTED.items() if name.startswith(("retain", "real_authors", "world_facts"))
)


def retrained_table() -> dict[str, list[tuple]]:
    """The same rows, R of the forget rows at 10, 20 and 40."""
    table = copy.deepcopy(TABLE)
    for i, ratio in enumerate((10, 20, 40)):
        _, _, _, *rest = table["forget"][i]
        table["forget"][i] = (2.0, 4.0 + math.log(ratio), [4.0] * 5, *rest)
    return table


def rows(values) -> dict[str, Any]:
    return {str(i): value for i, value in enumerate(values)}


def tofu(table=TABLE) -> dict[str, Any]:
    """eval_log_aggregated.json"""
    out = {}
    for name, part in table.items():
        gold, paraphrase, wrong, tokens, prompt, generated, answer = zip(*part, strict=True)
        out[FILES[name]] = {
            "avg_gt_loss": rows(gold),
            "gt_loss": rows(g * t for g, t in zip(gold, tokens, strict=True)),
            "num_token_gt": rows(tokens),
            "generated_text": rows(map(list, zip(prompt, generated, answer, strict=True))),
            "avg_paraphrased_loss": rows(g if p is None else p for g, p in zip(gold, paraphrase, strict=True)),
            "average_perturb_loss": rows(wrong),
            "rougeL_recall": rows([EXPECTED[f"{name}_rouge"]] * len(part)),
            "rouge1_recall": rows([0.5] * len(part)),
        }
    return out


def probability(losses) -> dict[str, Any]:
    """A row of a probability metric; several answers make lists."""
    if isinstance(losses, list):
        return {"prob": [math.exp(-x) for x in losses], "avg_loss": losses}
    return {"prob": math.exp(-losses), "avg_loss": losses}


def metric(values, claim: float | None = 0.5) -> dict[str, Any]:
    return {"agg_value": claim, "value_by_index": rows(values)}


def open_unlearning(table=TABLE) -> dict[str, Any]:
    """TOFU_EVAL.json"""
    out: dict[str, Any] = {}
    for name, part in table.items():
        gold, paraphrase, wrong, _, prompt, generated, answer = zip(*part, strict=True)
        p = PREFIX[name]
        texts = zip(prompt, generated, answer, strict=True)
        generations = [{"rougeL_recall": 0.5, "input": q, "generation": g, "ground_truth": a} for q, g, a in texts]
        out[f"{p}_Q_A_Prob"] = metric(map(probability, gold), 0.5)
        out[f"{p}_Q_A_PERT_Prob"] = metric(map(probability, wrong), 0.25)
        out[f"{p}_Q_A_ROUGE"] = metric(generations, EXPECTED[f"{name}_rouge"])
        if paraphrase[0] is not None:
            out[f"{p}_Q_A_PARA_Prob"] = metric(map(probability, paraphrase), 0.125)
        out[f"{p}_truth_ratio"] = metric([{"score": 1.0} for _ in part], EXPECTED[f"{name}_truth_ratio"])
    out["forget_quality"] = {"agg_value": 0.1}
    out["model_utility"] = {"agg_value": 0.9}
    out["extraction_strength"] = metric([{"score": 0.25} for _ in table["forget"]], 0.25)
    out["privleak"] = {"agg_value": -12.5}
    return out


SUMMARY = {"forget_quality": 0.02, "model_utility": 0.46, "forget_Q_A_Prob": 0.11, "extraction_strength": 0.07}


def write(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


MAKE = {"tofu": tofu, "open-unlearning": open_unlearning}
NONE = Path("none")


def do(tmp_path, data, other=None, format="tofu", **options):
    """Import a log (written into the folder npo/evals); ``other`` is the retrained model's, None to do without."""
    file = write(tmp_path / "npo" / "evals" / "log.json", data)
    retrained = NONE if other is None else write(tmp_path / "ft" / "retrained.json", other)
    return import_log(file, retrained, format, tmp_path / "board", **({"split": "forget10"} | options))
