"""CITATION.cff and pyproject.toml say the same of the project."""

import re
import tomllib

import yaml

from tests.conftest import ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_is_of_this_version_and_these_people():
    assert CITATION["title"].startswith(f"{PROJECT['name']}: ")
    assert [CITATION[key] for key in ("version", "license")] == [PROJECT[key] for key in ("version", "license")]
    assert CITATION["authors"] == PROJECT["authors"]


def test_papers_have_the_addresses_that_their_identifiers_name():
    for paper in CITATION["references"]:
        (identifier,) = paper["identifiers"]
        assert paper["url"] == identifier["value"].replace("arXiv:", "https://arxiv.org/abs/")
        assert all({"given-names", "family-names"} == person.keys() for person in paper["authors"])
    assert {*PROJECT["urls"].values()} == {paper["url"] for paper in CITATION["references"]}


def test_a_released_version_has_its_date():
    heading = re.search(rf"^## {re.escape(PROJECT['version'])} \((.+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.M)[1]
    assert str(CITATION.get("date-released", "unreleased")) == heading
