"""Methods and metrics of installed packages."""

import dataclasses
import sys
from pathlib import Path

import pytest

import methods
import metrics
from benchmark.common.errors import UserError
from benchmark.evaluation.scores import Scores
from tests.common.method_source import GOOD
from tests.metrics.factory import make_set


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package of one module: name -> text of the module, the registry's module and its entry point."""

    def installed(stem, text, registry, names=None):
        (tmp_path / "plugged").mkdir()
        (tmp_path / "plugged" / "__init__.py").touch()
        (tmp_path / "plugged" / f"{stem}.py").write_text(text)
        about = tmp_path / "plugged-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
        line = f"one = {names or f'plugged.{stem}'}\n"
        (about / "entry_points.txt").write_text(f"[unlearn_bench.{registry.__name__}]\n{line}")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(registry, "REGISTRY", dataclasses.replace(registry.REGISTRY))  # nothing read yet

    yield installed
    for name in [name for name in sys.modules if name.partition(".")[0] == "plugged"]:
        del sys.modules[name]


def test_methods_of_an_installed_package(install):
    install("mine", GOOD, methods)
    assert {"first", "second", "rkld"} <= {*methods.method_names()}
    assert methods.load_method("second").rate == 2.0
    assert "mine.py" in {row["file"] for row in methods.describe()}


def test_metrics_of_an_installed_package(install):
    example = Path(methods.__file__).parents[1] / "examples" / "my_metric.py"
    install("words", example.read_text().replace('name = "my_metric"', 'name = "words"'), metrics)
    assert {"words", "rouge"} <= {*metrics.metric_names()}
    scores = Scores({"forget": make_set([1.0], generated=["a cook"], gold=["cook"])})
    assert metrics.measure_all(scores, names=["words"])["forget_words"].value == 2.0
    assert "forget_words" in metrics.measure_all(scores)
    assert "words" in {about["name"] for about in metrics.describe()}


@pytest.mark.parametrize("registry", [methods, metrics])
@pytest.mark.parametrize("module", ["plugged.gone", "gone.mine"])
def test_entry_point_to_nowhere_is_named(install, registry, module):
    install("mine", GOOD, registry, names=module)
    with pytest.raises(UserError, match=f"the entry point 'one' names '{module}', which is not installed"):
        registry.REGISTRY.get("rkld")


def test_an_installed_package_may_not_take_a_name(install):
    install("rouge", "", metrics)
    with pytest.raises(UserError, match=r"metric 'rouge' is defined by both .*metrics/rouge.py and .*plugged/rouge.py"):
        metrics.metric_names()
