"""The command line. Each command is a file here; torch and its like are imported inside it, so that listing stays quick."""

from __future__ import annotations

import sys
import warnings
from importlib import metadata
from typing import Annotated

import typer

from benchmark.cli.catalogue import list_
from benchmark.cli.check import check_method
from benchmark.cli.claims import claims
from benchmark.cli.compare import compare
from benchmark.cli.export_dataset import export_dataset
from benchmark.cli.import_log import import_results
from benchmark.cli.leaderboard import leaderboard
from benchmark.cli.metrics import recompute_metrics
from benchmark.cli.paper import paper
from benchmark.cli.publish import publish
from benchmark.cli.reproduce import reproduce
from benchmark.cli.run import run
from benchmark.cli.score import score
from benchmark.cli.scorecard import scorecard
from benchmark.cli.site import site
from benchmark.cli.sweep import sweep
from benchmark.common.console import out

app = typer.Typer(
    rich_markup_mode=None,  # a bracket in a help text is a bracket
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(score)
app.command()(leaderboard)
app.command()(sweep)
app.command()(publish)
app.command()(reproduce)
app.command()(site)
app.command()(claims)
app.command()(paper)
app.command()(compare)
app.command()(scorecard)
app.command(name="metrics")(recompute_metrics)
app.command(name="import")(import_results)
app.command(name="list")(list_)
app.command(name="check")(check_method)
app.command(name="export-dataset")(export_dataset)
app.command(name="export-corpus", hidden=True)(export_dataset)  # its name before version 0.2


OWN_OPTIONS = ("--help", "--version", "--install-completion", "--show-completion")


def show_version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        out.print(f"unlearn-bench {metadata.version('unlearn-bench')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """A benchmark for unlearning in language models. Without a command: make the quick board."""


def main() -> None:
    """Entry point. Without a command, or with options only, the command is ``run``."""
    if len(sys.argv) == 1 or (sys.argv[1].startswith("-") and sys.argv[1] not in OWN_OPTIONS):
        sys.argv.insert(1, "run")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # meant for its developers
    app()
