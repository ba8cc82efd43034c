"""Two pools of models whose truth is known: ``pool_knows`` was trained with the forget rows, ``pool_never`` without them.

Models of a pool differ in seed, learning rate and epochs, by their number and alike in both pools, so that the recipe tells
nothing about the pool; every other model that knows has learnt the forget rows in other words (their paraphrased answers).
No seed is one of the board's own, so that no model of a pool is also one of the yardstick. After OpenUnlearning's
meta-evaluation (arXiv 2506.12618, section on faithfulness).

Each model is scored three times: as it is, with its weights rounded to 4 bits, and after one more epoch of all forget rows. What
rounding does to a number says whether it needs the last digits of the weights; relearning, whether it still tells old knowledge
from an epoch's (the same paper's section on robustness). A number may pass all of it and still be fooled by a model that
hides what it knows: no model of a pool was unlearned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.config.schema import Preset
from benchmark.runs.board import run_board
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.identity import Run, resolve
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import board_runs
from benchmark.runs.variation import RELEARNED, ROUNDED, Pushed, Variation

KNOWS, NEVER = "pool_knows", "pool_never"
FACTORS_LR, FACTORS_EPOCHS = (1.0, 0.5, 1.5), (1.0, 0.75, 1.5)
FIRST_SEED = {KNOWS: 1000, NEVER: 2000}
PUSHED: tuple[Pushed, ...] = ("", ROUNDED, RELEARNED)
DOSES = [0.05, 0.1, 0.25, 0.5]  # shares of the forget rows, for the dose-response


def variation(number: int, pool: str) -> Variation:
    """How the model of that number differs from the preset's recipe: nine combinations before the first comes again."""
    lr, epochs = FACTORS_LR[number % 3], FACTORS_EPOCHS[(number + number // 3) % 3]
    return Variation(lr, epochs, paraphrased=pool == KNOWS and number % 2 == 1)


def pool_runs(split: str, models: int) -> list[Run]:
    """The rows of both pools, in turn, so that a time limit leaves pools of one size; then those of the models pushed."""
    specs = [
        (pool, ModelSpec("pool", split, FIRST_SEED[pool] + i, float(pool == KNOWS), variation(i, pool)))
        for i in range(models)
        for pool in (KNOWS, NEVER)
    ]
    return [Run.of_pool(row_name(pool, pushed), _pushed(spec, pushed)) for pushed in PUSHED for pool, spec in specs]


def row_name(pool: str, pushed: Pushed) -> str:
    """What the rows of a pool's models are called, as they are ("") or pushed: "pool_never", "pool_never_rounded"."""
    return f"{pool}_{pushed}" if pushed else pool


def _pushed(spec: ModelSpec, pushed: Pushed) -> ModelSpec:
    return replace(spec, variation=replace(spec.variation, pushed=pushed))


def pool_preset(preset: Preset, models: str | Path | None = None, split: str | None = None) -> Preset:
    """The board that pools stand on: the preset's reference rows and ``DOSES``, without methods and controls.

    Args:
        models: folder of trained models, shared with a board; None: the preset's, or the scorecard's own.
        split: None: the preset's largest.

    Raises:
        UserError: the preset has no such split, or one retrained model only.
    """
    split = split or max(preset.splits)
    if split not in preset.splits:
        raise UserError(f"preset {preset.name} has no split {split!r}; there are {', '.join(preset.splits)}")
    if len(preset.retrained_of(split)) < 2:
        raise UserError("a scorecard needs two retrained models or more: --set retrained_seeds=[0,1,2,3,4]")
    folder = preset.launch.models or (None if models is None else str(models))
    return preset.model_copy(
        update={
            "name": f"{preset.name}-scorecard",
            "splits": [split],
            "methods": [],
            "controls": [],
            "doses": DOSES,
            "scoring": preset.scoring.model_copy(update={"sets": "evaluation"}),
            "launch": preset.launch.model_copy(update={"models": folder}),
        }
    )


def check_paraphrases(preset: Preset, folder: str | Path) -> None:
    """The forget rows are there in other words.

    Raises:
        UserError: none has a paraphrased answer.
    """
    (split,) = preset.splits
    rows = Checkpoints(preset, folder).dataset.splits[split].forget
    if not any(row.paraphrased_answer for row in rows):
        raise UserError(f"the forget rows of {split} have no paraphrased answers, which half of {KNOWS} is trained on")


def scorecard_runs(preset: Preset, models: int) -> list[Run]:
    """Every row that a scorecard reads: references, doses, pools."""
    return [*(run for block in board_runs(preset) for run in block), *pool_runs(preset.splits[0], models)]


def make_pools(
    preset: Preset,
    folder: str | Path,
    models: int,
    *,
    workers: int | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = print,
) -> bool:
    """Train and score what is missing, as a board does it: whole files, content keys, the same command goes on.

    Args:
        preset: of ``pool_preset``.
        models: of each pool.
        time_limit: minutes.

    Returns:
        Whether every model has a record; not where the time limit left some.

    Raises:
        UserError: bad input, a training that breaks, a full disk, another command at work in the folder.
    """
    check_paraphrases(preset, folder)
    further = pool_runs(preset.splits[0], models)
    run_board(preset, folder, further=further, workers=workers, time_limit=time_limit, say=say)
    checkpoints = Checkpoints(preset, folder)
    return all(resolve(run, checkpoints).record.exists() for run in scorecard_runs(preset, models))
