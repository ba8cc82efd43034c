"""``score``: measure a model that was trained elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.common.console import out, user_errors

if TYPE_CHECKING:
    from metrics import Measurement


def score(
    model: Annotated[str, typer.Argument(help="hub id, folder, or path/file.gguf")],
    data: Annotated[str, typer.Option(help="folder or hub id of TOFU or a dataset in its layout")] = "locuslab/TOFU",
    split: Annotated[str, typer.Option(help="forget01, forget05 or forget10")] = "forget10",
    retrained: Annotated[
        list[str] | None,
        typer.Option(
            help="a model trained without the forget rows, or the FILE of an earlier score; may be repeated; or: none"
        ),
    ] = None,
    finetuned: Annotated[
        str | None, typer.Option(help="the model before unlearning, or the FILE of an earlier score")
    ] = None,
    out_file: Annotated[Path, typer.Option("--out", help="the JSON file to write")] = Path("scores.json"),
    metric: Annotated[
        list[str] | None, typer.Option(help="only this one (name or .py file; replicas too); may be repeated")
    ] = None,
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
        measured = score_to_file(model, retrained, request, out_file, metric, finetuned)
        for line in report(measured):
            out.print(line)
        out.print(f"written: {out_file}")


def report(measured: Mapping[str, Measurement]) -> Iterator[str]:
    """A line for each measurement that has a value, and one that counts the others by their reasons."""
    width = max(map(len, measured), default=0)
    reasons: Counter[str] = Counter()
    for name, m in measured.items():
        if m.value is None:
            reasons[next(iter(m.undefined))] += 1
            continue
        spread = "" if m.low is None else f"  [{m.low:.4g}, {m.high:.4g}]"
        yield f"{name:{width}}  {m.value:.6g}{spread}  n={m.n}"
    if reasons:
        counted = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        yield f"{reasons.total()} undefined: {counted}"
