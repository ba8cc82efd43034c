"""One row of a board: unlearn, score, measure, record."""

from __future__ import annotations

import dataclasses
import errno
import inspect
import time
import traceback
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import content_key, file_hash
from benchmark.common.progress import GENERATION_COST, TRAINING_COST
from benchmark.common.provenance import peak_memory_mib, provenance, reset_peak_memory
from benchmark.common.registry import NOT_ENTRIES
from benchmark.config.schema import Preset
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import Scores
from benchmark.records.record import REFERENCE_ROWS, Record, load_record, record_path, save_record, scores_path
from benchmark.records.score_files import load_scores
from benchmark.runs.checkpoints import PIPELINE, Checkpoints, ModelSpec
from benchmark.training.loop import Outcome
from benchmark.training.unlearn import UnlearningRows, collapse_probe, unlearn
from methods import FOLDER as METHODS
from methods import load_method, method_source
from methods.base import Method, Models

INTERVAL_SEED = 0


def source_hashes(method: Method) -> dict[str, str]:
    """Hashes of the code that decides a method's loss: its file, those it inherits from, and what methods share."""
    files = {Path(inspect.getfile(cls)) for cls in type(method).__mro__ if cls.__module__ != "builtins"}
    files |= {METHODS / f"{name}.py" for name in NOT_ENTRIES}
    return {path.name: file_hash(path) for path in sorted(files)}


@dataclass(frozen=True)
class Run:
    """One row of a board before it has run: a method or one of REFERENCE_ROWS, a split, a seed."""

    method: str
    split: str
    seed: int = 0

    @property
    def label(self) -> str:
        return f"{self.name} {self.split} seed {self.seed}"

    @property
    def is_model(self) -> bool:
        """Whether the row is one of the board's own models, scored as it is."""
        return self.method in REFERENCE_ROWS

    @cached_property
    def name(self) -> str:
        """The method's name, also where it is given by its file's path."""
        return self.method if self.is_model else method_source(self.method)[0]


