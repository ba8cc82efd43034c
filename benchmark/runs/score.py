"""``score``: measure a model that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import metrics
from benchmark.common.devices import resolve_device
from benchmark.common.errors import UserError, unknown_name
from benchmark.common.files import read_json, write_json
from benchmark.common.progress import progress_bar
from benchmark.common.provenance import provenance
from benchmark.config.prompt import PLACE, template_text
from benchmark.config.schema import DatasetChoice
from benchmark.data.load import load_dataset
from benchmark.evaluation.evaluate import score_model, scoring_units
from benchmark.evaluation.scores import Scores
from benchmark.models.loading import DTYPES, identify, load_model, locate
from benchmark.models.tokenization import PromptTokenizer
from benchmark.records.record import now
from benchmark.records.score_files import load_scores, save_scores

HOW_TO_RETRAIN = (
    "forget_quality compares with a model trained without the forget rows: give it as --retrained MODEL2, or the FILE "
    "of an earlier score of it; repeat it for several, which the distance needs. To score such a model itself, or to do without forget_quality: --retrained none"
)


@dataclass(frozen=True)
class ScoreRequest:
    """On what and how models are scored."""

    data: str
    split: str
    prompt: str | None = None
    limit: int | None = None
    dtype: str = "float32"
    device: str = "auto"
    max_new_tokens: int = 200
    trust_remote_code: bool = False

    def check(self) -> None:
        """Raise UserError for a precision, a device or a prompt that there is not."""
        resolve_device(self.device)
        if self.dtype not in DTYPES:
            raise unknown_name("dtype", self.dtype, DTYPES)
        try:
            template_text(self.prompt if self.prompt is not None else PLACE)
        except ValueError as error:
            raise UserError(f"--prompt: {error}") from None


def score_to_file(
    model: str,
    retrained: str | Sequence[str] | None,
    request: ScoreRequest,
    out: str | Path,
    names: Sequence[str] | None = None,
    finetuned: str | None = None,
) -> dict[str, metrics.Measurement]:
    """Score a model, measure it against retrained ones, and write FILE (JSON) with its scores beside it (Parquet).

    Args:
        model: hub id, folder or GGUF file.
        retrained: one or several, each the same, or the FILE of an earlier score; "none" alone for none. The distance from retrained
            models needs two of them, its test three.
        names: metrics by name or ``.py`` file; by default all of the project's but replicas.
        finetuned: the model before unlearning, likewise; the residual and what is kept of utility need it.

    Raises:
        UserError: bad input; nothing is written then.
    """
    retrained = [retrained] if isinstance(retrained, str) else list(retrained or ())
    if not retrained or ("none" in retrained and len(retrained) > 1):
        raise UserError(HOW_TO_RETRAIN)
    out, names = Path(out), list(dict.fromkeys(names)) if names else None
    if out.suffix != ".json" or out.is_dir():
        raise UserError(f"--out must name a .json file, not {out}")
    for name in names or ():
        metrics.load_metric(name)
    request.check()
    for source in [model, *retrained, finetuned]:
        if source not in (None, "none") and not _is_file(source):
            locate(source)
    dataset = load_dataset(DatasetChoice(name="tofu", source=request.data), [request.split])
    sets = {name: rows[: request.limit] for name, rows in dataset.evaluation(request.split).items()}
    shared = {
        "split": request.split,
        "dataset": dataset.identity,
        "limit": request.limit,
        "max_new_tokens": request.max_new_tokens,
    }
    known = [source for source in retrained if source != "none"]
    if len(set(known)) < len(known):
        raise UserError(
            "--retrained: the same model twice; the yardstick is how far different retrained models lie apart"
        )
    earlier = {source: _earlier(source, shared, request.prompt) for source in [*known, finetuned] if _is_file(source)}
    _refuse_itself(model, {source: earlier.get(source) for source in known})
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out: cannot write to {out.parent}: {error.strerror}") from None
    scores = _score(model, request, sets, shared)

    def other(source: str) -> Scores:
        return earlier[source] if source in earlier else _score(source, request, sets, shared)

    references = metrics.References(tuple(other(s) for s in known), None if finetuned is None else other(finetuned))
    measured = metrics.measure_all(scores, references, names=names)
    save_scores(scores, out.with_suffix(".parquet"))
    write_json(
        out,
        {
            "schema_version": 1,
            "metrics": {name: m.to_json() for name, m in measured.items()},
            "model": {"source": model, "identity": scores.meta["model"]},
            "retrained": [_identity(*pair) for pair in zip(known, references.retrained, strict=True)],
            "finetuned": _identity(finetuned, references.finetuned),
            "data": {
                "source": request.data,
                "split": request.split,
                "identity": dataset.identity,
                "limit": request.limit,
            },
            "scoring": {k: scores.meta[k] for k in ("prompt", "dtype", "device", "max_new_tokens")},
            "scores": out.with_suffix(".parquet").name,
            "provenance": provenance(),
            "created": now(),
        },
    )
    return measured


def _refuse_itself(model: str, retrained: Mapping[str, Scores | None]) -> None:
    """Raise UserError where a retrained model has the very weights of the scored one, or of another.

    Args:
        retrained: source -> its scores, where they are known.
    """
    seen = {identify(model): f"the scored model, {model}"}
    for source, scores in retrained.items():
        identity = identify(source) if scores is None else str(scores.meta["model"])
        if identity in seen:
            raise UserError(f"--retrained {source} is {seen[identity]}: name a model trained without the forget rows")
        seen[identity] = f"another retrained one, {source}"


def _is_file(source: str | None) -> bool:
    return source is not None and source.endswith(".json")


def _identity(source: str | None, scores: Scores | None) -> dict[str, Any] | None:
    return None if scores is None else {"source": source, "identity": scores.meta["model"]}


def _score(source: str, request: ScoreRequest, sets: dict, shared: dict[str, Any]) -> Scores:
    device = resolve_device(request.device)
    loaded = load_model(source, dtype=request.dtype, device=device, trust_remote_code=request.trust_remote_code)
    prompt_tokenizer = PromptTokenizer(loaded.tokenizer, request.prompt)
    meta = shared | {
        "model": loaded.identity,
        "prompt": prompt_tokenizer.identity,
        "dtype": request.dtype,
        "device": device,
    }
    with progress_bar(scoring_units(sets)) as bar:
        bar.phase(Path(source).name, "scoring")
        return score_model(
            loaded.model,
            prompt_tokenizer,
            sets,
            max_new_tokens=request.max_new_tokens,
            device=device,
            meta=meta,
            on_progress=bar.advance,
        )


def _earlier(path: str | None, shared: dict[str, Any], prompt: str | None) -> Scores:
    """The scores beside an earlier FILE, if they are of the same rows."""
    file = Path(str(path))
    if not file.is_file():
        raise UserError(f"there is no file {path}; {HOW_TO_RETRAIN}")
    content = read_json(file, "the scores file")
    name = content.get("scores") if isinstance(content, dict) else None
    if not isinstance(name, str):
        raise UserError(f"{path} was not written by `score`; {HOW_TO_RETRAIN}")
    scores = load_scores(file.parent / name)
    for key, value in shared.items():
        if scores.meta.get(key) != value:
            raise UserError(
                f"{path} was scored with {key} {scores.meta.get(key)!r}, this model with {value!r}: "
                "score both on the same data, split and limit, with the same --max-new-tokens"
            )
    theirs = scores.meta.get("prompt", "")
    if theirs != prompt.replace("\\n", "\n") if prompt else not theirs.startswith("chat:"):
        raise UserError(
            f"{path} was scored with prompt {theirs!r}, this model with {prompt or 'its chat template'!r}: "
            "score both with the same --prompt"
        )
    return scores
