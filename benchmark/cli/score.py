"""``score``: measure a model that was trained elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def score(
    model: Annotated[str, typer.Argument(help="hub id, folder, or path/file.gguf")],
    data: Annotated[str, typer.Option(help="folder or hub id of TOFU or a dataset in its layout")] = "locuslab/TOFU",
    split: Annotated[str, typer.Option(help="forget01, forget05 or forget10")] = "forget10",
    retrained: Annotated[
        str | None,
        typer.Option(help="a model trained without the forget rows, or the FILE of an earlier score; or: none"),
    ] = None,
    out_file: Annotated[Path, typer.Option("--out", help="the JSON file to write")] = Path("scores.json"),
    prompt: Annotated[str | None, typer.Option(help=r'"Question: {question}\nAnswer:\n" [the chat template]')] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="only the first rows of each set")] = None,
    dtype: Annotated[str, typer.Option(help="float32 or bfloat16")] = "float32",
    device: Annotated[str, typer.Option(help='"auto", "cpu" or "cuda"')] = "auto",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="longest greedy answer")] = 200,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="run code that comes with a model")
    ] = False,
) -> None:
    """Score any causal language model, without training."""
    with user_errors():
        from benchmark.runs.score import ScoreRequest, score_to_file

        request = ScoreRequest(
            data=data, split=split, prompt=prompt, limit=limit, dtype=dtype, device=device,
            max_new_tokens=max_new_tokens, trust_remote_code=trust_remote_code,
        )  # fmt: skip
        measured = score_to_file(model, retrained, request, out_file)
        for name, measurement in measured.items():
            if measurement.value is None:
                out.print(f"{name:31} undefined: {', '.join(measurement.undefined)}")
            else:
                spread = "" if measurement.low is None else f"  [{measurement.low:.4g}, {measurement.high:.4g}]"
                out.print(f"{name:31} {measurement.value:.6g}{spread}  n={measurement.n}")
        out.print(f"written: {out_file}")
