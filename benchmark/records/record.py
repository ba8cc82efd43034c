"""Records: one JSON file a run, with its scores as Parquet beside it. Boards are made from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from benchmark.common.errors import UserError, damaged
from benchmark.common.files import read_json, write_json
from benchmark.common.names import FileName, Line
from benchmark.config.schema import FORMER_KEYS
from benchmark.evaluation.scores import Scores
from benchmark.records.checksum import is_changed, with_checksum
from benchmark.records.soundness import sound_metrics, sound_provenance, sound_seconds

SCHEMA_VERSION = 3
FORMER_COLUMNS = {
    "forget_quality_other_half": "forget_quality_test_authors",  # of schema 1
    "forget_leak_at_k": "forget_verbatim_leak_at_k",  # of schema 2
    "forget_excess_leak_at_k": "forget_excess_verbatim_leak_at_k",
}
NO_INTERVAL = "none: its record has one of before version 0.3, which covered too little; run it again"
REMOVED_COLUMNS = {"mia_gradnorm"}  # of metrics that are gone; ignored where they have no value
REFERENCE_ROWS = ("finetuned", "retrained", "base")  # rows that are models, not methods
INFINITE = 1e30  # nats, in ``forget_rows``
Role = Literal["method", "model", "control"]


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Record(BaseModel):
    """One run: what it was, how it went, and every metric. Keys that later versions add are ignored."""

    model_config = ConfigDict(extra="ignore")

    schema_version: int = SCHEMA_VERSION
    key: FileName  # hash of everything that the numbers depend on
    board: Line
    method: FileName
    split: Line
    seed: int
    role: Role = "method"
    dose: float | None = None  # share of the forget rows that the model was trained with, of a dose control
    reference: bool = False  # before schema 3: the one retrained model that the others were compared with
    status: Literal["ok", "diverged", "failed"]
    reason: str = ""
    step: int | None = None  # at which training broke
    partial: bool = False  # fewer rows than the sets have were scored
    config: dict[str, Any] = Field(default_factory=dict)
    dataset: dict[str, Any] = Field(default_factory=dict)
    model: dict[str, Any] = Field(default_factory=dict)
    metrics: Annotated[dict[str, dict[str, Any]], AfterValidator(sound_metrics)] = Field(default_factory=dict)
    reference_key: str | None = None  # before schema 3: of that model
    compared_with: dict[str, list[str]] = Field(default_factory=dict)  # kind of model -> keys of their records
    source: Literal["run", "imported"] = "run"
    reported: dict[str, float | None] = Field(default_factory=dict)  # imported: what the log itself claims
    notes: dict[str, float] = Field(default_factory=dict)  # what the method's rows were like, by name
    # Of each forget row its author and row statistics (metrics/calibration/row_statistics.py): all that pairs and ranks need.
    # None where undefined; INFINITE stands for infinity, which JSON has not.
    forget_rows: dict[str, list[float | None]] = Field(default_factory=dict)
    losses: list[float | None] = Field(default_factory=list)
    # On the way (scoring.every): "epoch", "step" and some metrics, a value a look; None where undefined. Nothing is chosen by it.
    course: dict[str, list[float | None]] = Field(default_factory=dict)
    seconds: Annotated[dict[str, float], AfterValidator(sound_seconds)] = Field(default_factory=dict)
    peak_memory_mib: dict[str, float | None] = Field(default_factory=dict)
    provenance: Annotated[dict[str, Any], AfterValidator(sound_provenance)] = Field(default_factory=dict)
    created: str = Field(default_factory=now)
    checksum: str | None = Field(None, exclude=True)  # as it was read (benchmark/records/checksum.py)

    @property
    def is_retrained(self) -> bool:
        """Whether it is one of the board's retrained models."""
        return self.role == "model" and self.method == "retrained"

    @property
    def finetuning_seed(self) -> int:
        """Of the fine-tuned model that the run started from; 0 where it is not known."""
        return int(self.config.get("finetuning_seed") or 0)

    @property
    def run_label(self) -> str:
        """The run as a plan calls it (benchmark/runs/identity.py), whatever fine-tuned model it started from."""
        return f"{self.method} {self.split} seed {self.seed}"

    @property
    def label(self) -> str:
        """What the run is called in a line of text; the first fine-tuned model goes without saying."""
        return self.run_label + (f" of fine-tuned model {self.finetuning_seed}" if self.finetuning_seed else "")

    @property
    def retrained_keys(self) -> tuple[str, ...]:
        """Keys of the retrained models that it was compared with; before schema 3 there was one at most."""
        one = () if self.reference_key is None else (self.reference_key,)
        return tuple(self.compared_with.get("retrained", ())) or one

    def row_statistic(self, name: str) -> np.ndarray:
        """[n] a row statistic of the forget rows; NaN where undefined, infinite where an answer is impossible."""
        values = np.array([np.nan if x is None else x for x in self.forget_rows[name]], dtype=np.float64)
        return np.where(np.abs(values) >= INFINITE, np.copysign(np.inf, values), values)

    def value(self, metric: str) -> float | None:
        """A metric's value, None where it is undefined or was not measured."""
        value: float | None = self.metrics.get(metric, {}).get("value")
        return value


