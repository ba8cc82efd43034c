"""Templates, scripts and styles put together to one file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.page.secure import json_block, policy

HERE = Path(__file__).resolve().parent


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, *, scripts: tuple[str, ...], styles: tuple[str, ...], data: Any = None, **values: Any) -> str:
    """A page as text.

    Args:
        template: file of ``templates``.
        scripts: files of ``scripts``, without suffix, in the order in which they run; all share one scope.
        styles: files of ``styles``, without suffix.
        data: what the scripts read, as JSON values.
        values: what the template reads besides ``script``, ``style``, ``policy`` and ``data``.
    """
    bodies = [(HERE / "scripts" / f"{name}.js").read_text(encoding="utf-8") for name in scripts]
    script = '(function () {\n"use strict";\n' + "".join(bodies) + "})();\n" if bodies else ""
    style = "".join((HERE / "styles" / f"{name}.css").read_text(encoding="utf-8") for name in styles)
    return (
        _environment()
        .get_template(template)
        .render(
            script=Markup(script),  # the project's own files, no data in them
            style=Markup(style),
            policy=policy(script, style),
            data=Markup(json_block(data)),
            **values,
        )
    )
