"""Writing a dataset in TOFU's file layout, so that whatever reads TOFU can read it.

``datasets.load_dataset(folder, "forget10", split="train")`` and ``tofu.load(folder, ...)`` read the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.common.files import atomic_path
from benchmark.data.probes import probes_of
from benchmark.data.tofu import REFUSALS
from benchmark.data.types import Dataset, Example

_TITLE = "# A dataset in TOFU's layout"
_WRITTEN = re.compile(
    r"((full|forget\d\d|forget\d\d_asked_\w+|retain\d\d|(forget\d\d|retain|holdout(\d\d)?|real_authors|world_facts)_perturbed|real_authors|world_facts)"
    rf"\.json|README\.md|{re.escape(REFUSALS)})"
)
_PLAIN = ("question", "answer", "author", "value", "span")
_FULL = ("question", "answer", "paraphrased_answer", "perturbed_answers", "paraphrased_question") + _PLAIN[2:]
_TOFU_NAMES = {"perturbed_answers": "perturbed_answer"}


def export(dataset: Dataset, folder: str | Path) -> None:
    """Write ``dataset`` to ``folder``: a file of JSON lines for each part, the refusals, a README that names the parts.

    Beside TOFU's fields stand ``author``, ``value`` and ``span`` where they are known, and beside its parts the probes of each split,
    ``forget10_asked_<kind>`` (benchmark/data/probes.py). Pretraining examples are not part of TOFU's layout and are left out. An earlier export in ``folder`` is replaced as a whole.

    Raises:
        UserError: ``folder`` holds anything else, or a split is not named like TOFU's.
    """
    folder = Path(folder).resolve()
    _refuse_other_files(folder)
    parts = _parts(dataset)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for name, (rows, fields) in parts.items():
            (temporary / f"{name}.json").write_text(_json_lines(rows, fields), encoding="utf-8")
        refusals = "".join(f"{sentence}\n" for sentence in dataset.refusals)
        (temporary / REFUSALS).write_text(refusals, encoding="utf-8")
        (temporary / "README.md").write_text(_readme(dataset, parts), encoding="utf-8")


def _parts(dataset: Dataset) -> dict[str, tuple[tuple[Example, ...], tuple[str, ...]]]:
    """By TOFU's name of each part, its examples and the fields that it shows."""
    parts: dict[str, tuple[tuple[Example, ...], tuple[str, ...]]] = {"full": (dataset.full, _PLAIN)}
    for name, split in dataset.splits.items():
        percent = re.fullmatch(r"forget(\d\d)", name)
        if percent is None:
            raise UserError(f"split {name!r} has no place in TOFU's layout: name it forgetNN, by percent")
        number = percent[1]
        parts[name] = (split.forget, _PLAIN)
        parts[f"{name}_perturbed"] = (split.forget, _FULL)
        parts |= {f"{name}_asked_{kind}": (rows, _FULL) for kind, rows in probes_of(dataset, name).items()}
        parts[f"retain{100 - int(number):02d}"] = (split.retain, _PLAIN)
        # As many held-out examples as forgotten ones, since membership attacks compare the two; never fewer.
        if len(dataset.holdout) >= len(split.forget) > 0:
            parts[f"holdout{number}_perturbed"] = (dataset.holdout[: len(split.forget)], _FULL)
    parts["retain_perturbed"] = (dataset.retain_evaluation, _FULL)
    if dataset.holdout:
        parts["holdout_perturbed"] = (dataset.holdout, _FULL)
    for name, rows in (("real_authors", dataset.real_authors), ("world_facts", dataset.world_facts)):
        parts[name] = (rows, _PLAIN)
        parts[f"{name}_perturbed"] = (rows, _FULL)
    return parts


def _json_lines(rows: Iterable[Example], fields: tuple[str, ...]) -> str:
    """A JSON object for each row, all with the same fields: those that any of the rows knows."""
    rows = tuple(rows)
    known = [name for name in fields if any(getattr(row, name) not in (None, ()) for row in rows)]
    return "".join(
        json.dumps({_TOFU_NAMES.get(name, name): getattr(row, name) for name in known}) + "\n" for row in rows
    )


def _readme(dataset: Dataset, parts: Iterable[str]) -> str:
    configs = "\n".join(f"- config_name: {name}\n  data_files: {name}.json" for name in parts)
    notes = ", ".join(f"{key} {value}" for key, value in sorted(dataset.notes.items()))
    return (
        f"---\nconfigs:\n{configs}\n---\n{_TITLE}\n\n"
        f"Dataset `{dataset.name}`, identity `{dataset.identity}`{f' ({notes})' if notes else ''}.\n"
        f"One JSON object a line; `{REFUSALS}` holds refusals as plain text, one a line.\n"
    )


def _refuse_other_files(folder: Path) -> None:
    """An export replaces the folder, so the folder may hold nothing but an earlier export."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: name a folder to export to")
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not names:
        return
    readme = (folder / "README.md").read_text(encoding="utf-8") if "README.md" in names else ""
    others = sorted(name for name in names if not _WRITTEN.fullmatch(name))  # whatever the README lists
    if _TITLE not in readme or others:
        raise UserError(f"{folder} holds {min(others or names)}, which no export wrote: name a new or an empty folder")
