"""``score``: a saved model in, one JSON file out."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data import fictitious
from benchmark.data.export import export
from benchmark.records.score_files import load_scores
from metrics import load_metric
from tests.conftest import ROOT

PROMPT = r"{question}\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "dataset"
    export(fictitious.load(authors=10), folder)
    return folder


@pytest.fixture(scope="module")
def models(made_board):
    """The folders of the small board's fine-tuned model and of its two retrained ones."""
    result = made_board / "cache" / "models"
    return [str(next(result.glob(name))) for name in ("finetuned-*", "retrained-*-seed0-*", "retrained-*-seed1-*")]


@pytest.fixture
def score(data, tmp_path):
    def run(*arguments, out="s.json", prompt=PROMPT, split="forget10", fails=False):
        options = [
            "--data",
            str(data),
            "--split",
            split,
            "--out",
            str(tmp_path / out),
        ]
        options += ["--device", "cpu", *(["--prompt", prompt] if prompt else [])]
        for option, value in (("--limit", "3"), ("--max-new-tokens", "4")):
            options += [] if option in arguments else [option, value]
        result = CliRunner().invoke(app, ["score", *arguments, *options])
        assert "Traceback" not in result.output
        if fails:
            assert result.exit_code == 2 and not (tmp_path / out).exists(), result.output
            return " ".join(result.output.split())
        assert result.exit_code == 0, (result.output, result.exception)
        run.lines = result.output.splitlines()
        return json.loads((tmp_path / out).read_text(encoding="utf-8"))

    return run


def test_file_says_what_was_measured_and_of_what(score, models, data, tmp_path):
    result = score(models[0], "--retrained", models[1])
    quality = result["metrics"]["forget_quality"]
    assert 0 <= quality["value"] <= 1 and quality["n"] == 3 and quality["version"] >= 1
    for name in ("model_utility", "forget_probability", "retain_rouge", "world_facts_truth_ratio"):
        assert {"value", "n"} <= result["metrics"][name].keys()
    assert result["model"]["source"] == models[0] and result["retrained"][0]["source"] == models[1]
    assert result["model"]["identity"] != result["retrained"][0]["identity"] and result["finetuned"] is None
    assert (result["data"]["source"], result["data"]["split"], result["data"]["limit"]) == (
        str(data),
        "forget10",
        3,
    )
    assert result["scoring"]["max_new_tokens"] == 4 and result["scoring"]["prompt"] == "{question}\n"
    assert result["provenance"]["packages"]["torch"]
    scores = load_scores(tmp_path / result["scores"])
    assert [len(part) for part in scores.sets.values()] == [3, 3, 3, 3]


def test_a_line_a_value_and_the_undefined_counted(score, models):
    measured = score(models[0], "--retrained", "none")["metrics"]
    values = [name for name, m in measured.items() if m["value"] is not None]
    *lines, last, written = score.lines[-len(values) - 2 :]
    assert [line.split()[0] for line in lines] == values and written.startswith("written: ")
    lacking = [m for m in measured.values() if m["value"] is None]
    without = sum("no retrained reference" in m["undefined"] for m in lacking)
    assert without > 1 and last.startswith(f"{len(lacking)} undefined: ")
    assert f"no retrained reference ({without})" in last
    assert sum(map(int, re.findall(r"\((\d+)\)", last))) == len(lacking)


def test_metrics_are_chosen_by_name_and_by_file(score, models):
    replica, file = "truth_ratio_openunlearning", str(ROOT / "examples" / "my_metric.py")
    chosen = [part for name in (replica, file, replica) for part in ("--metric", name)]
    measured = score(models[0], "--retrained", "none", *chosen)["metrics"]
    assert measured.keys() == load_metric(replica).columns().keys() | load_metric(file).columns().keys()
    assert measured["forget_my_metric"]["value"] >= 0
    assert score.lines[-1].startswith("written: ") and "undefined" not in "".join(score.lines[-3:])


def test_unknown_metric_is_refused_before_any_work(score, models, monkeypatch):
    from benchmark.runs import score as score_command

    monkeypatch.setattr(score_command, "_score", lambda *a: pytest.fail("scored first"))
    assert "did you mean 'rouge'" in score(models[0], "--retrained", "none", "--metric", "rogue", fails=True)


def test_model_is_not_compared_with_itself(score, models, tmp_path):
    assert "is the scored model" in score(models[0], "--retrained", models[0], out="itself.json", fails=True)
    score(models[0], "--retrained", "none", out="own.json")
    own = str(tmp_path / "own.json")
    assert "is the scored model" in score(models[0], "--retrained", own, out="itself.json", fails=True)
    assert not (tmp_path / "itself.json").exists()


