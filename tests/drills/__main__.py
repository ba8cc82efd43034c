"""``make drills``: disturb a tiny board in every way that is drilled, and write what it survived to docs/reliability.md."""

from __future__ import annotations

import datetime
import signal
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.files import write_text
from benchmark.common.provenance import provenance
from benchmark.common.tables import markdown_table
from tests.conftest import ROOT
from tests.drills.disks import damaged, full, read_only, why_no_mounts
from tests.drills.grid import command, content, copy_without_methods, finish
from tests.drills.kills import ended, moments, two_at_once

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- drills: written by `make drills` -->", "<!-- end of drills -->"
DAMAGES = ("empty", "cut short", "a folder in its place")
FILES = {
    "record": ("records/finetuned/*.json", (*DAMAGES, "a flipped bit", "a changed digit", "a newer schema")),
    "scores": ("records/finetuned/*.parquet", (*DAMAGES, "a flipped bit")),
    "model": ("cache/models/finetuned-*/model.safetensors", (*DAMAGES, "a flipped bit")),
}


def main(
    kills: Annotated[int, typer.Option(min=1, help="of the driver and of a worker, each")] = 50,
    signals: Annotated[int, typer.Option(min=1, help="SIGTERM and SIGINT, each")] = 10,
    seed: Annotated[int, typer.Option(help="of the moments")] = 0,
    damages: Annotated[bool, typer.Option(help="damage files and fill the disk too")] = True,
) -> None:
    """Disturb a tiny board, and write the table of what was tried and survived to docs/reliability.md."""
    tried: dict[str, list[list[str]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        board = place / "undisturbed"
        assert finish(command(board, workers=2), place / "log.txt") == 0, (place / "log.txt").read_text()
        known = content(board)
        begin = time.monotonic()
        assert finish(command(copy_without_methods(board, place / "timed"), workers=1), place / "log.txt") == 0
        longest = time.monotonic() - begin

        def drill(name: str, survive, *arguments) -> None:
            here = place / f"drill-{sum(map(len, tried.values()))}"
            here.mkdir()
            wrong = survive(board, known, here, *arguments)
            tried[name].append(wrong)
            write_page(tried)  # a run that is stopped has told what it tried
            print(f"{name}: {'survived' if not wrong else '; '.join(wrong)}", flush=True)

        for moment in moments(kills, longest, seed):
            drill("kill -9 of the driver", ended, signal.SIGKILL, False, moment)
        for moment in moments(kills, longest, seed + 1):
            drill("kill -9 of a worker", ended, signal.SIGKILL, True, moment)
        for how in (signal.SIGTERM, signal.SIGINT):
            for moment in moments(signals, longest, seed + how):
                drill(f"{how.name} to the driver", ended, how, False, moment)
        drill("the same command twice at once", two_at_once, "run")
        drill("a sweep and a board at once", two_at_once, "sweep")
        for kibibytes in (1, 8) if damages else ():
            drill("a disk that takes no more", full, kibibytes)
        no_mounts = why_no_mounts() if damages else "left out"
        for sub in ("", "records") if not no_mounts else ():
            drill("a read-only folder", read_only, sub)
        if no_mounts:
            print(f"a read-only folder: not tried, {no_mounts}", flush=True)
        for kind, (pattern, ways) in FILES.items() if damages else ():
            for damage in ways:
                drill(f"damaged {kind}", damaged, pattern, damage)
    raise SystemExit(any(wrong for results in tried.values() for wrong in results))


def write_page(tried: dict[str, list[list[str]]]) -> None:
    """Put the table into its place in docs/reliability.md."""
    rows = []
    for name, results in tried.items():
        wrong = sorted({problem for problems in results for problem in problems})
        rows.append((name, str(len(results)), str(sum(not r for r in results)), "; ".join(wrong) or "–"))
    git = provenance()["git"]
    commit = f"{git['commit'][:10]}{' with uncommitted changes' if git.get('dirty') else ''}"
    head = ("drill", "tried", "survived", "what was wrong")
    table = f"On {datetime.date.today()}, commit {commit}:\n\n{markdown_table(head, rows, 'lrrl')}"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    write_text(PAGE, f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    typer.run(main)