def record_path(board: str | Path, method: str, key: str) -> Path:
    """Where a run's record lies. A method given by its file's path is filed under its name."""
    return Path(board) / "records" / method / f"{key}.json"


def scores_path(record: str | Path) -> Path:
    """The Parquet file beside a record."""
    return Path(record).with_suffix(".parquet")


def save_record(board: str | Path, record: Record, scores: Scores | None) -> None:
    """Write a run: scores first, so that a record never lacks them."""
    from benchmark.records.score_files import save_scores

    path = record_path(board, record.method, record.key)
    if scores is not None:
        save_scores(scores, scores_path(path))
    write_record(path, record)


def write_record(path: str | Path, record: Record) -> None:
    """Write a record alone, with its checksum."""
    write_json(path, with_checksum(record.model_dump()))


def load_record(path: str | Path) -> Record:
    """Read one record.

    Raises:
        UserError: the file is damaged, is no record, or was written by a later version.
    """
    data = read_json(path, "the record")
    try:
        record = Record.model_validate(_upgraded(data))
    except ValidationError as error:
        first = error.errors()[0]
        raise damaged(f"the record {path}", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if record.schema_version > SCHEMA_VERSION:
        raise UserError(f"the record {path} was written by a later version; update unlearn-bench to read it")
    if is_changed(data):
        raise damaged(f"the record {path}", "its content is not what its checksum was made of")
    return record


def _upgraded(data: Any) -> Any:
    """What a record's file holds, under the names of this version; what is no record stays as it is."""
    if not isinstance(data, dict):
        return data
    if data.get("schema_version") == 1:
        data = {
            **{FORMER_KEYS.get(key, key): value for key, value in data.items()},
            "config": _renamed(data.get("config"), FORMER_KEYS),
        }
    if data.get("schema_version") in (1, 2):
        columns = _renamed(data.get("metrics"), FORMER_COLUMNS)
        if isinstance(columns, dict):
            columns = {column: _without_interval(m) for column, m in columns.items()}
        data = {**data, "metrics": columns, "schema_version": SCHEMA_VERSION}
    if "role" not in data:
        data = {**data, "role": "model" if data.get("method") in REFERENCE_ROWS else "method"}
    if isinstance(metrics := data.get("metrics"), dict):
        gone = [c for c in REMOVED_COLUMNS if isinstance(m := metrics.get(c), dict) and m.get("value") is None]
        data = data | {"metrics": {column: m for column, m in metrics.items() if column not in gone}}
    return data


def _without_interval(measured: Any) -> Any:
    if not isinstance(measured, dict) or measured.get("low") is None:
        return measured
    return {**measured, "low": None, "high": None, "extra": {**measured.get("extra", {}), "interval": NO_INTERVAL}}


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A dictionary with its keys renamed; anything else as it is."""
    return {names.get(key, key): v for key, v in value.items()} if isinstance(value, dict) else value


def has_records(board: str | Path) -> bool:
    """Whether a board's folder holds any record."""
    return bool(_record_paths(board))


def record_paths(board: str | Path) -> list[Path]:
    """The files of a board's records.

    Raises:
        UserError: there is none.
    """
    if paths := _record_paths(board):
        return paths
    raise UserError(f"{board} holds no records; make a board first: python run_benchmark.py run --preset quick")


def _record_paths(board: str | Path) -> list[Path]:
    # A dot in front: what a killed run left half-written.
    return sorted(p for p in (Path(board) / "records").glob("*/*.json") if not p.name.startswith("."))


def load_records(board: str | Path) -> list[Record]:
    """All records of a board, by method, split and seed.

    Raises:
        UserError: there is none, or some are damaged; all damaged ones are named at once.
    """
    records, problems = [], []
    for path in record_paths(board):
        try:
            records.append(load_record(path))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return sorted(records, key=lambda r: (r.method, r.split, r.seed, r.key))
