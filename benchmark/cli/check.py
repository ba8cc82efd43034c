"""``check``: the conformance suite on one method."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def check_method(
    method: Annotated[str, typer.Argument(help="a method's name, or path/to/mine.py")],
) -> None:
    """Run the conformance suite on a method, on two tiny architectures."""
    with user_errors():
        from benchmark.conformance.run import run_checks
        from benchmark.conformance.toy import ARCHITECTURES

        failed = 0
        for architecture in ARCHITECTURES:
            first: dict[str, str] = {}  # reason -> the check that gave it first
            for result in run_checks(method, architecture):
                failed += not result.passed
                known = first.setdefault(result.reason, result.name)
                reason = result.reason if known == result.name or result.passed else f"as {known}"
                out.print(f"{'pass' if result.passed else 'FAIL'}  {architecture:9} {result.name}  {reason}")
        out.print("all checks passed" if not failed else f"{failed} checks failed")
        if failed:
            raise SystemExit(1)
