"""``run``: make a board."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import comma_separated, end_with_failed, folder_path, launch_changes, show_board
from benchmark.common.console import out, user_errors
from benchmark.common.errors import UserError


def run(
    preset: Annotated[str, typer.Option(help="a preset's name, or a TOML file")] = "quick",
    methods: Annotated[
        str | None, typer.Option(help="instead of the preset's: names or .py files, with commas")
    ] = None,
    splits: Annotated[str | None, typer.Option(help="instead of the preset's, with commas")] = None,
    seeds: Annotated[str | None, typer.Option(help="of unlearning, with commas")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, e.g. training.lr=3e-4; may be repeated")
    ] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", parser=folder_path, help="the board's folder [results/<preset>]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="processes; 0: none but this one [the preset's, or one a core]")
    ] = None,
    device: Annotated[str | None, typer.Option(help='"auto", "cpu" or "cuda"')] = None,
    launcher: Annotated[str | None, typer.Option(help='"local", or "ray" for a cluster (docs/clusters.md)')] = None,
    time_limit: Annotated[float | None, typer.Option(min=0, help="minutes; the same command goes on later")] = None,
    run_limit: Annotated[
        float | None, typer.Option(help="minutes; a run that takes longer is recorded as failed, and the board goes on")
    ] = None,
    attacks: Annotated[bool, typer.Option("--attacks/--no-attacks", help="push every row, as the preset says")] = True,
    tune: Annotated[
        bool, typer.Option("--tune", help="first the preset's [sweep]; its choices go into the board")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what would be run, in what memory and hours; writes nothing")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="start over: remove what the folder holds")] = False,
) -> None:
    """Make a board: train, unlearn, score, and write the leaderboard. Continues where it was stopped."""
    with user_errors():
        from benchmark.config.load import load_preset
        from benchmark.runs.board import run_board, start_over
        from benchmark.runs.checkpoints import MODELS
        from benchmark.runs.dry_run import outline
        from benchmark.runs.sweep import run_sweep, tuned
        from benchmark.runs.sweep_files import write_sweep

        try:
            seed_numbers = None if seeds is None else [int(seed) for seed in comma_separated(seeds, "--seeds") or []]
        except UserError:
            raise
        except ValueError:
            raise UserError(f"--seeds takes whole numbers with commas, for example 0,1; it got {seeds!r}") from None
        changes = [
            *(set_ or ()),
            *launch_changes(device, run_limit, launcher),
            *([] if attacks else ["attacks=[]"]),
        ]
        chosen = load_preset(
            preset,
            changes,
            methods=comma_separated(methods, "--methods"),
            splits=comma_separated(splits, "--splits"),
            seeds=seed_numbers,
        )
        folder = out_folder or Path("results") / chosen.name
        if dry_run:
            from benchmark.costs.report import costs

            out.print(outline(chosen, tune))
            out.print(costs(chosen, tune))
            return
        begin = time.monotonic()
        if tune:
            beside = folder.with_name(f"{folder.name}-sweep")
            for old in (folder, beside) if fresh else ():
                start_over(old)
            fresh = False  # the sweep makes the models that the board goes on with
            outcome = run_sweep(
                chosen, beside, models=folder / MODELS, workers=workers, time_limit=time_limit, say=out.print
            )
            if outcome is None:
                return
            out.print(f"written: {', '.join(map(str, write_sweep(beside, outcome)))}")
            chosen = tuned(chosen, outcome)
        if time_limit is not None:
            time_limit = max(0.0, time_limit - (time.monotonic() - begin) / 60)
        plan = run_board(chosen, folder, fresh=fresh, workers=workers, time_limit=time_limit, say=out.print)
        if not plan.tasks:
            out.print(f"all {plan.runs} runs are there in {folder}; --fresh starts over")
        show_board(folder)
        end_with_failed(plan.failed, folder)
