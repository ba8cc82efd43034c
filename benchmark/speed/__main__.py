"""The speed command: the plain way of evaluating and training against this project's, in one run.

A model and a dataset are scored both ways, each phase is timed and counted, and what both found is compared.
"""

from __future__ import annotations

import os
import platform
import warnings
from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def main(
    model: Annotated[
        str, typer.Option(help="tiny (made and briefly trained here), or any model that `score` takes")
    ] = "tiny",
    vocabulary: Annotated[int, typer.Option(min=300, help="tokens of the tiny model's own tokenizer")] = 4096,
    tokenizer: Annotated[str | None, typer.Option(help="the tiny model's instead: folder, hub id or GGUF file")] = None,
    data: Annotated[str | None, typer.Option(help="folder or hub id of TOFU or its like [generated authors]")] = None,
    split: Annotated[str, typer.Option(help="forget01, forget05 or forget10")] = "forget10",
    limit: Annotated[int | None, typer.Option(min=2, help="only the first rows of each set")] = None,
    prompt: Annotated[
        str | None, typer.Option(help="as in `score` [a plain one for tiny, else the chat template]")
    ] = None,
    device: Annotated[str, typer.Option(help='"auto", "cpu" or "cuda"')] = "auto",
    dtype: Annotated[str, typer.Option(help="of a model that is loaded: float32 or bfloat16")] = "float32",
    threads: Annotated[int | None, typer.Option(min=1, help="of torch on the CPU [torch's choice]")] = None,
    train_steps: Annotated[int, typer.Option(min=0, help="of the tiny model, before anything is timed")] = 100,
    max_new_tokens: Annotated[int, typer.Option(min=1)] = 200,
    steps: Annotated[bool, typer.Option(help="compare training steps too")] = True,
    ceilings: Annotated[
        bool, typer.Option(help="measure what the machine can do, and the share of it that is reached")
    ] = True,
    out_file: Annotated[Path | None, typer.Option("--out", help="write .md or .json")] = None,
) -> None:
    """Measure both ways on one model and dataset."""
    with user_errors():
        import torch

        from benchmark.common.devices import resolve_device
        from benchmark.common.files import write_json
        from benchmark.speed.ceilings import measure
        from benchmark.speed.compare import compare
        from benchmark.speed.report import as_json, markdown
        from benchmark.speed.setting import evaluation_sets, setting
        from benchmark.speed.steps import step_seconds

        warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
        if threads:
            torch.set_num_threads(threads)
        where = resolve_device(device)
        network, prompt_tokenizer, dataset = setting(
            model, tokenizer, vocabulary, data, split, prompt, dtype, where, train_steps, say=out.print
        )
        sets = evaluation_sets(dataset, split, limit)
        comparison = compare(network, prompt_tokenizer, sets, max_new_tokens, where)
        rows = dataset.full[: 10 * 32 if limit is None else limit]
        seconds = step_seconds(network, prompt_tokenizer, rows, where) if steps else None
        limits = measure(where, next(network.parameters()).dtype) if ceilings else None
        size = sum(p.numel() for p in network.parameters())
        if where == "cpu":
            hardware = f"{os.cpu_count()} CPU cores ({platform.machine()}), {torch.get_num_threads()} threads"
        else:
            hardware = torch.cuda.get_device_name()
        about = (
            f"{model}: {size / 1e6:.1f} million parameters, {network.config.vocab_size:,} tokens, "
            f"{next(network.parameters()).dtype}".replace("torch.", "")
            + f"; {dataset.name} {split}, {sum(map(len, sets.values())):,} questions"
            + (f" (first {limit} of each set)" if limit else "")
            + f"; {hardware}; torch {torch.__version__}."
        )
        text = markdown(about, comparison, seconds, limits)
        out.print(text, markup=False)
        if out_file is not None and out_file.suffix == ".json":
            write_json(out_file, as_json(about, comparison, seconds, limits))
        elif out_file is not None:
            out_file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