class Runner:
    """Executes runs on a workbench."""

    def __init__(self, checkpoints: Checkpoints):
        self.checkpoints = checkpoints
        self.preset: Preset = checkpoints.preset
        self.folder: Path = checkpoints.folder

    def reference(self, split: str) -> Run:
        """The retrained model that all others of a split are compared with."""
        return Run("retrained", split, self.preset.retrained_seeds[0])

    def start(self, run: Run) -> ModelSpec:
        """The model that a run scores, or starts from."""
        if run.method == "retrained":
            return ModelSpec("retrained", run.split, run.seed)
        return ModelSpec("base" if run.method == "base" else "finetuned")

    def method(self, run: Run) -> Method:
        return load_method(run.method, **self.preset.fields_of(run.name))

    def models_needed(self, run: Run) -> list[ModelSpec]:
        """The trained models that a run reads."""
        needed = [ModelSpec("base"), self.start(run)]
        if not run.is_model and "reinforced" in self.method(run).required():
            needed.append(ModelSpec("reinforced", run.split))
        return needed

    def models_read(self, run: Run) -> list[ModelSpec]:
        """The models that a run has in memory: of the base model the others need the tokenizer alone."""
        return [spec for spec in self.models_needed(run) if spec.kind != "base" or run.method == "base"]

    def config(self, run: Run) -> dict[str, Any]:
        """Everything that was set, resolved."""
        preset = self.preset
        out: dict[str, Any] = {
            "dataset": preset.dataset.model_dump(),
            "model": preset.model.model_dump(),
            "pretraining": preset.pretraining.model_dump(),
            "finetuning": preset.finetuning.model_dump(),
            "finetuning_seed": preset.finetuning_seed,
            "dtype": preset.dtype,
            "scoring": preset.scoring.model_dump(),
        }
        if not run.is_model:
            out["method"] = dataclasses.asdict(self.method(run))
            out["training"] = preset.training_of(run.name).model_dump()
            if "reinforced" in self.method(run).required():
                out["reinforcement"] = preset.reinforcement.model_dump()
        return out

    def key(self, run: Run) -> str:
        """Content key of a run: a record with this key says all that the run would find."""
        parts: dict[str, Any] = {
            "pipeline": PIPELINE,
            "run": [run.name, run.split, run.seed],
            "models": [self.checkpoints.key(spec) for spec in self.models_needed(run)],
            "dataset": self.checkpoints.dataset.identity,
            "prompt": self.preset.model.prompt,
            "scoring": self.preset.scoring.model_dump(),
            "dtype": self.preset.dtype,
            "device": self.checkpoints.device.partition(":")[0],
            "threads": self.preset.launch.threads,
        }
        if not run.is_model:
            parts["config"] = self.config(run)
            parts["source"] = source_hashes(self.method(run))
        if run != self.reference(run.split):
            parts["reference"] = self.key(self.reference(run.split))
        return content_key(parts)

    def path(self, run: Run) -> Path:
        return record_path(self.folder, run.name, self.key(run))

    def is_done(self, run: Run) -> bool:
        """Whether the run's record is there. Failed runs are tried again; damaged records are set aside."""
        path = self.path(run)
        if not path.exists():
            return False
        try:
            record = load_record(path)
            if record.status == "ok" or scores_path(path).exists():
                load_scores(scores_path(path))
        except UserError as error:
            path.rename(path.with_suffix(".damaged"))
            print(f"{error}\nIt was set aside as {path.with_suffix('.damaged').name} and the run is done again.")
            return False
        return record.status != "failed"

    def units(self, run: Run) -> float:
        """The work of a run, for the progress bar."""
        training = 0.0
        if not run.is_model:
            rows = len(self.checkpoints.dataset.splits[run.split].forget)
            recipe = self.preset.training_of(run.name)
            training = rows * recipe.epochs * self.method(run).forwards() * TRAINING_COST
        return training + self.scoring_work(run)

    def scoring_work(self, run: Run) -> float:
        rows = [row for part in self.evaluation(run.split).values() for row in part]
        return sum(1 + bool(r.paraphrased_answer) + len(r.perturbed_answers) + GENERATION_COST for r in rows)

    def evaluation(self, split: str) -> dict[str, tuple]:
        """The rows that are scored."""
        limit = self.preset.scoring.limit
        return {name: rows[:limit] for name, rows in self.checkpoints.dataset.evaluation(split).items()}

    def execute(self, run: Run) -> Record:
        """Do a run and write its record. A run that fails is recorded as failed; the board goes on.

        Raises:
            UserError: the disk is full.
        """
        begin = time.perf_counter()
        reset_peak_memory()
        record = Record(
            key=self.key(run),
            board=self.preset.name,
            method=run.name,
            split=run.split,
            seed=run.seed,
            reference=run == self.reference(run.split),
            status="ok",
            partial=self.preset.scoring.limit is not None,
            config=self.config(run),
            dataset={
                "name": self.checkpoints.dataset.name,
                "identity": self.checkpoints.dataset.identity,
                **self.checkpoints.dataset.notes,
            },
            provenance=provenance(),
        )
        scores = None
        try:
            scores = self._fill(run, record)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            self._failed(run, record, error)
        except Exception as error:  # one method's fault must not cost the others their rows
            self._failed(run, record, error)
        record.seconds["total"] = time.perf_counter() - begin
        record.peak_memory_mib = peak_memory_mib()
        save_record(self.folder, record, scores)
        return record

    def _failed(self, run: Run, record: Record, error: Exception) -> None:
        record.status, record.reason = "failed", f"{type(error).__name__}: {error}"
        log = self.folder / "logs" / f"{run.name}-{record.key}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")

    def _fill(self, run: Run, record: Record) -> Scores | None:
        checkpoints, preset = self.checkpoints, self.preset
        spec, prompt_tokenizer = (
            self.start(run),
            checkpoints.prompt_tokenizer,
        )  # of the base model, while it may still be in memory
        checkpoints.forget_models(keep=self.models_read(run))
        record.model = {"start": spec.label, "identity": checkpoints.key(spec)}
        if run.is_model:
            model = checkpoints.model(spec).model
        else:
            model, outcome = self._unlearn(run)
            record.seconds["unlearning"] = outcome.seconds
            record.losses = [loss if loss == loss and abs(loss) != float("inf") else None for loss in outcome.losses]
            if outcome.diverged_at is not None:
                record.status, record.step, record.reason = "diverged", outcome.diverged_at, outcome.reason
                if "collapsed" not in outcome.reason:
                    return None  # weights that are not finite have no scores
        checkpoints.reporter.phase(run.label, "scoring")
        begin = time.perf_counter()
        sets = self.evaluation(run.split)
        each = self.scoring_work(run) / max(1, sum(map(len, sets.values())))
        scores = score_model(
            model,
            prompt_tokenizer,
            sets,
            max_new_tokens=preset.scoring.max_new_tokens,
            device=checkpoints.device,
            meta={"run": run.label, "key": record.key},
        )
        checkpoints.reporter.advance(each * sum(map(len, sets.values())))
        reference = None if record.reference else self._reference_scores(run, record)
        measured = metrics.measure_all(scores, reference, seed=INTERVAL_SEED)
        record.metrics = {name: m.to_json() for name, m in measured.items()}
        record.seconds["scoring"] = time.perf_counter() - begin
        return scores

    def _reference_scores(self, run: Run, record: Record) -> Scores:
        path = self.path(self.reference(run.split))
        record.reference_key = path.stem
        if not path.exists():
            raise UserError(f"the retrained model of {run.split} is not scored yet; run the board as a whole")
        return load_scores(scores_path(path))

    def _unlearn(self, run: Run) -> tuple[nn.Module, Outcome]:
        checkpoints = self.checkpoints
        method = self.method(run)
        recipe = self.preset.training_of(run.name)
        split = checkpoints.dataset.splits[run.split]
        needs = method.required()
        reinforced = checkpoints.model(ModelSpec("reinforced", run.split)).model if "reinforced" in needs else None
        frozen = Models(checkpoints.model(ModelSpec("finetuned")).model, reinforced)
        model = checkpoints.fresh_copy(ModelSpec("finetuned"))
        rows = UnlearningRows.build(
            checkpoints.prompt_tokenizer, split, checkpoints.dataset.refusals, needs, run.seed, checkpoints.device
        )
        work = self.units(run) - self.scoring_work(run)
        checkpoints.reporter.phase(run.label, "unlearning")
        outcome = unlearn(
            method,
            model,
            frozen,
            rows,
            recipe,
            probe=collapse_probe(
                checkpoints.prompt_tokenizer, checkpoints.dataset.retain_evaluation, checkpoints.device
            ),
            on_step=lambda step, total: checkpoints.reporter.advance(work / total),
        )
        return method.deploy(model, frozen), outcome
