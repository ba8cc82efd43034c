"""``list``: what there is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


class Listing(StrEnum):
    methods = "methods"
    metrics = "metrics"
    controls = "controls"
    attacks = "attacks"
    presets = "presets"
    datasets = "datasets"
    corpora = "corpora"  # the datasets' name before version 0.2


def list_(
    what: Annotated[Listing, typer.Argument(help="methods, metrics, controls, attacks, presets or datasets")],
) -> None:
    """List what there is."""
    with user_errors():
        from benchmark.cli.listings import listing

        out.print(listing(what.value))
