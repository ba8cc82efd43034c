"""Why another suite's number of the same model is not ours: definitions that differ, and what may make its rows differ.

Read off the suites' code: TOFU's ``evaluate_util.py`` and ``aggregate_eval_stat.py``; OpenUnlearning's
``src/evals/metrics`` and ``src/data/utils.py`` as of December 2025. 4.6e-4 nats per token was measured, see ``LOSSES``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import metrics
from benchmark.records.importers.measure import REPLICAS

FORMULA, ROWS = "formula", "rows"  # reasons; the others are what differs in the rows themselves
LOSSES, TEXTS, TOKENS, HOLDOUT = "losses", "texts", "tokens", "held-out rows"

# What a metric (without its set's name) is computed from.
INPUTS: Mapping[str, tuple[str, ...]] = {
    "probability": (LOSSES,),
    "paraphrase_probability": (LOSSES,),
    "truth_ratio": (LOSSES,),
    "truth_probability": (LOSSES,),
    "forget_quality": (LOSSES,),
    "ks_statistic": (LOSSES,),
    "rouge": (TEXTS,),
    "model_utility": (LOSSES, TEXTS),
    "utility": (LOSSES, TEXTS),
    "exact_memorization": (TOKENS,),
    "extraction_strength": (TOKENS,),
    "mia_loss": (LOSSES, HOLDOUT),
    "mia_zlib": (LOSSES, HOLDOUT),
    "mia_reference": (LOSSES, HOLDOUT),
    "mia_min_k": (TOKENS, HOLDOUT),
    "mia_min_k_plus_plus": (TOKENS, HOLDOUT),
    "privleak": (TOKENS, HOLDOUT),
}

# Log's format -> metric -> what its code computes otherwise.
FORMULAS: Mapping[str, Mapping[str, str]] = {
    "open-unlearning": {
        "probability": "it takes exp(-loss) in the model's dtype, and adds 1e-10 to the denominator where wrong answers count",
        "paraphrase_probability": "it takes exp(-loss) in the model's dtype",
        "truth_ratio": "R = p(wrong) / (p(correct) + 1e-10), and 1 / (R + 1e-10) where ours takes min(R, 1/R) in log space",
        "forget_quality": "its KS test reads R with the 1e-10 in it; and it may have read another retrained model's log",
        "rouge": "its settings choose the kind (rougeL_recall, rougeL_f1, rouge1_recall); ours is ROUGE-L recall",
        "model_utility": "the harmonic mean of its own nine parts",
        "extraction_strength": "its search stops one token early: 1 / L where even the last token is wrong, ours 0",
        "mia_zlib": "it compresses the decoded tokens, blank in front included, ours the answer's text",
        "mia_min_k": "it leaves the closing EOS out, ours counts it",
        "mia_min_k_plus_plus": "it leaves the closing EOS out, ours counts it",
        "mia_reference": "it subtracts the loss of whichever reference model its settings name, ours the retrained model's",
        "privleak": "its min-k attack leaves the closing EOS out; the retrained model's AUC is 0.5 where it had no log of one",
    },
    "tofu": {
        "rouge": "the log's values are averaged as they stand, ours are made from its texts",
    },
}

# Log's format -> input -> what makes it differ although the model is the same.
SOURCES: Mapping[str, Mapping[str, str]] = {
    "open-unlearning": {
        LOSSES: "prompt (system prompt, date), dtype and truncation at 512 tokens may differ. Its cross-entropy on a CPU "
        "runs along strided logits and is up to 4.6e-4 nats per token off with 49,152 words; where a chat template ends "
        "after its terminator, a second EOS is appended and averaged in; prompt and answer are tokenised apart, so a token "
        "that spans their boundary is lost",
        TEXTS: "greedy text: prompt, dtype and left-padded batches can change a token, and all after it; blanks before "
        "punctuation are removed; an answer ends after 200 tokens unless its settings say otherwise",
        TOKENS: "which tokens are ranked first: prompt, dtype, and a token lost or added at the answer's ends (see losses)",
        HOLDOUT: "its attacks read TOFU's holdout rows of the split, ours those that the dataset has",
    },
    "tofu": {
        LOSSES: "TOFU's code scores in bfloat16, three digits a value, in batches whose shape changes the last of them; its "
        "prompt is its own template of the model family",
        TEXTS: "greedy text in bfloat16 and left-padded batches, 200 tokens at most, cut by its own template",
    },
}
OTHER_ROWS = "the log and ours do not count the same rows; TOFU's own code reads the first 300 rows of a set"
UNKNOWN = "not known: are model, data and prompt the same?"
EQUAL = 1e-6  # relative: what float32 and another order of summation may do


def why_differs(
    column: str, format: str, claim: float | None, theirs: Mapping[str, float], own: Mapping[str, float]
) -> tuple[list[str], str]:
    """Why the log's number of a column is not ours, and which other column of ours it is.

    The reason is told from evidence where there is some. If our formula gives the log's number from the log's own rows,
    the rows differ; if our replica of the suite's formula gives it from our rows, the formulas do.

    Args:
        claim: what the log states, None for nothing.
        theirs: column -> our formula on the log's rows, where they allow it.
        own: column -> our number of the same model; with replicas, where there are any.

    Returns:
        (reasons, column): no reasons where the numbers are equal; "" where no other column is the log's number.
    """
    again, value = theirs.get(column), own[column]
    if equal(again if claim is None else claim, value):
        return [], ""
    inputs = list(INPUTS.get(base(column), (UNKNOWN,)))
    others = [f"{column}{ending}" for ending in REPLICAS]
    others += ["forget_truth_probability"] if column == "forget_truth_ratio" else []  # OpenUnlearning's "prob_mean"
    if again is not None:
        rows = [] if equal(again, value) else inputs
        if claim is None or equal(claim, again):
            return rows, ""
        return [FORMULA, *rows], _first(others, claim, theirs)
    if alike := _first(others, claim, own):
        return [FORMULA], alike
    replicas = [own[name] for name in others if name in own]
    differs = base(column) in FORMULAS[format] and not (replicas and all(equal(x, value) for x in replicas))
    return [*([FORMULA] if differs else []), *inputs], ""


def _first(names: Iterable[str], claim: float | None, values: Mapping[str, float]) -> str:
    return next((name for name in names if equal(claim, values.get(name))), "")


def equal(a: float | None, b: float | None) -> bool:
    """Whether two numbers are there and one, up to ``EQUAL``."""
    return a is not None and b is not None and math.isclose(a, b, rel_tol=EQUAL, abs_tol=1e-300)


def base(column: str) -> str:
    """A column's metric, without the name of the set."""
    if column in INPUTS:
        return column
    return next((column.removeprefix(f"{s}_") for s in metrics.SETS if column.startswith(f"{s}_")), column)


def legend(format: str, formulas: Iterable[str], reasons: Iterable[str]) -> list[str]:
    """What the reasons of a table mean, a line each.

    Args:
        formulas: the metrics whose formula differs.
        reasons: all reasons of the table.
    """
    lines = [f"formula, {name}: {FORMULAS[format].get(name, UNKNOWN)}" for name in dict.fromkeys(formulas)]
    texts = {**SOURCES[format], ROWS: OTHER_ROWS}
    return lines + [f"{reason}: {texts[reason]}" for reason in dict.fromkeys(reasons) if reason in texts]
