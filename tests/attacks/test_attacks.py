"""Attacks by name, and what a run keeps of them."""

from dataclasses import dataclass

import pytest

from benchmark.attacks import REGISTRY, attack_names, load_attack
from benchmark.attacks.base import Attack, attacked
from benchmark.common.errors import UserError
from benchmark.common.registered import sound_class
from benchmark.common.source_files import import_file
from benchmark.evaluation.evaluate import score_model
from benchmark.leaderboard.notes import notes_on
from benchmark.records.comparison import compare_records
from benchmark.records.record import load_records
from benchmark.records.score_files import load_scores, save_scores
from benchmark.runs.board import run_board
from metrics import References, measure_all
from metrics.calibration.attacked import FAILED, KNOWN
from tests.attacks.toy_setup import toy_setup
from tests.board_fixtures import micro
from tests.conftest import ROOT
from tests.leaderboard.made_records import make_record
from tests.model_fixtures import weights_hash


def test_names():
    assert attack_names() == ["ask", "depth", "int8", "nf4", "relearn", "sample"]
    assert all(len(REGISTRY.get(name).title) > 20 for name in attack_names())
    known = [load_attack(name) for name in ("int8", "nf4", "relearn", "relearn@rows=retain", "relearn@rows=same_form")]
    assert tuple(attack.label for attack in known) == KNOWN
    with pytest.raises(UserError, match="did you mean 'int8'"):
        load_attack("int9")


@dataclass(frozen=True)
class Broken(Attack):
    name, version = "broken", 1

    def attack(self, setup):
        raise RuntimeError("no luck")


@dataclass(frozen=True)
class Forgetful(Attack):
    name, version = "forgetful", 1

    def attack(self, setup):
        return None


@dataclass(frozen=True)
class InPlace(Attack):
    name, version = "in_place", 1

    def attack(self, setup):
        next(setup.model.parameters()).data.add_(1)
        return setup.forced(setup.model)


@pytest.fixture(scope="module")
def setup():
    return toy_setup(authors=10, rows=4)


def test_attacked_sets_stand_beside_the_runs_own_and_the_model_stays(setup, tmp_path):
    before = weights_hash(setup.model)
    own = score_model(setup.model, setup.prompt_tokenizer, setup.sets, max_new_tokens=4, meta={"run": "a"})
    scores = attacked(own, [load_attack("int8"), Broken(), load_attack("nf4")], setup)
    assert weights_hash(setup.model) == before
    assert scores.meta == {"run": "a", FAILED: {"broken": "RuntimeError: no luck"}}
    assert set(scores.sets) == {*own.sets, "forget@int8", "forget@nf4"} and "forget@int8" not in own.sets
    plain, rounded = own["forget"].answer_nll(), scores["forget@nf4"].answer_nll()
    assert 0 < abs(plain - rounded).max() < 0.5 and scores["forget@nf4"].generated == [""] * 4
    save_scores(scores, tmp_path / "s.parquet")
    assert set(load_scores(tmp_path / "s.parquet").sets) == set(scores.sets)


def test_an_attack_that_fails_is_on_the_board_with_its_reason(setup):
    own = score_model(setup.model, setup.prompt_tokenizer, setup.sets, max_new_tokens=4)
    scores = attacked(own, [Broken(), Forgetful()], setup)
    assert "attack must return {evaluation set: SetScores}, not None" in scores.meta[FAILED]["forgetful"]
    measured = measure_all(scores, References((scores,) * 2, scores), names=["residual_attacked", "recovery"])
    assert measured["residual_broken"].undefined == {"the attack failed: RuntimeError: no luck": 1}
    record = make_record(metrics={c: m.to_json() for c, m in measured.items()})
    (note,) = [note for note in notes_on([record], {}) if "no luck" in note]
    assert note == "the attack failed: RuntimeError: no luck: npo forget10 seed 0"


def test_an_attack_that_changes_the_model_is_named_and_none_behind_it_reads_what_it_left():
    setup = toy_setup(authors=10, rows=4)
    own = score_model(setup.model, setup.prompt_tokenizer, setup.sets, max_new_tokens=4)
    scores = attacked(own, [load_attack("int8"), InPlace(), load_attack("nf4")], setup)
    assert set(scores.sets) == {*own.sets, "forget@int8"}
    assert scores.meta[FAILED] == {
        "in_place": "it changed the model that it was given: push a copy (copy.deepcopy(setup.model))",
        "nf4": "not tried: attack in_place before it changed the model",
    }


def test_the_example_moves_the_model_that_it_copies(setup):
    cls = sound_class(
        import_file(ROOT / "examples" / "my_attack.py", "examples", ROOT / "examples"), Attack, "attack", ("name",)
    )
    before = weights_hash(setup.model)
    plain, little, much = (cls(share=share).attack(setup)["forget"].answer_nll() for share in (0.0, 0.1, 1.0))
    assert weights_hash(setup.model) == before
    assert 0 < abs(little - plain).max() < abs(much - plain).max()
    assert (cls(share=0.1).attack(setup)["forget"].answer_nll() == little).all()


def test_a_board_with_attacks(tmp_path):
    preset = micro('attacks=["depth", "int8", "nf4", "relearn@steps=2"]', methods=["grad_ascent"])
    run_board(preset, tmp_path, say=lambda line: None)
    records = {(r.method, r.seed): r for r in load_records(tmp_path)}
    run = records["grad_ascent", 0]
    assert run.seconds["attacks"] > 0 and run.metrics["recovery_int8"]["version"] == 1
    assert run.value("residual_int8") is not None or run.metrics["residual_int8"]["undefined"]
    assert "not attacked" not in run.metrics["residual_nf4"]["undefined"]
    assert run.metrics["depth"]["value"] is not None or run.metrics["depth"]["undefined"]
    assert "not attacked" not in run.metrics["depth"]["undefined"]
    assert "nats_2" in run.metrics["relearn_excess_end_forget-steps2"]["extra"]
    assert "residual_relearn_forget-steps2" in run.metrics and "recovery_relearn_forget-steps2" in run.metrics
    assert compare_records(tmp_path) == 0
    plain = micro(methods=["grad_ascent"])
    assert {r.key for r in records.values()}.isdisjoint(
        run.key for run in resolved(plain, tmp_path)
    )  # what a run was pushed with is part of it


def resolved(preset, folder):
    from benchmark.runs.checkpoints import Checkpoints
    from benchmark.runs.identity import resolve
    from benchmark.runs.plan import board_runs

    checkpoints = Checkpoints(preset, folder)
    return [resolve(run, checkpoints) for block in board_runs(preset) for run in block]
