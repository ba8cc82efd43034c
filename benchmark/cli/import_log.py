"""``import``: a record from another suite's log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def import_results(
    file: Annotated[Path, typer.Argument(help="eval_log_aggregated.json, TOFU_EVAL.json or TOFU_SUMMARY.json")],
    log_format: Annotated[str, typer.Option("--format", help="tofu or open-unlearning")],
    retrained: Annotated[
        list[Path] | None, typer.Option(help="the retrained model's log; may be repeated; or: none")
    ] = None,
    out_folder: Annotated[Path, typer.Option("--out", help="the board's folder")] = Path("results/imported"),
    method: Annotated[
        str | None,
        typer.Option(help="the row's name; finetuned, retrained and base are no methods [from the log's folder]"),
    ] = None,
    split: Annotated[str | None, typer.Option(help="forget01, forget05 or forget10 [from the log]")] = None,
    seed: Annotated[int, typer.Option(help="of the run that the log is of")] = 0,
    beside: Annotated[
        Path | None,
        typer.Option(
            help="FILE of a score of the same model, or its record's: print why its numbers are not the log's"
        ),
    ] = None,
) -> None:
    """Turn another suite's log into a record: every metric that its rows allow is computed again."""
    with user_errors():
        from benchmark.records.importers import beside_lines, import_log, load_ours, report_lines

        ours = None if beside is None else load_ours(beside)  # before anything is written
        record = import_log(file, retrained, log_format, out_folder, method, split, seed)
        for line in report_lines(record):
            out.print(line)
        if ours is not None:
            for line in ["", *beside_lines(record, out_folder, ours), ""]:
                out.print(line)
        out.print(f"make its board: python run_benchmark.py leaderboard {out_folder}")
