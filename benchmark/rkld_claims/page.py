"""Findings as a page for readers, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.common.statistics import DRAWS
from benchmark.leaderboard.numbers import number
from benchmark.rkld_claims.bootstrap import FEWEST_AUTHORS, LOG_QUALITY
from benchmark.rkld_claims.comparisons import MARGIN, Comparison, Finding, Number

HEADS = {
    LOG_QUALITY: "log10 forget quality",
    "ks_statistic": "D",
    "forget_probability": "forget prob.",
    "forget_rouge": "forget ROUGE",
    "model_utility": "utility",
    MARGIN: "utility − 90 % of fine-tuned",
}
PREAMBLE = f"""\
The paper is Wang et al. 2024, arXiv 2406.01983. Each difference is the first row minus the second, in brackets its
95 % interval from a paired bootstrap of {DRAWS} draws: the same drawn units for both rows and for the retrained
reference. A resample repeats rows, which makes D larger, so an interval is widened where it misses the difference.
"As in the paper" and "against the paper" say on which side of 0 the whole interval lies; "undecided", that it holds
0 or that there is none. Reproduced: every comparison counted is as in the paper. Not reproduced: at least one is
against it, and of a dozen comparisons at 95 % one may be so by chance. Forget quality is a p-value; its log10 is
averaged over seeds. "First higher" is the share of draws in which the first row's log10 forget quality is the
higher one, ties counted half. Intervals do not cover the spread between seeds of unlearning."""


def markdown(findings: list[Finding], name: str) -> str:
    """A summary, then a section each claim."""
    lines = [f"# The RKLD paper's claims on {name}", PREAMBLE, *_bases(findings)]
    summary = [["Claim", "Split", "Verdict", "Comparisons counted"], ["---", "---", "---", "---:"]]
    summary += [[f"{f.claim}. {f.title}", f.split, f.verdict, str(_counted(f))] for f in findings]
    lines.append(_table(summary))
    for claim in dict.fromkeys(f.claim for f in findings):
        part = [f for f in findings if f.claim == claim]
        lines.append(f"## {claim}. {part[0].title}")
        for finding in part:
            because = finding.because if finding.because.endswith(".") else f"{finding.because}."
            lines.append(f"**{finding.split}: {finding.verdict}.** {because}")
            lines += [_table(t) for t in _tables(finding)]
            lines += [
                f"- {note}" for note in [*finding.notes, *_no_interval(finding.comparisons), *_fewer_seeds(finding)]
            ]
    return "\n\n".join(lines).replace("\n\n- ", "\n- ").replace("|\n- ", "|\n\n- ").replace(".\n- ", ".\n\n- ") + "\n"


def _bases(findings: list[Finding]) -> list[str]:
    """What the intervals of each split rest on, in plain words."""
    known = {c.split: c.basis for f in findings for c in f.comparisons if c.basis is not None}
    seeds = {split: max(len(c.seeds) for f in findings for c in f.comparisons if c.split == split) for split in known}
    lines = []
    for split, basis in known.items():
        many = f"{seeds[split]} {'seed' if seeds[split] == 1 else 'seeds'} of unlearning"
        text = f"**{split}** has {basis.rows} forget rows of {basis.authors} forget authors, and {many}. "
        if basis.kind == "authors":
            text += "Forget authors are drawn whole."
        elif basis.authors:
            text += (
                f"With fewer than {FEWEST_AUTHORS} authors a bootstrap of authors has next to no distinct draws, so "
                "rows are drawn. This takes the answers about one author for independent, which understates the "
                "uncertainty: true intervals are wider, and say nothing of other authors."
            )
        else:
            text += "The rows belong to no known author, so rows are drawn."
        lines.append(text)
    return lines


def _counted(finding: Finding) -> int:
    return sum(c.counts for c in finding.comparisons)


def _tables(finding: Finding) -> list[list[list[str]]]:
    """One table for rows alone, and one for each set of quantities that pairs are compared in."""
    several = len({c.split for c in finding.comparisons}) > 1
    groups: dict[tuple, list[Comparison]] = {}
    for comparison in finding.comparisons:
        groups.setdefault((not comparison.other, *comparison.numbers), []).append(comparison)
    return [_compared(group, several) if group[0].other else _values(group) for group in groups.values()]


def _values(group: list[Comparison]) -> list[list[str]]:
    quantities = list(group[0].numbers)
    head = ["Row", "Forget quality", *(HEADS[q] for q in quantities), "Reading"]
    lines = [head, ["---", *["---:"] * (len(head) - 2), "---"]]
    for c in group:
        numbers = [_cell(n, n.difference if q == MARGIN else n.value, q == MARGIN) for q, n in c.numbers.items()]
        lines.append([_name(c.row, c.statuses[0]), _quality(c.numbers, "value"), *numbers, c.reading])
    return lines


def _compared(group: list[Comparison], several: bool) -> list[list[str]]:
    quantities = list(group[0].numbers)
    head = [*["Split"] * several, "Rows", "Forget quality", *(f"Δ {HEADS[q]}" for q in quantities)]
    head = [text.replace(f"Δ {HEADS[MARGIN]}", HEADS[MARGIN]) for text in head] + ["First higher", "Reading"]
    left = 1 + several
    lines = [head, ["---"] * left + ["---:"] * (len(head) - left - 1) + ["---"]]
    for c in group:
        name = f"{_name(c.row, c.statuses[0])} − {_name(c.other, c.statuses[1])}"
        quality = f"{_quality(c.numbers, 'value')}, {_quality(c.numbers, 'other')}"
        share = c.numbers[LOG_QUALITY].share_above if LOG_QUALITY in c.numbers else None
        numbers = [_cell(n, n.difference, True) for n in c.numbers.values()]
        shown = "–" if share is None else f"{100 * share:.1f} %"
        lines.append([*[c.split] * several, name, quality, *numbers, shown, c.reading])
    return lines


def _name(name: str, status: str) -> str:
    return name if status == "ok" else f"{name} ({status})"


def _quality(numbers: dict[str, Number], which: str) -> str:
    logarithm = getattr(numbers[LOG_QUALITY], which) if LOG_QUALITY in numbers else None
    return number("forget_quality", None if logarithm is None else 10**logarithm)


def _cell(n: Number, value: float | None, signed: bool) -> str:
    def text(x: float | None) -> str:
        plain = number("", x).replace("-", "−")
        return f"+{plain}" if signed and x is not None and x > 0 else plain

    return text(value) if n.low is None else f"{text(value)} [{text(n.low)}, {text(n.high)}]"


def _no_interval(comparisons: Iterable[Comparison]) -> list[str]:
    """Each reason for missing intervals once, with the rows that it concerns; claims.csv has them one by one."""
    pairs: dict[str, list[str]] = {}
    for c in comparisons:
        for n in c.numbers.values():
            if n.why:
                pairs.setdefault(n.why, []).append(_pair(c))
    return [f"no interval for some or all of {', '.join(dict.fromkeys(p))}: {why}" for why, p in pairs.items()]


def _fewer_seeds(finding: Finding) -> list[str]:
    """Comparisons on fewer seeds than others of their split have."""
    most: dict[str, int] = {}
    for c in finding.comparisons:
        most[c.split] = max(most.get(c.split, 0), len(c.seeds))
    pairs: dict[str, list[str]] = {}
    for c in finding.comparisons:
        if len(c.seeds) < most[c.split]:
            seeds = f"{c.split}, of {most[c.split]} seeds {', '.join(map(str, c.seeds)) or 'none'}"
            pairs.setdefault(seeds, []).append(_pair(c))
    return [f"{seeds} only: {', '.join(names)}" for seeds, names in pairs.items()]


def _pair(c: Comparison) -> str:
    return f"{c.row} − {c.other}" if c.other else c.row


def _table(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
