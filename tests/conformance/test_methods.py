"""Every registered method passes the conformance suite, and the suite can fail."""

import pytest

import methods
from benchmark.conformance.run import checks_for
from benchmark.conformance.toy import ARCHITECTURES, toy_setup

CASES = [
    pytest.param(name, architecture, check, id=f"{name}-{architecture}-{check.__name__}")
    for name in methods.method_names()
    for architecture in ARCHITECTURES
    for check in checks_for(methods.load_method(name))
]


@pytest.mark.parametrize(("name", "architecture", "check"), CASES)
def test_method_conforms(name, architecture, check):
    check(toy_setup(architecture), methods.load_method(name))


@pytest.mark.parametrize("row", methods.describe(), ids=lambda row: row["name"])
def test_description_from_source_agrees_with_the_method(row):
    method = methods.load_method(row["name"])
    assert row["needs"] == list(method.required())
    assert row["forwards"] == method.forwards()
    assert row["paper"] == method.paper != ""
    assert row["status"] == method.status
    assert row["title"]
