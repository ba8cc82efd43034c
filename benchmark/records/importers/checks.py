"""Whether a log is of the split that it is taken for, and whether two logs are of the same rows."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from benchmark.common.errors import UserError, unknown_name
from benchmark.data.types import FORGET_PERCENT
from benchmark.evaluation.scores import Scores, SetScores
from benchmark.records.importers.log import texts_known

FORGET_ROWS = {name: 40 * percent for name, percent in FORGET_PERCENT.items()}  # of 4,000
ROWS = {"retain": 400, "real_authors": 100, "world_facts": 117}
TOFU_ROWS = 300  # TOFU's own code scores the first 300 rows of a set
# SHA-256 (16 digits) of the first gold answer in TOFU: shows parts that changed places, and other splits.
FIRST_ANSWER = {
    "88b767844cd1730f": "forget01",
    "0ef3a66d09ae7cc1": "forget05",
    "53b7a44b23b9580d": "forget10",
    "4ef8ac8cdda5b272": "retain",
}


def find_split(scores: Scores | None, split: str | None, file: Path) -> str:
    """The split: as given, else told by the texts, the folder's name or the number of forget rows.

    Raises:
        UserError: none of them says it, or the log is not of the split that was given.
    """
    if split is not None and split not in FORGET_ROWS:
        raise unknown_name("split", split, FORGET_ROWS)
    rows = None if scores is None or "forget" not in scores else scores["forget"]
    told = None if rows is None else _known(rows)
    if told == "retain":
        raise UserError(
            f"{file}: expected the forget rows in the forget part, found TOFU's retain rows: parts changed places"
        )
    if split and told and split != told:
        raise UserError(f"{file}: expected rows of {split}, found TOFU's {told} rows; give --split {told}")
    by_size = {n: name for name, n in FORGET_ROWS.items()} | {TOFU_ROWS: "forget10"}
    named = re.findall(r"forget(?:01|05|10)", "/".join(Path(file).resolve().parts[-4:]))
    split = split or told or (named[-1] if named else None) or (by_size.get(len(rows)) if rows is not None else None)
    if split is None:
        size = "no rows" if rows is None else f"{len(rows)} forget rows, which is no split's number"
        raise UserError(f"{file}: cannot tell the split ({size}); give it as --split {', '.join(FORGET_ROWS)}")
    return split


def check_sizes(scores: Scores, split: str, file: Path) -> bool:
    """Whether the log has fewer rows than TOFU's sets have.

    Raises:
        UserError: it has more, or its retain part holds forget rows.
    """
    sizes = {"forget": FORGET_ROWS[split], **ROWS}
    for name, rows in scores.sets.items():
        if len(rows) > sizes[name]:
            raise UserError(f"{file}: expected at most {sizes[name]} {name} rows for {split}, found {len(rows)}")
    if "retain" in scores and (told := _known(scores["retain"])) not in (None, "retain"):
        raise UserError(
            f"{file}: expected retain rows in the retain part, found TOFU's {told} rows: parts changed places"
        )
    return any(len(rows) < sizes[name] for name, rows in scores.sets.items())


def check_reference(scores: Scores, reference: Scores | None, file: Path, retrained: Path) -> None:
    """The retrained model's log must have the per-row values of the same forget rows.

    Raises:
        UserError: it lacks them, or has other rows.
    """
    what = "expected per-row losses of the forget rows (paraphrased and perturbed answers)"
    if reference is None or "forget" not in reference:
        content = "only a summary" if reference is None else f"only the sets {', '.join(reference.sets)}"
        raise UserError(f"{retrained}: {what}, found {content}; forget quality compares with them")
    if lacking := [r for f, r in reference.meta["absent"].get("forget", {}).items() if f in ("paraphrases", "wrong")]:
        raise UserError(f"{retrained}: {what}, found that {'; '.join(lacking)}")
    if "forget" not in scores:
        return
    for name in scores.sets.keys() & reference.sets.keys():
        _check_same(name, scores, reference, f"{retrained}: expected the same {name} rows as in {file}")


def prompts_differ(scores: Scores, reference: Scores) -> bool:
    """Whether the same forget rows were asked in other words, such as a template with another date."""
    if "forget" not in scores or not (texts_known(scores["forget"]) and texts_known(reference["forget"])):
        return False
    return scores["forget"].questions != reference["forget"].questions


def _check_same(name: str, scores: Scores, reference: Scores, expected: str) -> None:
    ours, theirs = scores[name], reference[name]
    if len(ours) != len(theirs):
        raise UserError(f"{expected} ({len(ours)}), found {len(theirs)}: is it the log of another split?")
    if not (texts_known(ours) and texts_known(theirs)) or ours.gold == theirs.gold:
        return
    others = [other for other in reference.sets if other != name and reference[other].gold == ours.gold]
    hint = f"they are its {others[0]} rows: parts changed places" if others else "is it the log of another split?"
    i = next(i for i, pair in enumerate(zip(ours.gold, theirs.gold, strict=True)) if pair[0] != pair[1])
    raise UserError(f"{expected}, found another answer in row {i}: {theirs.gold[i][:80]!r}; {hint}")


def _known(rows: SetScores) -> str | None:
    """Which of TOFU's sets begins with this gold answer."""
    return FIRST_ANSWER.get(hashlib.sha256(rows.gold[0].strip().encode()).hexdigest()[:16])
