"""``import``: a record from another suite's log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def import_results(
    file: Annotated[Path, typer.Argument(help="eval_log_aggregated.json, TOFU_EVAL.json or TOFU_SUMMARY.json")],
    log_format: Annotated[str, typer.Option("--format", help="tofu or open-unlearning")],
    retrained: Annotated[Path | None, typer.Option(help="the retrained model's log, or: none")] = None,
    out_folder: Annotated[Path, typer.Option("--out", help="the board's folder")] = Path("results/imported"),
    method: Annotated[str | None, typer.Option(help="the row's name [from the log's folder]")] = None,
    split: Annotated[str | None, typer.Option(help="forget01, forget05 or forget10 [from the log]")] = None,
    seed: Annotated[int, typer.Option(help="of the run that the log is of")] = 0,
) -> None:
    """Turn another suite's log into a record: every metric that its rows allow is computed again."""
    with user_errors():
        from benchmark.records.importers import import_log, report_lines

        record = import_log(file, retrained, log_format, out_folder, method, split, seed)
        for line in report_lines(record):
            out.print(line)
        out.print(f"make its board: python run_benchmark.py leaderboard {out_folder}")
