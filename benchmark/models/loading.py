"""Language models: a hub id, a folder, a GGUF file, or the tiny Llama that is made here.

Weights are read from safetensors (or GGUF) only, and code that comes with a model runs only when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.common.files import content_key, file_hash
from benchmark.common.hub import UNREACHABLE, without_network
from benchmark.models.onednn import Choice, use_onednn, wanted

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}  # float16's range is too small for log-probabilities


@dataclass(frozen=True)
class Loaded:
    """A model in memory with its tokenizer, and what identifies its weights."""

    model: nn.Module
    tokenizer: Any
    identity: str
    source: str


def load_model(
    source: str,
    *,
    dtype: str = "float32",
    device: str = "cpu",
    trust_remote_code: bool = False,
    matmul: Choice = "auto",
) -> Loaded:
    """Load a causal language model and its tokenizer.

    Args:
        source: hub id (``owner/name`` or ``owner/name@revision``), folder, or ``path/to/file.gguf``.
        matmul: whose products the linear layers take for float32 on a CPU (benchmark/models/onednn.py).

    Raises:
        UserError: nothing is there, it is no causal language model, its weights are not safetensors, or this torch
            does not have the products that ``matmul`` names.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    hide_progress_bars()
    if dtype not in DTYPES:
        raise UserError(f"unknown dtype {dtype!r}; there are: {', '.join(DTYPES)}")
    where, options = locate(source)
    offline = not Path(where).is_dir() and without_network()
    code = {"trust_remote_code": trust_remote_code}
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, **options, **code)
        with hidden_gguf_bar():
            model, report = AutoModelForCausalLM.from_pretrained(
                where,
                dtype=DTYPES[dtype],
                use_safetensors=None if "gguf_file" in options else True,
                output_loading_info=True,
                **options,
                **code,
            )
    except Exception as error:  # what a damaged file, or one of another kind, raises in there has no common class
        why = UNREACHABLE if offline else first_line(error)
        raise UserError(f"cannot load the model {source!r}: {why}") from error
    if missing := sorted(report["missing_keys"]):  # transformers would fill them with random numbers
        raise UserError(
            f"cannot load the model {source!r}: its weights lack {len(missing)} parameters, {missing[0]} first"
        )
    # Without the tokenizer's files transformers makes one up, which knows no text.
    if not tokenizer("a", add_special_tokens=False)["input_ids"]:
        raise UserError(
            f"cannot load the model {source!r}: its tokenizer's files are missing; save it beside the weights"
        )
    if "gguf_file" in options:
        # De-quantised weights are plain ones; with the quantisation note they could not be saved and read again.
        model.config.__dict__.pop("quantization_config", None)
        model.__dict__.pop("hf_quantizer", None)
    model = use_onednn(model.to(device).eval(), wanted(matmul))
    return Loaded(model, tokenizer, identify(source), source)


def first_line(error: Exception) -> str:
    """What an error says, in one line of at most 300 characters; its class's name where that alone says more."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else ""
    named = "" if isinstance(error, OSError | ValueError) and len(text) > 20 else f"{type(error).__name__}: "
    return f"{named}{text[:300]}"


def locate(source: str) -> tuple[str, dict[str, Any]]:
    """What transformers calls a source: a folder or hub id, and options of its loaders.

    Raises:
        UserError: it is neither a folder or GGUF file that is there nor written like a hub id.
    """
    path = Path(source)
    if path.suffix == ".gguf":
        if not path.is_file():
            raise UserError(f"there is no file {source}")
        return str(path.parent), {"gguf_file": path.name}
    if path.is_dir():
        return source, {}
    if source.count("/") != 1 or source.startswith((".", "/", "~")):
        raise UserError(f"there is no folder {source}; give a model's folder, a GGUF file or a hub id (owner/name)")
    where, _, revision = source.partition("@")
    return where, {"revision": revision} if revision else {}


def identify(source: str) -> str:
    """A name for a model's weights and tokenizer, found without loading them: file hashes, or the hub's commit.

    Raises:
        UserError: nothing is there.
    """
    path = Path(source)
    if path.suffix == ".gguf" and path.is_file():
        return f"gguf-{file_hash(path)[:16]}"
    if path.is_dir():
        kinds = ("*.safetensors", "*.json", "*.jinja", "*.model")
        files = sorted(p for kind in kinds for p in path.glob(kind))
        return f"folder-{content_key({p.name: file_hash(p) for p in files})}"
    from transformers import AutoConfig

    where, _, revision = source.partition("@")
    offline = without_network()
    try:
        config = AutoConfig.from_pretrained(where, revision=revision or None)
    except (OSError, ValueError) as error:
        why = f"{UNREACHABLE}: give a folder or a GGUF file" if offline else error
        raise UserError(f"cannot find the model {source!r}: {why}") from error
    return f"hub-{where}-{getattr(config, '_commit_hash', None) or revision or 'unknown'}"


def hide_progress_bars() -> None:
    """Turn transformers' progress bars off: a board shows one of its own for everything."""
    from transformers.utils import logging

    logging.disable_progress_bar()


@contextmanager
def hidden_gguf_bar() -> Iterator[None]:
    """Inside, reading a GGUF file shows no bar: transformers draws that one whatever its switch for bars says."""
    from transformers import modeling_gguf_pytorch_utils as gguf

    bar = getattr(gguf, "tqdm", None)  # theirs to import, so it may disappear
    if bar is None:
        yield
        return
    gguf.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        gguf.tqdm = bar


def save_model(model: nn.Module, tokenizer: Any, folder: str | Path, weights: dict[str, Tensor] | None = None) -> None:
    """Write model (safetensors) and tokenizer to a folder; of a sharded model the first rank gives the whole ``weights``."""
    hide_progress_bars()
    Path(folder).mkdir(parents=True)
    model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)
