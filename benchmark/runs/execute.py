"""One row of a board: unlearn, score, measure, record."""

from __future__ import annotations

import time
import traceback

from torch import nn

import metrics
from benchmark.attacks.base import AttackSetup, attacked
from benchmark.common.devices import peak_memory_mib, reset_peak_memory, torch_threads
from benchmark.common.files import FULL, is_full, write_text
from benchmark.common.limits import OverLimit
from benchmark.common.provenance import provenance
from benchmark.controls.base import Control, ControlSetup
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import Scores
from benchmark.models.ranks import in_group, is_first
from benchmark.records.record import Record, save_record
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.course import looked_at, looks_into
from benchmark.runs.identity import FINETUNED, OF_A_SPLIT, ResolvedRun, evaluation_sets
from benchmark.runs.limits import alone_in_torch, failure, is_worker, run_limit
from benchmark.runs.model_spec import ModelSpec
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.loop import Outcome
from benchmark.training.unlearn import collapse_probe, unlearn
from methods.base import Models

CHANGED = (
    "it changed the model {}, which is frozen and read by other rows; work on a copy (copy.deepcopy). The other rows are made "
    "from the stored weights, as if this one had not been"
)


def execute(run: ResolvedRun, checkpoints: Checkpoints) -> Record:
    """Do a run and write its record. A run that fails is recorded as failed; the board goes on.

    Raises:
        OSError: the disk is full.
        KeyboardInterrupt: Ctrl-C, where that is not ignored.
    """
    begin = time.perf_counter()
    reset_peak_memory()
    preset = checkpoints.preset
    record = _new_record(run, checkpoints)
    scores = None
    try:
        with alone_in_torch(), run_limit(preset.launch.run_limit):
            scores = _fill(record, run, checkpoints)
    except KeyboardInterrupt as error:
        if not is_worker() or in_group():  # a worker ignores Ctrl-C: there it is the method's own
            raise
        _failed(record, checkpoints, error)
    except (Exception, SystemExit, OverLimit) as error:  # one method's fault must not cost the others their rows
        if in_group():  # other ranks may wait for this one: who began them ends them all, and writes the record
            raise
        if isinstance(error, OSError) and error.errno in FULL and is_full(checkpoints.folder):
            raise
        _failed(record, checkpoints, error)
    if (changed := checkpoints.drop_changed()) and record.status != "failed":
        scores, record.metrics, record.notes = None, {}, {}
        _failed(record, checkpoints, ValueError(CHANGED.format(" and ".join(changed))))
    record.seconds["total"] = time.perf_counter() - begin
    record.peak_memory_mib = peak_memory_mib()
    if is_first():
        save_record(checkpoints.folder, record, scores)
    return record


def record_failure(run: ResolvedRun, checkpoints: Checkpoints, reason: str, log: str = "") -> Record:
    """Write the record of a run that failed without a chance to write its own, since its process died."""
    record = _new_record(run, checkpoints)
    if log:
        _write_log(record, checkpoints, log)
    record.status, record.reason, record.seconds["total"] = "failed", reason, 0.0
    save_record(checkpoints.folder, record, None)
    return record


def _new_record(run: ResolvedRun, checkpoints: Checkpoints) -> Record:
    preset, dataset, about = checkpoints.preset, checkpoints.dataset, provenance()
    if preset.launch.shards > 1:
        about = about | {"hardware": about["hardware"] | {"shards": preset.launch.shards}}
    return Record(
        key=run.key,
        board=preset.name,
        method=run.run.name,
        split=run.run.split,
        seed=run.run.seed,
        role=run.run.role,
        dose=run.run.dose,
        status="ok",
        partial=preset.scoring.limit is not None,
        config=run.config,
        dataset={"name": dataset.name, "identity": dataset.identity, **dataset.notes},
        provenance=about | {"arithmetic": checkpoints.arithmetic},
    )


def _failed(record: Record, checkpoints: Checkpoints, error: BaseException) -> None:
    record.status, record.reason = "failed", failure(error)
    _write_log(record, checkpoints, "".join(traceback.format_exception(error)))


def _write_log(record: Record, checkpoints: Checkpoints, text: str) -> None:
    if is_first():
        log = checkpoints.folder / "logs" / f"{record.method}-{record.key}.txt"
        write_text(log, text.encode(errors="replace").decode())


