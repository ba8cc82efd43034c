"""The families of a board's columns, by which a reader chooses what to see."""

from __future__ import annotations

from benchmark.leaderboard.headings import DETAILS, MAIN

FAMILIES = {
    "headline": "Headline",
    "forgetting": "Forgetting",
    "utility": "Utility",
    "privacy": "Privacy",
    "resurfacing": "Resurfacing",
    "cost": "Cost",
    "other": "Other",
}
UTILITY = ("retain_", "real_authors_", "world_facts_", "utility", "model_utility")
PRIVACY = ("mia_", "priv", "memorization", "overall")
RESURFACING = (
    "residual_int8", "residual_nf4", "residual_relearn", "residual_worst", "residual_sampled", "recovery", "relearn_", "depth",
    "leak_", "partner_kept", "excess_fact_leak", "fact_leak", "excess_sampled_rouge",
)  # fmt: skip
FORGETTING = ("forget_", "distance", "p_retrained", "residual", "dose", "ks_statistic")
COST = {"minutes": "Minutes", "peak_memory_mib": "Memory (MiB)"}  # no metrics, but columns
WORDS = {  # parts of columns' names -> how a heading has them
    "p_retrained_": "p, ", "_gold": ", gold", "_paraphrase": ", paraphrase", "_largest": ", largest", "mia_": "MIA, ",
    "min_k_plus_plus": "min-k++", "min_k": "min-k", "rouge": "ROUGE", "_at_k": "@k", "recovery_": "recovery, ",
    "int8": "8 bits", "nf4": "4 bits", "relearn_forget": "relearning", "relearn_retain": "benign relearning",
    "p, , ": "p, ", "forget, paraphrase": "forget paraphrase",
}  # fmt: skip


def family(column: str) -> str:
    """The family of a metric's column; ``MAIN`` ones are the headline."""
    if column in MAIN:
        return "headline"
    for name, beginnings in (
        ("resurfacing", RESURFACING), ("privacy", PRIVACY), ("utility", UTILITY), ("forgetting", FORGETTING),
    ):  # fmt: skip
        if column.startswith(beginnings):
            return name
    return "other"


def heading(column: str) -> str:
    """What stands above a column: as in the board's tables, else its name in words."""
    if known := MAIN.get(column) or DETAILS.get(column):
        return known.document
    words = column
    for name, text in WORDS.items():
        words = words.replace(name, text)
    words = words.replace("_", " ")
    return words if words.startswith("p,") else words[0].upper() + words[1:]
