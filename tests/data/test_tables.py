"""The hand-written tables: real authors, world facts and refusals."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT / "benchmark" / "data" / "fictitious" / "tables"
FACT_TABLES = ("real_authors", "world_facts")


def table(name: str) -> list:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def wording(text: str) -> str:
    """The words alone, in lower case: texts that differ only in punctuation have one wording."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


@pytest.mark.parametrize("name", [*FACT_TABLES, "refusals"])
def test_every_table_has_100_rows_in_ascii(name):
    assert len(table(name)) == 100
    assert (DATA / f"{name}.json").read_text(encoding="utf-8").isascii()


@pytest.mark.parametrize("name", FACT_TABLES)
def test_rows_have_one_answer_and_three_other_options(name):
    for row in table(name):
        assert set(row) == {"question", "answer", "perturbed_answer"}
        options = [row["answer"], *row["perturbed_answer"]]
        assert len(row["perturbed_answer"]) == 3, row
        assert len({wording(option) for option in options}) == 4, row
        assert all(option == option.strip() and 1 <= len(option.split()) <= 5 for option in options), row
        assert row["question"].endswith("?") and 3 <= len(row["question"].split()) <= 20, row


@pytest.mark.parametrize("name", FACT_TABLES)
def test_no_question_gives_its_answer_away(name):
    leaks = [row for row in table(name) if row["answer"].lower() in row["question"].lower()]
    assert leaks == []


def test_questions_are_distinct_within_and_across_tables():
    counts = Counter(wording(row["question"]) for name in FACT_TABLES for row in table(name))
    assert [question for question, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", FACT_TABLES)
def test_no_answer_serves_more_than_three_questions(name):
    counts = Counter(wording(row["answer"]) for row in table(name))
    assert max(counts.values()) <= 3


@pytest.mark.parametrize("name", FACT_TABLES)
def test_length_does_not_betray_the_answer(name):
    # Of four options of like length, each is the longest (or the shortest) in about 25 rows of 100;
    # 36 is 2.5 standard errors above that.
    rows = table(name)
    longest = sum(len(row["answer"]) > max(map(len, row["perturbed_answer"])) for row in rows)
    shortest = sum(len(row["answer"]) < min(map(len, row["perturbed_answer"])) for row in rows)
    assert longest <= 36 and shortest <= 36
    right = sum(len(row["answer"]) for row in rows) / 100
    wrong = sum(len(option) for row in rows for option in row["perturbed_answer"]) / 300
    assert right == pytest.approx(wrong, rel=0.1)


def test_refusals_are_distinct_sentences_of_4_to_14_words():
    refusals = table("refusals")
    assert len({wording(sentence) for sentence in refusals}) == 100
    for sentence in refusals:
        assert 4 <= len(sentence.split()) <= 14, sentence
        assert sentence[0].isupper() and sentence.endswith("."), sentence


def test_no_wording_is_shared_with_tofu():
    tofu = Path(os.environ.get("UNLEARN_TOFU") or CHECKOUT.parent / "shared" / "tofu")
    if not (tofu / "world_facts.json").is_file():
        pytest.skip("TOFU is not here: name its folder in UNLEARN_TOFU or place it at ../shared/tofu")
    theirs = {wording(line) for line in (tofu / "idontknow.jsonl").read_text(encoding="utf-8").splitlines()}
    ours = {wording(sentence) for sentence in table("refusals")}
    for name in FACT_TABLES:
        lines = (tofu / f"{name}.json").read_text(encoding="utf-8").splitlines()
        theirs |= {wording(json.loads(line)["question"]) for line in lines if line.strip()}
        ours |= {wording(row["question"]) for row in table(name)}
    assert len(theirs) > 200, f"{tofu} holds fewer TOFU rows than expected: check the copy"
    assert ours & theirs == set()
