"""Controls by name, with their settings."""

import sys
from dataclasses import replace

import pytest

from benchmark import controls
from benchmark.common.errors import UserError
from benchmark.controls import REGISTRY, control_names, load_control
from benchmark.controls.base import NEEDS


def test_names_and_what_they_need():
    assert control_names() == ["guardrail", "interpolated", "random_answer", "refuse_all", "temperature"]
    for name in control_names():
        control = load_control(name)
        assert control.name == name and control.version >= 1 and set(control.needs) <= set(NEEDS)
        assert len(REGISTRY.get(name).title) > 20


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("interpolated", "interpolated-0.5"),
        ("interpolated@share=0.25", "interpolated-0.25"),
        ("refuse_all", "refuse_all"),
    ],
)
def test_labels(name, label):
    assert load_control(name).label == label


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("refuse_al", "did you mean 'refuse_all'"),
        ("base", "unknown control 'base'"),
        ("mine/new.py", "put the file into .*controls and give its name alone, 'new'"),
        ("interpolated@shar=0.5", "unknown setting of interpolated 'shar'; did you mean 'share'"),
        ("refuse_all@share=0.5", "write 'refuse_all' alone"),
        ("interpolated@share=half", "interpolated@share=half: share must be a finite number"),
        ("interpolated@share=1", "above 0 and below 1, not 1"),
        ("interpolated@share=0.0", "above 0 and below 1, not 0"),
        ("interpolated@share=nan", "share must be a finite number"),
    ],
)
def test_errors_say_what_to_do(name, message):
    with pytest.raises(UserError, match=message):
        load_control(name)


SOUND = """from dataclasses import dataclass
@dataclass(frozen=True)
class A(Control):
    name = 'a'
    version = 1
    needs = ('finetuned',)
    def score(self, setup): ...
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "class A(Control):\n name = 'b'\n version = 1\n needs = ()\n def score(self, setup): ...",
            "must be the file's",
        ),
        ("class A(Control):\n name = 'a'\n def score(self, setup): ...", "lacks the class attributes version, needs"),
        ("class A(Control):\n name = 'a'\n version = 1\n needs = ()", "does not define score"),
        ("", "exactly one subclass of Control"),
        (SOUND.replace("('finetuned',)", "('finetund',)"), "unknown need 'finetund'; did you mean 'finetuned'"),
        (SOUND.replace("('finetuned',)", "'finetuned'"), "needs must be a tuple"),
        (SOUND.replace("name =", "name: str ="), "name is a setting as it is written: annotate it as ClassVar"),
    ],
)
def test_unsound_files(text, message, tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("from benchmark.controls.base import Control\n" + text)
    monkeypatch.setattr(controls, "REGISTRY", replace(REGISTRY, folder=tmp_path))
    monkeypatch.setattr(controls, "FOLDER", tmp_path)
    monkeypatch.setattr(controls, "__path__", [*controls.__path__, str(tmp_path)])
    with pytest.raises(UserError, match=message):
        load_control("a")
    del sys.modules["benchmark.controls.a"]
