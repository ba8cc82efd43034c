"""Findings as a page for readers, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.common.paired import ALL_SIGNS_UP_TO, DRAWS, LEVEL
from benchmark.common.seed_names import seed_names
from benchmark.common.tables import markdown_table
from benchmark.leaderboard.captions import seeds_text
from benchmark.leaderboard.numbers import number
from benchmark.rkld_claims.author_values import DISTANCE
from benchmark.rkld_claims.comparisons import MARGIN, Comparison, Finding, Number
from benchmark.rkld_claims.samples import LARGEST, LOG_QUALITY
from benchmark.rkld_claims.verdicts import FEWEST_AUTHORS, FEWEST_SEEDS

HEADS = {
    LOG_QUALITY: "log10 forget quality",
    "ks_statistic": "D",
    LARGEST: "largest distance",
    DISTANCE: "distance",
    "forget_probability": "forget prob.",
    "forget_rouge": "forget ROUGE",
    "model_utility": "utility",
    MARGIN: "utility − 90 % of fine-tuned",
}
PREAMBLE = f"""\
The paper is Wang et al. 2024, arXiv 2406.01983. Each difference is the first row minus the second. Forget quality is the
p-value of one test on all rows (of several seeds the geometric mean), D its statistic, and the largest distance what boards
are ordered by (the largest of those by truth ratio, gold and paraphrased answers): these are shown, not compared. What is compared in their place is the distance to the retrained model: the mean over an author's forget rows, and over
the retrained models, of the absolute difference in log truth ratio; smaller is closer. "First closer" counts the authors
on which the first row is the closer one.

Tests are paired and over authors: each author gives one mean difference, of all its rows and seeds. p is that of all
ways to flip the signs of the authors' differences ({DRAWS:,} draws of them above {ALL_SIGNS_UP_TO} authors), or, where so
few authors cannot get p low enough for the number of tests, of a t test. Holm p is corrected for all comparisons of the
claim that count, and decides: "as in the paper" and "against the paper" are at most {LEVEL} on that side of 0. Brackets hold
95 % t intervals over authors, which are not corrected and decide nothing. p and intervals speak of other authors, not of
other seeds, so there is no verdict from fewer than {FEWEST_SEEDS} seeds of unlearning or {FEWEST_AUTHORS} authors. Reproduced:
every comparison counted is as in the paper. Not reproduced: at least one is against it."""


def markdown(findings: list[Finding], name: str) -> str:
    """A summary, then a section each claim."""
    lines = [f"# The RKLD paper's claims on {name}", PREAMBLE, *_bases(findings)]
    summary = [[f"{f.claim}. {f.title}", f.split, f.verdict, str(_counted(f))] for f in findings]
    lines.append(markdown_table(["Claim", "Split", "Verdict", "Comparisons counted"], summary, "lllr"))
    for claim in dict.fromkeys(f.claim for f in findings):
        part = [f for f in findings if f.claim == claim]
        lines.append(f"## {claim}. {part[0].title}")
        for finding in part:
            because = finding.because if finding.because.endswith(".") else f"{finding.because}."
            lines.append(f"**{finding.split}: {finding.verdict}.** {because}")
            lines += _tables(finding)
            lines += [
                f"- {note}"
                for note in [
                    *finding.notes,
                    *_disagreements(finding),
                    *_tests(finding),
                    *_untested(finding.comparisons),
                    *_fewer_seeds(finding),
                ]
            ]
    return "\n\n".join(lines).replace("\n\n- ", "\n- ").replace("|\n- ", "|\n\n- ").replace(".\n- ", ".\n\n- ") + "\n"


def _bases(findings: list[Finding]) -> list[str]:
    """The size of each split's forget set, and the seeds."""
    known = {c.split: c.basis for f in findings for c in f.comparisons if c.basis is not None}
    seeds = {
        split: {s for f in findings for c in f.comparisons if c.split == split for s in c.seeds} for split in known
    }
    return [
        f"**{split}** has {basis.rows} forget rows of {basis.authors} forget authors, and "
        f"{seeds_text([[s.unlearning for s in seeds[split]]], [[s.finetuning for s in seeds[split]]], 'of unlearning')}."
        for split, basis in known.items()
    ]


def _counted(finding: Finding) -> int:
    return sum(c.counts for c in finding.comparisons)


def _tables(finding: Finding) -> list[str]:
    """One table for rows alone, and one for each set of quantities that pairs are compared in."""
    several = len({c.split for c in finding.comparisons}) > 1
    groups: dict[tuple, list[Comparison]] = {}
    for comparison in finding.comparisons:
        groups.setdefault((not comparison.other, *comparison.numbers), []).append(comparison)
    return [_compared(group, several) if group[0].other else _values(group) for group in groups.values()]


