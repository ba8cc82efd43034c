"""Nothing that comes with a model, a record or a name is executed, and nothing is written outside the folder it is meant for."""

from __future__ import annotations

import ast
import csv
import io
import json
import shutil

import pytest

from benchmark.common.errors import UserError
from benchmark.common.files import as_csv
from benchmark.common.names import file_name
from benchmark.data import fictitious
from benchmark.data.export import export
from benchmark.leaderboard.build import build, write
from benchmark.leaderboard.markdown import escaped
from benchmark.models.loading import load_model, save_model
from tests.conftest import ROOT
from tests.model_fixtures import tiny_model

UNSAFE = {"pickle", "dill", "joblib", "shelve", "marshal"}  # modules that run what they read
PICKLES_FAULTS = {
    "benchmark/runs/workers.py",  # names pickle's error alone
    "benchmark/runs/launchers/carried.py",  # tasks on their way between a board's own processes, as Ray pickles all else
    "benchmark/runs/launchers/rank_group.py",  # tries whether an error of its own can be sent to another process
}


def calls_that_unpickle(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"imports {name}" for name in names if name and name.partition(".")[0] in UNSAFE)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "torch.load",
            "numpy.load",
            "np.load",
            "pd.read_pickle",
        ):
            yield f"calls {ast.unparse(node)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("eval", "os.system"):
            yield f"calls {ast.unparse(node.func)}"


def test_no_file_of_the_project_unpickles_or_evaluates():
    paths = [path for room in ("benchmark", "methods", "metrics") for path in (ROOT / room).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): list(calls_that_unpickle(path)) for path in paths}
    unsafe = {path: calls for path, calls in found.items() if calls and path not in PICKLES_FAULTS}
    assert unsafe == {}
    assert "pickle.load" not in (ROOT / "benchmark/runs/workers.py").read_text()


@pytest.fixture
def saved(tmp_path):
    model, prompt_tokenizer = tiny_model("llama")
    save_model(model, prompt_tokenizer.tokenizer, tmp_path / "model")
    return tmp_path / "model"


class Touches:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickled_weights_are_refused_unread(saved, tmp_path):
    import torch

    (saved / "model.safetensors").unlink()
    torch.save({"x": Touches(tmp_path / "executed")}, saved / "pytorch_model.bin")
    with pytest.raises(UserError, match="cannot load the model"):
        load_model(str(saved))
    assert not (tmp_path / "executed").exists()


def test_code_of_a_model_runs_only_when_it_is_asked_for(saved, tmp_path):
    code = f"open({str(tmp_path / 'executed')!r}, 'w')\nfrom transformers import LlamaForCausalLM as Mine, LlamaConfig as Own\n"
    (saved / "code.py").write_text(code)
    config = json.loads((saved / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "code.Own", "AutoModelForCausalLM": "code.Mine"}}
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="cannot load the model"):
        load_model(str(saved))
    assert not (tmp_path / "executed").exists()