def _fill(record: Record, run: ResolvedRun, checkpoints: Checkpoints) -> Scores | None:
    """Unlearn, score and measure into the record; the scores, None where weights that are not finite have none."""
    tokenizer = checkpoints.prompt_tokenizer  # the base model's, while that may still be in memory
    checkpoints.forget_models(keep=run.in_memory)
    record.model = {"start": run.start.label, "identity": checkpoints.key(run.start)}
    if run.control is not None:
        return _score_control(record, run.control, run, checkpoints)
    if run.method is None:
        model = checkpoints.model(run.start).model
    else:
        model, outcome = _unlearn(run, checkpoints, record)
        record.seconds["unlearning"] = outcome.seconds
        record.notes = outcome.notes
        record.losses = [loss if loss == loss and abs(loss) != float("inf") else None for loss in outcome.losses]
        if outcome.diverged_at is not None:
            record.status, record.step, record.reason = "diverged", outcome.diverged_at, outcome.reason
            if not outcome.collapsed:
                return None
    checkpoints.reporter.phase(run.label, "scoring")
    begin, sets = time.perf_counter(), evaluation_sets(checkpoints, run.run.split)
    scores = score_model(
        model,
        tokenizer,
        sets,
        max_new_tokens=checkpoints.preset.scoring.max_new_tokens,
        device=checkpoints.device,
        meta={"run": run.label, "key": record.key},
    )
    record.seconds["scoring"] = time.perf_counter() - begin
    if run.attacks:
        checkpoints.reporter.phase(run.label, "attacks")
        setup = AttackSetup(
            model=model,
            prompt_tokenizer=tokenizer,
            dataset=checkpoints.dataset,
            split=run.run.split,
            sets=sets,
            recipe=checkpoints.preset.finetuning,
            max_new_tokens=checkpoints.preset.scoring.max_new_tokens,
            device=checkpoints.device,
            finetuned=checkpoints.model(FINETUNED).model if FINETUNED in run.attacks_read else None,
        )
        with torch_threads(checkpoints.preset.launch.threads):
            scores = attacked(scores, run.attacks, setup)
        record.seconds["attacks"] = time.perf_counter() - begin - record.seconds["scoring"]
    _measure(record, scores, run, checkpoints)
    return scores


def _measure(record: Record, scores: Scores, run: ResolvedRun, checkpoints: Checkpoints) -> None:
    """Fill in the metrics that need no other model; those that compare come when the others are scored."""
    checkpoints.reporter.advance(run.scoring_work)
    record.metrics = {name: m.to_json() for name, m in metrics.measure_all(scores).items()}


def _score_control(record: Record, control: Control, run: ResolvedRun, checkpoints: Checkpoints) -> Scores:
    retrained = [spec for spec in run.models if spec.kind == "retrained"]
    setup = ControlSetup(
        finetuned=checkpoints.model(run.start).model,
        retrained=checkpoints.model(retrained[0]).model if retrained else None,
        prompt_tokenizer=checkpoints.prompt_tokenizer,
        dataset=checkpoints.dataset,
        split=run.run.split,
        sets=evaluation_sets(checkpoints, run.run.split),
        max_new_tokens=checkpoints.preset.scoring.max_new_tokens,
        device=checkpoints.device,
        meta={"run": run.label, "key": record.key},
    )
    checkpoints.reporter.phase(run.label, "scoring")
    begin = time.perf_counter()
    scores, record.notes = control.score(setup)
    record.seconds["scoring"] = time.perf_counter() - begin
    _measure(record, scores, run, checkpoints)
    return scores


def _unlearn(run: ResolvedRun, checkpoints: Checkpoints, record: Record) -> tuple[nn.Module, Outcome]:
    """The model to be scored, and how training went; its course is written into the record on the way."""
    method, recipe = run.method, run.recipe
    assert method is not None and recipe is not None  # the board's own models are not unlearned
    needs = method.required()
    others = {kind: ModelSpec(kind, run.run.split) for kind in OF_A_SPLIT} | {"base": ModelSpec("base")}
    read = {kind: checkpoints.model(spec).model for kind, spec in others.items() if kind in needs}
    frozen = Models(checkpoints.model(run.start).model, **read)
    model = checkpoints.fresh_copy(run.start)
    tokenizer, dataset, device = checkpoints.prompt_tokenizer, checkpoints.dataset, checkpoints.device
    split = dataset.splits[run.run.split]
    rows = UnlearningRows.build(tokenizer, split, dataset.refusals, needs, run.run.seed, device)
    checkpoints.reporter.phase(run.label, "unlearning")
    looks = None
    if looked_at(checkpoints.preset, method):
        looks = looks_into(record.course, run.run.split, checkpoints, lambda trained: method.deploy(trained, frozen))
    outcome = unlearn(
        method,
        model,
        frozen,
        rows,
        recipe,
        probe=collapse_probe(tokenizer, dataset.retain_evaluation, device),
        on_step=lambda step, total: checkpoints.reporter.advance(run.training_work / total),
        looks=looks,
    )
    if looks:
        record.seconds["course"] = looks.seconds
    return method.deploy(model, frozen), outcome