def _values(group: list[Comparison]) -> str:
    quantities = list(group[0].numbers)
    tested = any(c.rule.signs for c in group)
    head = ["Row", "Forget quality", *(HEADS[q] for q in quantities), *["p", "Holm p"] * tested, "Reading"]
    lines = []
    for c in group:
        numbers = [_cell(n, n.difference if q == MARGIN else n.value, q == MARGIN) for q, n in c.numbers.items()]
        tests = _p_values(c) if tested else []
        lines.append([_name(c.row, c.statuses[0]), _quality(c.numbers, "value"), *numbers, *tests, c.reading])
    return markdown_table(head, lines, f"l{'r' * (len(head) - 2)}l")


def _compared(group: list[Comparison], several: bool) -> str:
    quantities = list(group[0].numbers)
    head = [*["Split"] * several, "Rows", "Forget quality", *(f"Δ {HEADS[q]}" for q in quantities)]
    head = [text.replace(f"Δ {HEADS[MARGIN]}", HEADS[MARGIN]) for text in head]
    head += ["First closer", "p", "Holm p", "Reading"]
    left = 1 + several
    lines = []
    for c in group:
        name = f"{_name(c.row, c.statuses[0])} − {_name(c.other, c.statuses[1])}"
        quality = f"{_quality(c.numbers, 'value')}, {_quality(c.numbers, 'other')}"
        numbers = [_cell(n, n.difference, True) for n in c.numbers.values()]
        lines.append([*[c.split] * several, name, quality, *numbers, _closer(c), *_p_values(c), c.reading])
    return markdown_table(head, lines, f"{'l' * left}{'r' * (len(head) - left - 1)}l")


def _name(name: str, status: str) -> str:
    return name if status == "ok" else f"{name} ({status})"


def _quality(numbers: dict[str, Number], which: str) -> str:
    logarithm = getattr(numbers[LOG_QUALITY], which) if LOG_QUALITY in numbers else None
    return number("forget_quality", None if logarithm is None else 10**logarithm)


def _p_values(c: Comparison) -> list[str]:
    """Of a comparison, before and after the correction."""
    return [number("forget_quality", p) for p in (None if c.outcome is None else c.outcome.p, c.adjusted)]


def _closer(c: Comparison) -> str:
    """On how many of the authors the first row is closer to the retrained model."""
    n = c.numbers.get(DISTANCE)
    return "–" if n is None or n.differences is None else f"{n.below} of {len(n.differences)}"


def _cell(n: Number, value: float | None, signed: bool) -> str:
    def text(x: float | None) -> str:
        plain = number("", x).replace("-", "−")
        return f"+{plain}" if signed and x is not None and x > 0 else plain

    return text(value) if n.low is None else f"{text(value)} [{text(n.low)}, {text(n.high)}]"


def _tests(finding: Finding) -> list[str]:
    """Which test gave p; more than one where the numbers of authors differ."""
    tests = dict.fromkeys(c.test for c in finding.comparisons if c.test)
    return [f"p by {' and '.join(tests)}"] if tests else []


def _disagreements(finding: Finding) -> list[str]:
    """The pairs that count of which forget quality, or the largest distance, makes the other row the closer one."""
    pairs = [c for c in finding.comparisons if c.counts and c.other and (_difference(c, DISTANCE) or 0) != 0]
    lines = []
    for quantity, closer in ((LOG_QUALITY, -1), (LARGEST, 1)):
        known = [(c, d) for c in pairs if (d := _difference(c, quantity))]
        turned = [_pair(c) for c, d in known if closer * d * (_difference(c, DISTANCE) or 0) < 0]
        if known:
            name = HEADS[quantity].removeprefix("log10 ")
            text = f"by {name} the other row is the closer one in {len(turned)} of {len(known)} pairs"
            lines.append(f"{text}{': ' if turned else ''}{', '.join(turned)}")
    return lines


def _difference(c: Comparison, quantity: str) -> float | None:
    return c.numbers[quantity].difference if quantity in c.numbers else None


def _untested(comparisons: Iterable[Comparison]) -> list[str]:
    """Each reason for missing tests once, with the rows that it concerns; claims.csv has them one by one."""
    pairs: dict[str, list[str]] = {}
    for c in comparisons:
        for n in c.numbers.values():
            if n.why:
                pairs.setdefault(n.why, []).append(_pair(c))
    return [f"no test for some or all of {', '.join(dict.fromkeys(p))}: {why}" for why, p in pairs.items()]


def _fewer_seeds(finding: Finding) -> list[str]:
    """Comparisons on fewer seeds than others of their split have."""
    most: dict[str, int] = {}
    for c in finding.comparisons:
        most[c.split] = max(most.get(c.split, 0), len(c.seeds))
    pairs: dict[str, list[str]] = {}
    for c in finding.comparisons:
        if len(c.seeds) < most[c.split]:
            seeds = f"{c.split}, of {most[c.split]} seeds {', '.join(seed_names(c.seeds)) or 'none'}"
            pairs.setdefault(seeds, []).append(_pair(c))
    return [f"{seeds} only: {', '.join(names)}" for seeds, names in pairs.items()]


def _pair(c: Comparison) -> str:
    return f"{c.row} − {c.other}" if c.other else c.row
