"""Finding methods by name or path, and what is said when that fails."""

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import methods
from benchmark.common.errors import UserError, unknown_name
from benchmark.common.source_files import imported_files, meaning, read_source
from tests.common.method_source import GOOD


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The registry over a folder of its own."""
    monkeypatch.setattr(methods, "REGISTRY", dataclasses.replace(methods.REGISTRY, folder=tmp_path))
    return tmp_path


@pytest.mark.parametrize(("wrong", "right"), [("rkdl", "rkld"), ("npo_rt", "npo+rt"), ("taskvector", "task_vector")])
def test_unknown_method_suggests_the_nearest(wrong, right):
    with pytest.raises(UserError, match="unknown method") as error:
        methods.load_method(wrong)
    assert repr(right) in str(error.value)


def test_unknown_name_far_from_all_lists_them():
    assert str(unknown_name("metric", "zzz", ["b", "a"])) == "unknown metric 'zzz'; there are: a, b"


def test_unknown_setting_suggests_the_nearest():
    with pytest.raises(UserError, match="unknown setting of rkld 'alhpa'; did you mean 'alpha'"):
        methods.load_method("rkld", alhpa=4.0)


def test_settings_and_variants_combine():
    method = methods.load_method("rkld+rt", alpha=4.0)
    assert (method.alpha, method.retain) == (4.0, "rt")
    assert methods.load_method("rkld+rt", retain="none") == methods.load_method("rkld")


def test_file_outside_is_loaded_by_path(mine):
    assert methods.load_method(str(mine)).rate == 1.0
    assert methods.load_method(f"{mine}:second").rate == 2.0
    assert methods.load_method(f"{mine}:second", rate=3.0).rate == 3.0
    with pytest.raises(UserError, match="unknown variant .*'secnd'; did you mean 'second'"):
        methods.load_method(f"{mine}:secnd")


def test_path_may_hold_the_suffix_elsewhere(tmp_path):
    (tmp_path / ".pyenv").mkdir()
    path = tmp_path / ".pyenv" / "mine.py"
    path.write_text(GOOD)
    assert methods.load_method(str(path)).rate == 1.0


def test_edited_file_is_read_anew(mine):
    assert methods.load_method(str(mine)).rate == 1.0
    mine.write_text(GOOD.replace("rate: float = 1.0", "rate: float = 5.0").replace('"second"', '"third"'))
    assert methods.load_method(str(mine)).rate == 5.0
    assert methods.load_method(f"{mine}:third").rate == 2.0


def test_missing_file_and_broken_syntax_are_named(tmp_path):
    with pytest.raises(UserError, match="there is no file .*absent.py"):
        methods.load_method(str(tmp_path / "absent.py"))
    (tmp_path / "bad.py").write_text("x = 1\ndef f(:\n")
    with pytest.raises(UserError, match="bad.py is not valid Python: line 2"):
        methods.load_method(str(tmp_path / "bad.py"))


def test_file_that_fails_to_import_says_why_and_can_be_mended(mine):
    mine.write_text("import no_such_module\n" + GOOD)
    before = set(sys.modules)
    with pytest.raises(UserError, match="mine.py cannot be imported: ModuleNotFoundError"):
        methods.load_method(str(mine))
    assert set(sys.modules) == before
    mine.write_text("from benchmark.forward import token_logprobs\n" + GOOD)  # where it was before version 0.2
    with pytest.raises(
        UserError, match="No module named 'benchmark.forward'; a method's file imports from methods.base"
    ):
        methods.load_method(str(mine))


@pytest.mark.parametrize(
    ("source", "defined"),
    [("from methods.base import Method\n", "none"), (GOOD + "class Other(Method): pass\n", "Mine, Other")],
)
def test_exactly_one_method_a_file(tmp_path, source, defined):
    (tmp_path / "count.py").write_text(source)
    with pytest.raises(UserError, match=f"exactly one subclass of Method; it defines {defined}"):
        methods.load_method(str(tmp_path / "count.py"))


def test_files_of_a_folder_are_methods(folder):
    (folder / "mine.py").write_text(GOOD)
    (folder / "plain.py").write_text(GOOD.replace("VARIANTS", "OTHERS"))
    for other in ("_private.py", "__init__.py", "notes.txt", "deeper/below.py"):
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_text("no Python (")
    assert methods.method_names() == ["first", "plain", "second"]
    assert methods.load_method("plain").rate == 1.0
    row = methods.describe()[0]
    assert (row["name"], row["title"], row["paper"]) == ("first", "A title. And more", "arXiv:0000.00000")


def test_two_files_may_not_share_a_name(folder):
    (folder / "mine.py").write_text(GOOD)
    (folder / "yours.py").write_text(GOOD.replace('"first"', '"third"'))
    with pytest.raises(UserError, match="method 'second' is defined by both .*mine.py and .*yours.py"):
        methods.method_names()


def test_source_is_read_without_being_run(tmp_path):
    path = tmp_path / "loud.py"
    path.write_text('"""Loud."""\nraise SystemExit\nCOUNT: int = 3\nSIZE = 2 * COUNT\nclass A:\n    flag = True\n')
    source = read_source(path)
    assert (source.title, source.constants, source.stem) == ("Loud", {"COUNT": 3, "flag": True}, "loud")


MEANT = '"""A title."""\nimport math\n\n\ndef f(x):\n    """Doc."""\n    return math.e * x  # why\n'


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("import math", "from elsewhere import (\n    math,\n)"), True),
        (("A title.", "Another one,\nof two lines."), True),
        (("  # why", ""), True),
        (("\n\n\n", "\n"), True),
        (("math.e * x", "math.e * x + 1"), False),
        (('"""Doc."""\n    ', ""), True),
        (("x  # why", "x * len('# why')"), False),
    ],
)
def test_what_a_file_means(tmp_path, change, same):
    (tmp_path / "one.py").write_text(MEANT)
    (tmp_path / "two.py").write_text(MEANT.replace(*change))
    assert (meaning(tmp_path / "one.py") == meaning(tmp_path / "two.py")) is same


def test_files_that_a_method_imports_are_in_its_key(mine):
    mine.write_text(GOOD + "from methods.npo import NPO\nfrom methods import dpo\n")
    names = {path.name for path in imported_files(mine, "methods", methods.FOLDER)}
    assert {"mine.py", "npo.py", "dpo.py", "terms.py", "method.py", "_retain.py"} <= names
    assert "rkld.py" not in names
    hashes = methods.source_hashes(methods.load_method(str(mine)))
    assert {"outside: mine.py", "npo.py", "base/terms.py"} <= hashes.keys()


def test_method_of_a_file_outside_survives_pickling_into_another_process(mine):
    method = methods.load_method(f"{mine}:second")
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer))"
    root = Path(methods.__file__).parent.parent
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=root, input=pickle.dumps(method), capture_output=True, check=True
    )
    assert out.stdout.decode().strip() == "Mine(rate=2.0)"


def test_listing_methods_imports_no_heavy_library():
    code = "import sys, methods; methods.describe(); print({'torch', 'transformers'} & {*sys.modules})"
    root = Path(methods.__file__).parent.parent
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_one_field_changed_makes_another_row(mine):
    assert methods.load_method("rkld+rt@alpha=2.5").alpha == 2.5
    assert methods.load_method("rkld+rt@alpha=2.5").retain == "rt"
    assert methods.method_source("rkld@alpha=4")[0] == "rkld@alpha=4"
    assert methods.load_method("rkld@alpha=4", alpha=1.0).alpha == 4  # the row's name says 4
    assert methods.load_method(f"{mine}:second@rate=0.5").rate == 0.5
    assert methods.method_source(f"{mine}@rate=0.5")[0] == "first@rate=0.5"
    assert methods.load_method("npo+rt@beta=0.2@retain=kl").retain == "kl"
    with pytest.raises(UserError, match="unknown setting of rkld 'alhpa'.*'alpha'"):
        methods.load_method("rkld@alhpa=4")
    with pytest.raises(UserError, match="unknown method 'rkdl'"):
        methods.load_method("rkdl@alpha=4")
