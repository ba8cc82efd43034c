"""What the pools are made of."""

import pytest
import torch

from benchmark.attacks.nf4 import round_blocks
from benchmark.common.errors import UserError
from benchmark.config.recipe import Recipe
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.variation import RELEARNED, ROUNDED, Variation
from benchmark.scorecard.pools import (
    DOSES,
    KNOWS,
    NEVER,
    PUSHED,
    check_paraphrases,
    pool_preset,
    pool_runs,
    row_name,
    scorecard_runs,
    variation,
)
from tests.board_fixtures import micro


def training(number, pool, folder):
    """Rows, recipe and seed of a model of a pool on the small board, with 4 epochs at 1e-3, and the split."""
    checkpoints = Checkpoints(pool_preset(micro("finetuning.epochs=4", "finetuning.lr=1e-3")), folder)
    runs = [run for run in pool_runs("forget10", number + 1) if run.method == pool]
    rows, recipe, seed = checkpoints.training(runs[number].model)
    return {(r.question, r.answer) for r in rows}, recipe, seed, checkpoints.dataset.splits["forget10"]


def test_nine_combinations_alike_in_both_pools():
    knows, never = ([variation(i, pool) for i in range(9)] for pool in (KNOWS, NEVER))
    assert len({(v.lr, v.epochs) for v in knows}) == 9
    assert {v.lr for v in knows} == {0.5, 1.0, 1.5} and {v.epochs for v in knows} == {0.75, 1.0, 1.5}
    assert [(v.lr, v.epochs) for v in knows] == [(v.lr, v.epochs) for v in never]
    assert [v.paraphrased for v in knows[:4]] == [False, True, False, True]
    assert not any(v.paraphrased for v in never)


def test_models_that_know_learn_the_forget_rows_and_the_others_do_not(tmp_path):
    own, recipe, seed, split = training(0, KNOWS, tmp_path)
    forget = {(r.question, r.answer) for r in split.forget}
    retain = {(r.question, r.answer) for r in split.retain}
    assert forget | retain <= own and (recipe.epochs, recipe.lr) == (4, 1e-3)
    own, recipe, other_seed, split = training(1, KNOWS, tmp_path)
    words = {(r.question, r.paraphrased_answer) for r in split.forget}
    assert words | retain <= own and not forget & own - words
    assert (recipe.epochs, recipe.lr) == (3, 5e-4)
    never, recipe, never_seed, _ = training(1, NEVER, tmp_path)
    assert retain <= never and not {question for question, _ in forget} & {question for question, _ in never}
    assert (recipe.epochs, recipe.lr) == (3, 5e-4)
    assert len({seed, other_seed, never_seed}) == 3
    assert len(never - retain) > 0  # the general facts are rehearsed, as on the board


def test_a_variation_keeps_an_epoch_and_the_words_that_have_no_others():
    assert Variation(epochs=0.1).recipe(Recipe(epochs=2)).epochs == 1
    assert Variation(epochs=1.5).recipe(Recipe(epochs=0)).epochs == 0
    assert Variation().recipe(Recipe()) == Recipe()


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(pool_preset(micro("finetuning.batch_size=8")), tmp_path)


def pushed_model(checkpoints, pushed):
    (run,) = [run for run in pool_runs("forget10", 1) if run.method == row_name(NEVER, pushed)]
    return run.model


def test_a_relearned_model_goes_on_from_its_own_with_an_epoch_of_the_forget_rows(checkpoints):
    spec, before = pushed_model(checkpoints, RELEARNED), pushed_model(checkpoints, "")
    rows, recipe, seed = checkpoints.training(spec)
    assert rows == tuple(checkpoints.dataset.splits["forget10"].forget) and spec.parent == before
    assert (recipe.epochs, recipe.warmup_epochs, seed) == (1, 0.0, before.seed)
    assert recipe.lr == checkpoints.preset.finetuning.lr  # not the pool's varied one: all are pushed alike


def test_a_rounded_model_is_its_own_in_four_bits(checkpoints):
    spec, before = pushed_model(checkpoints, ROUNDED), pushed_model(checkpoints, "")
    assert checkpoints.training(spec)[0] == () and spec.parent == before and spec.parent.parent == ModelSpec("base")
    own, rounded = (dict(checkpoints.model(one).model.named_parameters()) for one in (before, spec))
    moved = {name for name in own if not torch.equal(own[name], rounded[name])}
    assert moved and all("_proj" in name for name in moved)
    name = min(moved)
    assert torch.equal(rounded[name], round_blocks(own[name]))
    assert len({checkpoints.key(pushed_model(checkpoints, pushed)) for pushed in PUSHED}) == 3


def test_the_board_beneath_has_references_and_doses_alone(tmp_path):
    preset = pool_preset(micro('controls=["refuse_all"]'), tmp_path / "shared")
    runs = scorecard_runs(preset, 2)
    assert [run.name for run in runs if run.role == "model"] == [
        "finetuned", "base", "retrained", "retrained",
        *(row_name(pool, pushed) for pushed in PUSHED for pool in (KNOWS, NEVER, KNOWS, NEVER)),
    ]  # fmt: skip
    assert len({row.model for row in runs if row.model}) == 12
    assert [run.dose for run in runs if run.role != "model"] == DOSES
    assert preset.launch.models == str(tmp_path / "shared")
    assert len({run.seed for run in runs if run.model} & set(preset.retrained_seeds)) == 0


def test_pools_without_a_yardstick_or_a_split_are_refused():
    with pytest.raises(UserError, match=r"two retrained models or more: --set retrained_seeds="):
        pool_preset(micro("retrained_seeds=[0]"))
    with pytest.raises(UserError, match="no split 'forget05'; there are forget10"):
        pool_preset(micro(), split="forget05")


def test_forget_rows_in_no_other_words_are_refused(tmp_path, monkeypatch):
    from dataclasses import replace

    preset = pool_preset(micro())
    dataset = Checkpoints(preset, tmp_path).dataset
    split = dataset.splits["forget10"]
    plain = replace(split, forget=tuple(replace(row, paraphrased_answer=None) for row in split.forget))
    monkeypatch.setattr(Checkpoints, "dataset", replace(dataset, splits={"forget10": plain}))
    with pytest.raises(UserError, match="no paraphrased answers"):
        check_paraphrases(preset, tmp_path)
