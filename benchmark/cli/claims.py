"""``claims``: how the RKLD paper's claims fare on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def claims(folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/quick")]) -> None:
    """How the RKLD paper's claims fare on a board: claims.md and claims.csv beside its records."""
    with user_errors():
        from benchmark.rkld_claims import examine, write_claims

        findings = examine(folder)
        for finding in findings:
            out.print(f"{finding.claim}. {finding.title}, {finding.split}: {finding.verdict}")
        out.print(f"written: {', '.join(map(str, write_claims(folder, findings)))}")