def test_earlier_file_serves_as_the_retrained_model(score, models, tmp_path):
    both = score(models[0], "--retrained", models[1], out="both.json")
    alone = score(models[1], "--retrained", "none", out="retrained.json")
    assert alone["metrics"]["forget_quality"]["value"] is None and alone["retrained"] == []
    later = score(models[0], "--retrained", str(tmp_path / "retrained.json"), out="later.json")
    assert later["metrics"] == both["metrics"]
    assert later["retrained"][0]["identity"] == both["retrained"][0]["identity"]


def test_several_retrained_models_and_the_finetuned_one(score, models, tmp_path):
    score(models[1], "--retrained", "none", out="retrained.json")
    others = ["--retrained", models[1], "--retrained", models[2], "--finetuned", str(tmp_path / "retrained.json")]
    result = score(models[0], *others)
    assert [known["source"] for known in result["retrained"]] == models[1:3]
    assert result["finetuned"]["source"].endswith("retrained.json")
    assert result["metrics"]["distance"]["value"] > 0 and result["metrics"]["distance"]["extra"]["models"] == 2
    assert "the test needs three" in "".join(result["metrics"]["p_retrained"]["undefined"])
    assert "same model twice" in score(models[0], *["--retrained", models[1]] * 2, out="t.json", fails=True)


def test_limit_and_its_absence(score, models):
    assert score(models[0], "--retrained", "none", "--limit", "2")["metrics"]["model_utility"]["n"] < 100
    facts = score(models[0], "--retrained", "none", "--limit", "40")["metrics"]["forget_probability"]
    assert facts["n"] == 20  # one author's rows: there are no more


def test_without_retrained_it_says_what_to_do(score, models):
    message = score(models[0], fails=True)
    assert "--retrained MODEL2" in message and "FILE" in message and "--retrained none" in message


def test_without_a_chat_template_it_asks_for_a_prompt(score, models):
    message = score(models[0], "--retrained", "none", prompt=None, fails=True)
    assert "no chat template" in message and "--prompt" in message
    assert "{question} once" in score(models[0], "--retrained", "none", prompt="Q:", fails=True)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {"split": "forget05"}, "was scored with split 'forget10', this model with 'forget05'"),
        (("--limit", "2"), {}, "was scored with limit 3, this model with 2"),
        (("--max-new-tokens", "3"), {}, "was scored with max_new_tokens 4, this model with 3"),
        ((), {"prompt": r"Q: {question}\n"}, "was scored with prompt"),
    ],
)
def test_earlier_file_of_other_rows_is_refused(score, models, tmp_path, arguments, options, message):
    score(models[1], "--retrained", "none", out="earlier.json")
    result = score(models[0], "--retrained", str(tmp_path / "earlier.json"), *arguments, fails=True, **options)
    assert message in result and "score both" in result


@pytest.mark.parametrize("content", [None, "{", "{}", "[]", '{"scores": "gone.parquet"}', '{"scores": 3}'])
def test_bad_earlier_file_is_refused(score, models, tmp_path, content):
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_text(content)
    assert (
        "earlier.json" in (result := score(models[0], "--retrained", str(path), fails=True)) or "gone.parquet" in result
    )


@pytest.mark.parametrize("out", ["s.txt", "s", "taken/s.json"])
def test_bad_out_is_refused_before_any_work(score, models, tmp_path, monkeypatch, out):
    from benchmark.runs import score as score_command

    monkeypatch.setattr(score_command, "_score", lambda *a: pytest.fail("scored first"))
    (tmp_path / "taken").write_text("a file, not a folder")
    assert "--out" in score(models[0], "--retrained", "none", out=out, fails=True)


def test_absent_models_are_user_errors(score, models, tmp_path):
    assert "there is no folder" in score(str(tmp_path / "gone"), "--retrained", "none", fails=True)
    assert "there is no folder" in score(models[0], "--retrained", str(tmp_path / "gone"), fails=True)
    assert "unknown split 'forget20'" in score(models[0], "--retrained", "none", split="forget20", fails=True)


def test_nothing_is_written_when_scoring_fails(score, models, tmp_path):
    broken = shutil.copytree(models[0], tmp_path / "broken")
    (broken / "model.safetensors").unlink()
    score(str(broken), "--retrained", "none", fails=True)
    assert not list(tmp_path.glob("*.parquet"))
