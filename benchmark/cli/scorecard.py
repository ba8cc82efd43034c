"""``scorecard``: what the columns of a board are worth on models whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import folder_path, launch_changes
from benchmark.common.console import out, user_errors
from benchmark.common.errors import UserError


def scorecard(
    preset: Annotated[str, typer.Option(help="a preset's name, or a TOML file")] = "quick",
    models: Annotated[int, typer.Option(min=2, help="of each pool: that know the forget rows, that never did")] = 10,
    split: Annotated[str | None, typer.Option(help="[the preset's largest; with --urn: forget10]")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value; may be repeated")] = None,
    out_path: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=folder_path, help="a folder [results/<preset>-scorecard]; with --urn a .md or .csv file"
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="processes; 0: none but this one [the preset's, or one a core]")
    ] = None,
    device: Annotated[str | None, typer.Option(help='"auto", "cpu" or "cuda"')] = None,
    time_limit: Annotated[float | None, typer.Option(min=0, help="minutes; the same command goes on later")] = None,
    urn: Annotated[
        Path | None, typer.Option(help="a board's folder with many retrained models and doses: the yardstick alone")
    ] = None,
    draws: Annotated[int, typer.Option(min=10, help="with --urn: of K retrained models and a candidate")] = 300,
) -> None:
    """Say how well each column of a board tells models that know the forget rows from models that never saw them.

    With --urn FOLDER: how often the yardstick rejects retrained models that were held out, and which doses it finds.
    """
    with user_errors():
        if urn is not None:
            _urn(urn, split or "forget10", draws, out_path)
            return
        from benchmark.config.load import load_preset
        from benchmark.runs.checkpoints import MODELS
        from benchmark.scorecard.measure import scorecard as measured
        from benchmark.scorecard.pools import make_pools, pool_preset
        from benchmark.scorecard.tables import tables, write

        if out_path is not None and out_path.suffix in (".md", ".csv"):
            raise UserError(f"--out {out_path}: a scorecard takes a folder; a file is for --urn FOLDER")
        chosen = load_preset(preset, [*(set_ or ()), *launch_changes(device, None, None)])
        board = Path("results") / chosen.name  # whose models are not trained twice
        folder = out_path or board.with_name(f"{chosen.name}-scorecard")
        chosen = pool_preset(chosen, None if out_path else board / MODELS, split)
        if not make_pools(chosen, folder, models, workers=workers, time_limit=time_limit, say=out.print):
            return  # the time limit was reached, and has been told
        scores = measured(chosen, folder, models)
        files = write(scores, folder, chosen, models)
        out.print("\n\n".join(table.markdown() for table in tables(scores)))
        out.print(f"written: {', '.join(map(str, files))}")


def _urn(folder: Path, split: str, draws: int, out_file: Path | None) -> None:
    from benchmark.common.tables import markdown, write
    from benchmark.scorecard.real_models import tables

    made = tables(folder, split, draws=draws)
    if out_file is None:
        out.print(markdown(made))
    else:
        write(made, out_file)
        out.print(f"written: {out_file}")
