"""``sweep``: give every method the same grid of one constant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import comma_separated, folder_path, launch_changes
from benchmark.common.console import out, user_errors
from benchmark.common.errors import UserError


def sweep(
    grid: Annotated[str | None, typer.Option(help="instead of the preset's [sweep], e.g. lr=1e-4,3e-4,1e-3")] = None,
    preset: Annotated[str, typer.Option(help="a preset's name, or a TOML file")] = "quick-all",
    methods: Annotated[str | None, typer.Option(help="instead of the preset's, with commas")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value; may be repeated")] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", parser=folder_path, help="[results/<preset>-sweep]")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="processes; 0: none but this one")] = None,
    device: Annotated[str | None, typer.Option(help='"auto", "cpu" or "cuda"')] = None,
    launcher: Annotated[str | None, typer.Option(help='"local", or "ray" for a cluster (docs/clusters.md)')] = None,
    time_limit: Annotated[float | None, typer.Option(min=0, help="minutes; the same command goes on later")] = None,
    run_limit: Annotated[float | None, typer.Option(help="minutes; a trial that takes longer fails")] = None,
) -> None:
    """Give every method the same grid of one constant, and choose without looking at retrained models.

    The trained models are those of the preset's own board in results/<preset>.
    """
    with user_errors():
        from benchmark.config.load import load_preset
        from benchmark.runs.checkpoints import MODELS
        from benchmark.runs.sweep import run_sweep
        from benchmark.runs.sweep_files import summary, write_sweep

        changes = [*(set_ or ()), *launch_changes(device, run_limit, launcher)]
        if grid is not None:
            key, equals, values = grid.partition("=")
            if not equals or not values:
                raise UserError(f"--grid takes key=value,value,..., for example lr=1e-4,3e-4; it got {grid!r}")
            changes += [f"sweep.key={key}", f"sweep.values=[{values}]"]
        chosen = load_preset(preset, changes, methods=comma_separated(methods, "--methods"))
        board = Path("results") / chosen.name
        folder = out_folder or board.with_name(f"{chosen.name}-sweep")
        outcome = run_sweep(
            chosen, folder, models=board / MODELS,
            workers=workers, time_limit=time_limit, say=out.print,
        )  # fmt: skip
        if outcome is None:
            return
        for choice in outcome.choices:
            out.print(summary(choice))
        out.print(f"written: {', '.join(map(str, write_sweep(folder, outcome)))}")