DAMAGES = {  # of a model's folder: which file, what it holds then
    "config that is a list": ("config.json", b"[]"),
    "config cut short": ("config.json", b'{"model_type": '),
    "config of another kind": ("config.json", b'{"model_type": "bert", "architectures": ["BertModel"]}'),
    "weights cut short": ("model.safetensors", 1000),
    "weights that are none": ("model.safetensors", b""),
    "weights that are a folder": ("model.safetensors", None),
    "tokenizer that is empty": ("tokenizer.json", b"{}"),
    "tokenizer cut short": ("tokenizer.json", 300),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_model_is_one_line(damage, saved):
    name, content = DAMAGES[damage]
    path = saved / name
    if content is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(path.read_bytes()[:content] if isinstance(content, int) else content)
    with pytest.raises(UserError) as refusal:
        load_model(str(saved))
    message = str(refusal.value)
    assert message.startswith("cannot load the model") and len(message.splitlines()) == 1 and len(message) < 500, (
        message
    )


TEMPLATES = ["{% for", "{{ raise_exception('no') }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}",
             "{% for i in range(10**9) %}x{% endfor %}", "{{ cycler.__init__.__globals__.os.system('id') }}"]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_chat_template_that_fails_or_leaves_its_sandbox_is_one_line(template):
    import copy

    from benchmark.models.tokenization import PromptTokenizer

    tokenizer = copy.deepcopy(tiny_model("llama")[1].tokenizer)
    tokenizer.chat_template = template
    with pytest.raises(UserError, match="the model's chat template fails") as refusal:
        PromptTokenizer(tokenizer).prompts(["Who?"])
    assert len(str(refusal.value).splitlines()) == 1


def test_cells_of_a_csv_are_no_formulas():
    cells = ["=cmd|calc!A1", "+1+1", "-2+3", "@SUM(A1)", " =1", "\t=1", "-1.5", "+inf", "plain", "a=b", -1.5, None, "-"]
    (row,) = list(csv.reader(io.StringIO(as_csv(["x"] * len(cells), [cells]))))[1:]
    assert row == ["'=cmd|calc!A1", "'+1+1", "'-2+3", "'@SUM(A1)", "' =1", "'\t=1", "-1.5", "+inf", "plain", "a=b",
                   "-1.5", "", "'-"]  # fmt: skip


def test_names_in_markdown_are_text():
    assert escaped("[x](javascript:1)") == r"\[x](javascript:1)"
    assert escaped("![x][y]") == r"!\[x][y]" and escaped("[x]: evil") == r"\[x]: evil"
    assert escaped("a [0.1, 0.2]\n| b") == r"a [0.1, 0.2] \| b"
    assert escaped("<script>`*") == r"\<script>\`\*"


def test_tables_of_a_board_with_a_hostile_name_hold_no_formula_and_no_link(tmp_path):
    (path,) = (ROOT / "results" / "published" / "quick" / "records" / "npo").glob("*.json")
    record = json.loads(path.read_text()) | {
        "checksum": None,
        "method": "=cmd[x](javascript:1)",
        "board": "[b](javascript:2)",
    }
    target = tmp_path / "records" / "npo" / path.name
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(record))
    with pytest.raises(UserError, match="leave ':' out"):
        build(tmp_path)
    target.write_text(json.dumps(record | {"method": "=cmd[x](y)"}))
    write(tmp_path, build(tmp_path))
    rows = list(csv.reader(io.StringIO((tmp_path / "leaderboard.csv").read_text())))
    assert rows[1][0].startswith("'=cmd")
    text = (tmp_path / "leaderboard.md").read_text()
    assert r"\[b](javascript:2)" in text and r"=cmd\[x](y)" in text


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/x", "a\\b", "C:x", "a\0b", "a\n", " a", "a.", "x" * 201, "é" * 101, "\ud800"],
)
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(ValueError):
        file_name(name)


@pytest.mark.parametrize(
    "name", ["rkld+rt", "rkld@alpha=4", "a", "x" * 200, "my method", "méthode", "interpolated@share=0.25"]
)
def test_names_of_rows_are_taken(name):
    assert file_name(name) == name


def test_export_deletes_nothing_that_a_readme_claims(tmp_path):
    dataset = fictitious.load(authors=10, seed=3)
    export(dataset, tmp_path / "data")
    export(dataset, tmp_path / "data")  # an earlier export is replaced
    (tmp_path / "data" / "thesis.json").write_text("mine")
    readme = tmp_path / "data" / "README.md"
    readme.write_text(readme.read_text().replace("---\n#", "- config_name: t\n  data_files: thesis.json\n---\n#"))
    with pytest.raises(UserError, match="holds thesis.json, which no export wrote"):
        export(dataset, tmp_path / "data")
    assert (tmp_path / "data" / "thesis.json").read_text() == "mine"
    shutil.rmtree(tmp_path / "data")
