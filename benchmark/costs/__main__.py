"""``python -m benchmark.costs results/published/quick --preset quick``: what the runs took beside what is told of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors
from benchmark.common.errors import UserError


def compare(
    folder: Annotated[Path, typer.Argument(help="a board's folder")],
    preset: Annotated[str, typer.Option(help="the preset that it was made from")] = "quick",
) -> None:
    """Seconds of every phase of a board's runs, measured then and told now from this processor's rates."""
    with user_errors():
        from benchmark.config.load import load_preset
        from benchmark.costs.known import preset_sizes
        from benchmark.costs.measured import phases
        from benchmark.costs.rates import cpu_rates, cpu_seconds
        from benchmark.costs.texts import texts_of

        chosen = load_preset(preset, [])
        sizes = preset_sizes(chosen)
        rates = cpu_rates(chosen, sizes, texts_of(chosen))
        met = phases(chosen, folder, lambda made: cpu_seconds(made, sizes, rates))
        if not met:
            raise UserError(f"{folder} has no run of preset {preset}: name the preset that it was made from")
        by_name = defaultdict(list)
        for phase in met:
            by_name[phase.name].append(phase)
            out.print(f"{phase.row:34} {phase.name:10} {phase.measured:7.1f} s, told {phase.told:7.1f}")
        for name, some in by_name.items():
            measured, told = sum(p.measured for p in some), sum(p.told for p in some)
            ratios = median(p.told / p.measured for p in some)
            out.print(
                f"{name:10} {measured:7.0f} s, told {told:7.0f}: {told / measured:.2f}; median of runs {ratios:.2f}"
            )
        measured, told = sum(p.measured for p in met), sum(p.told for p in met)
        out.print(f"all        {measured:7.0f} s, told {told:7.0f}: {told / measured:.2f}")


if __name__ == "__main__":
    typer.run(compare)
