"""The speed command's tables: Markdown for people, JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmark.common.tables import markdown_table
from benchmark.speed.ceilings import Ceilings, shares
from benchmark.speed.compare import PHASES, Comparison, total
from benchmark.speed.watch import Cost

HEAD = ("phase", "plain, s", "ours, s", "ratio")
COUNTS = ("", "plain", "ours")
CEILINGS = (
    "Shares of a ceiling are of the work that was done, padding and logits that nobody reads included. That of the "
    "matmul ceiling counts products with weights, not attention's own; that of the memory bandwidth counts the weights "
    "once a forward, and the keys and values; it can pass 100% where the caches hold them."
)
WORK = ("teacher forcing", "generation")


def markdown(
    about: str, comparison: Comparison, steps: dict[str, float] | None, ceilings: Ceilings | None = None
) -> str:
    """The tables as Markdown, without the shares of the machine's ceilings where these were not measured."""
    rows = [_line(name, comparison.plain.get(name, Cost()), comparison.ours.get(name, Cost())) for name in PHASES]
    if (without := comparison.generation_without_graphs) is not None:
        rows.append(["… without CUDA graphs", "", f"{without:.1f}", ""])
    plain, ours = total(comparison.plain), total(comparison.ours)
    rows.append(["**evaluation**", f"**{plain:.1f}**", f"**{ours:.1f}**", f"**{plain / ours:.1f} ×**"])
    if steps:
        plain, ours = steps["plain"], steps["ours"]
        rows.append(["one training step", f"{plain:.3f}", f"{ours:.3f}", f"{plain / ours:.1f} ×"])
    counts: list[list[str]] = []
    for name in WORK:
        a, b = comparison.plain[name], comparison.ours[name]
        counts += [
            [f"{name}: positions forwarded", f"{a.positions:,}", f"{b.positions:,}"],
            ["… of them padding", _share(a), _share(b)],
            ["… a second", _rate(a), _rate(b)],
            ["… vocabulary projections", f"{a.projections:,}", f"{b.projections:,}"],
            ["… peak memory above the start, MiB", _mib(a), _mib(b)],
        ]
        if ceilings:
            counts += _shares(name, comparison, ceilings)
    return "\n".join(
        [
            about,
            "",
            markdown_table(HEAD, rows, "lrrr"),
            "",
            markdown_table(COUNTS, counts, "lrr"),
            "",
            *_memory(comparison),
            *([CEILINGS, ""] if ceilings else []),
            f"Largest relative difference: {comparison.metric_difference:.1e} in {comparison.metrics_compared} metrics "
            f"({comparison.metric}), {comparison.answer_difference:.1e} in the answers' mean log-probabilities; "
            f"{comparison.texts_that_differ} of {comparison.texts} generated texts differ.",
        ]
    )


def as_json(
    about: str, comparison: Comparison, steps: dict[str, float] | None, ceilings: Ceilings | None = None
) -> dict[str, Any]:
    """The same as one JSON object."""
    named = vars(comparison) | {
        "ratio": comparison.ratio,
        "memory": comparison.memory,
        "about": about,
        "training_step_seconds": steps,
        "work": asdict(comparison.work),
        "ceilings": asdict(ceilings) if ceilings else None,
        "shares": _all_shares(comparison, ceilings) if ceilings else None,
    }
    for way in ("plain", "ours"):
        named[way] = {name: cost.to_json() for name, cost in getattr(comparison, way).items()}
    return named


def _all_shares(comparison: Comparison, ceilings: Ceilings) -> dict[str, dict[str, dict[str, float]]]:
    """Shares by way ("plain" or "ours"), phase and ceiling."""
    ways = {"plain": comparison.plain, "ours": comparison.ours}
    return {
        way: {name: shares(name, costs[name], comparison.work, ceilings) for name in WORK}
        for way, costs in ways.items()
    }


def _shares(name: str, comparison: Comparison, ceilings: Ceilings) -> list[list[str]]:
    plain, ours = (
        shares(name, costs[name], comparison.work, ceilings) for costs in (comparison.plain, comparison.ours)
    )
    names = {
        "matmul": f"matmul ceiling ({ceilings.matmul / 1e12:.3g} TFLOP/s)",
        "bandwidth": f"memory-bandwidth ceiling ({ceilings.bandwidth / 1e9:.3g} GB/s)",
    }
    return [[f"… share of the measured {names[key]}", f"{plain[key]:.1%}", f"{ours[key]:.1%}"] for key in plain]


def _memory(comparison: Comparison) -> list[str]:
    if comparison.memory is None or comparison.batch is None:
        return []
    return [
        f"Memory of teacher forcing, ours: peak / (weights + one batch) = {comparison.memory:.2f}; weights "
        f"{comparison.weights / 2**20:,.0f} MiB, largest batch by itself {comparison.batch / 2**20:,.0f} MiB.",
        "",
    ]


def _line(name: str, plain: Cost, ours: Cost) -> list[str]:
    ratio = f"{plain.seconds / ours.seconds:.1f} ×" if ours.seconds else ""
    return [name, f"{plain.seconds:.1f}", f"{ours.seconds:.1f}", ratio]


def _share(cost: Cost) -> str:
    return f"{cost.padding / cost.positions:.1%}" if cost.positions else ""


def _rate(cost: Cost) -> str:
    return f"{cost.positions / cost.seconds:,.0f}" if cost.seconds else ""


def _mib(cost: Cost) -> str:
    return "unknown" if cost.bytes is None else f"{cost.bytes / 2**20:,.0f}"
