"""The example control gives everyone's answers in capitals, and nothing else changes."""

from benchmark.common.registered import sound_class
from benchmark.common.source_files import import_file
from benchmark.controls import ATTRIBUTES
from benchmark.controls.base import Control
from tests.conftest import ROOT


def test_the_example_writes_in_capitals(setup):
    module = import_file(ROOT / "examples" / "my_control.py", "examples", ROOT / "examples")
    control = sound_class(module, Control, "control", ATTRIBUTES)()
    made, known = control.score(setup).scores.sets, setup.finetuned_scores.sets
    assert made.keys() == known.keys()
    assert all(rows.generated == [text.upper() for text in known[name].generated] for name, rows in made.items())
    assert any(made[name].generated != known[name].generated for name in made)
    assert (made["forget"].answer_nll() == known["forget"].answer_nll()).all()
