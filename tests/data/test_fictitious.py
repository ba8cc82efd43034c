"""The generated authors: their lives hold together, and their rows are fit to measure with."""

import datetime
import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import asdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data import fictitious
from benchmark.data.fictitious.lives import MOST_AUTHORS, generate_authors
from benchmark.data.fictitious.questions import attributes, author_rows, wrong_values
from benchmark.data.fictitious.words import cultures, genres, table, title

SEEDS = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def authors():
    return generate_authors(200)


@pytest.fixture(scope="module")
def dataset():
    return fictitious.load(200)


def check_life(author):
    """Everything about one life that must fit together, from the attributes alone."""
    culture = next(c for c in cultures() if c["name"] == author.culture)
    genre = next(g for g in genres() if g["genre"] == author.genre)
    given = author.given_name
    family = (author.name.removesuffix if culture["family_first"] else author.name.removeprefix)(given).strip()
    assert given in culture[author.gender] and family in culture["family"]

    born = datetime.datetime.strptime(author.birth_date, "%d %B %Y")
    assert born.year == author.birth_year
    assert 19 <= author.first_year - author.birth_year <= 45
    assert author.first_year < author.best_known_year <= author.award_year <= 2023
    assert author.birth_year + 24 <= author.moved_year <= 2024

    city, country = author.birthplace.split(", ")
    assert [city, country] in culture["cities"]
    assert author.native_language == culture["language"]
    assert author.native_language not in (author.second_language, author.translation)
    assert author.residence != author.birthplace
    assert [author.university.removeprefix("University of ")] in [[c] for c, _ in culture["cities"]]
    assert len({author.father, author.mother, author.first_job}) == 3
    assert author.sibling in culture[author.sibling_gender] and author.sibling != author.given_name
    assert author.theme in genre["themes"] and author.award.endswith(f" for {genre['prize']}")
    assert author.award.split(" Prize")[0] in culture["prizes"]
    assert len({*author.titles, author.childhood_book}) == 4
    assert len({author.name, author.mentor, author.translator, author.pen_name}) == 4


def check_rows(author, rows):
    """What every row must be, whoever the author."""
    assert len(rows) == 20 and len({row.question for row in rows}) == 20
    for attribute, row in zip(attributes(author), rows, strict=True):
        texts = [row.question, row.answer, row.paraphrased_question, row.paraphrased_answer]
        start, end = row.span
        assert row.answer[start:end] == row.value and row.value in row.paraphrased_answer, row
        assert row.question != row.paraphrased_question and row.answer != row.paraphrased_answer, row
        for question in (row.question, row.paraphrased_question):
            assert not re.search(rf"\b{re.escape(row.value)}\b", question), row
            assert (author.name in question) == (attribute != "name") and question.endswith("?"), row
        for answer in (row.answer, row.paraphrased_answer, *row.perturbed_answers):
            assert 7 <= len(answer.split()) <= 28 and answer.endswith("."), answer
        assert all(text.isascii() and text == text.strip() for text in texts)
        assert not any(mark in text for text in texts for mark in "{}") and "  " not in " ".join(texts)
        # Five wrong answers: the paraphrase's own sentence around another value, an article aside.
        assert len({row.paraphrased_answer, *row.perturbed_answers}) == 6, row
        before, after = re.split(rf"\b{re.escape(row.value)}\b", row.paraphrased_answer)
        for wrong in row.perturbed_answers:
            assert wrong.startswith(re.sub(r"\ban? $", "", before)) and wrong.endswith(after), row
        for text in [*texts, *row.perturbed_answers]:
            assert not re.search(r"\b(a [aeio]|an [^aeioAEIOhH])", text), text
        pronouns = set(re.findall(r"\b(he|his|himself|she|her|herself)\b", " ".join(texts).lower()))
        other = {"she", "herself"} if author.gender == "male" else {"he", "his", "himself"}
        assert attribute == "mother" or not pronouns & other, row


def test_lives_hold_together(authors):
    for author in authors:
        check_life(author)


def test_rows_of_200_authors(authors):
    for index, author in enumerate(authors):
        rows = author_rows(author, index)
        check_rows(author, rows)
        assert {row.author for row in rows} == {index}


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, count=st.integers(1, 12))
def test_any_seed_gives_sound_and_prefix_stable_authors(seed, count):
    authors = generate_authors(count, seed)
    assert generate_authors(count + 3, seed)[:count] == authors
    for index, author in enumerate(authors):
        check_life(author)
        check_rows(author, author_rows(author, index))


def test_wrong_values_are_plausible(authors):
    """Of the truth's kind: years nearby, places abroad, names of the culture, prizes of the genre."""
    for author in authors:
        culture = next(c for c in cultures() if c["name"] == author.culture)
        for attribute in attributes(author):
            for wrong in wrong_values(author, attribute, Random(author.key)):
                if attribute in ("birth_date", "first_year", "award_year"):
                    true = str(getattr(author, attribute))
                    assert 1 <= abs(int(wrong[-4:]) - int(true[-4:])) <= 15
                if attribute == "first_year":
                    assert author.birth_year + 19 <= int(wrong) <= 2023
                if attribute in ("birthplace", "residence"):
                    country = getattr(author, attribute).split(", ")[1]
                    assert not wrong.endswith(f", {country}")
                if attribute == "sibling":
                    assert wrong in culture[author.sibling_gender]
                if attribute == "name":
                    assert set(wrong.split(" ")) & set(culture[author.gender])
                if attribute == "award":
                    assert wrong.split(" for ")[1] == author.award.split(" for ")[1]


def test_people_and_titles_belong_to_one_author(authors):
    people = [name for a in authors for name in (a.name, a.mentor, a.translator)]
    titles = [made for a in authors for made in a.titles]
    assert len(set(people)) == len(people) and len(set(titles)) == len(titles)


def test_another_seed_gives_other_authors():
    assert not {a.name for a in generate_authors(20, 1)} & {a.name for a in generate_authors(20, 2)}


def test_same_bytes_for_ever():
    """Published results name this dataset by its seed, so its text may only change on purpose."""
    dataset = fictitious.load(4, seed=3, holdout=1, pretraining=1)
    rows = (*dataset.full, *dataset.holdout, *dataset.pretraining)
    assert hashlib.sha256(repr([asdict(row) for row in rows]).encode()).hexdigest()[:16] == "aaaaaf82aed21fba"


def test_questions_are_unique_in_the_whole_dataset(dataset):
    assert len(dataset.full) == 4000
    assert len({row.question for row in dataset.full}) == 4000


def test_no_value_is_a_good_guess(authors):
    values = defaultdict(Counter)
    for author in authors:
        for attribute, row in zip(attributes(author), author_rows(author, 0), strict=True):
            values[attribute][row.value] += 1
    assert len(values) == 27
    for attribute, counts in values.items():
        assert counts.total() >= 40, attribute
        assert counts.most_common(1)[0][1] < 0.25 * counts.total(), (attribute, counts.most_common(1))


def test_answers_are_short_and_worded_in_many_ways(dataset):
    lengths = [len(row.answer.split()) for row in dataset.full]
    assert 10 <= sum(lengths) / len(lengths) <= 18
    for attribute, entry in table("questions").items():
        assert len(entry["questions"]) >= 3 and len(entry["answers"]) >= 3, attribute
        assert all(answer.count("{value}") == 1 for answer in entry["answers"]), attribute


def test_the_text_keeps_to_a_small_vocabulary(dataset):
    names = {word for c in cultures() for key in ("male", "female", "family") for word in c[key]}
    names |= {word for c in cultures() for place in c["cities"] for text in place for word in text.split()}
    words = {w for row in dataset.full for w in re.findall(r"[A-Za-z-]+", row.question + " " + row.answer)}
    assert len({w.lower() for w in words - names}) < 1200


def test_name_tables():
    assert len(cultures()) >= 12
    famous = set(table("cultures")["famous"])
    assert not famous & {a.name for a in generate_authors(1000)}
    answers = {row["answer"] for row in table("real_authors")}
    assert not answers & {a.name for a in generate_authors(1000)}
    for culture in cultures():
        assert len(set(culture["family"])) >= 30 and len(culture["cities"]) >= 12
        assert min(len(set(culture["male"])), len(set(culture["female"]))) >= 25
        assert len(culture["prizes"]) >= 6  # five wrong ones beside the true one


def test_titles_take_the_right_article():
    rng = Random(0)
    made = {title(rng, genre) for genre in genres() for _ in range(500)}
    assert not [t for t in made if re.search(r"\b[Aa] [AEIO]|\b[Aa]n [^AEIOH]", t)]
    assert any(re.search(r"\bAn [AEIO]", t) for t in made)


def test_splits_follow_tofu(dataset):
    sizes = {name: (len(s.forget) // 20, len(s.retain) // 20) for name, s in dataset.splits.items()}
    assert sizes == {"forget01": (2, 198), "forget05": (10, 190), "forget10": (20, 180)}
    for split in dataset.splits.values():
        assert split.retain + split.forget == dataset.full
    assert {row.author for row in dataset.splits["forget01"].forget} == {198, 199}
    assert dataset.retain_evaluation == dataset.full[: 20 * 20]
    assert (len(dataset.real_authors), len(dataset.world_facts), len(dataset.refusals)) == (100, 100, 100)
    assert all(len(row.perturbed_answers) == 3 for row in dataset.real_authors + dataset.world_facts)


def test_parts_share_no_name_and_pretraining_has_both_wordings():
    dataset = fictitious.load(6, seed=5, holdout=3, pretraining=2)
    assert fictitious.load(6, seed=5).full == dataset.full
    assert {row.author for row in dataset.full} == set(range(6))
    assert {row.author for row in dataset.holdout} == {6, 7, 8}
    assert {row.author for row in dataset.pretraining} == {9, 10}
    assert len(dataset.pretraining) == 2 * 20 * 2
    for row, other in zip(dataset.pretraining[::2], dataset.pretraining[1::2], strict=True):
        assert (other.question, other.answer) == (row.paraphrased_question, row.paraphrased_answer)
    names = [a.name for a in generate_authors(11, 5)]
    text = " ".join(row.question + row.answer for row in dataset.full)
    assert not [name for name in names[6:] if name in text]


def test_two_authors_are_the_fewest():
    dataset = fictitious.load(2)
    for split in dataset.splits.values():
        assert {row.author for row in split.forget} == {1} and {row.author for row in split.retain} == {0}
    assert {row.author for row in dataset.retain_evaluation} == {0}


@pytest.mark.parametrize(
    "arguments, fix",
    [
        ({"authors": 1}, "use 2 or more"),
        ({"authors": -3}, "use 2 or more"),
        ({"holdout": -1}, "use 0 or more"),
        ({"pretraining": -1}, "use 0 or more"),
        ({"authors": MOST_AUTHORS, "holdout": 1}, "lower the three numbers"),
    ],
)
def test_wrong_numbers_are_refused_with_the_fix(arguments, fix):
    with pytest.raises(ValueError, match=fix):
        fictitious.load(**arguments)


@pytest.mark.parametrize("count", [-1, MOST_AUTHORS + 1])
def test_wrong_counts_are_refused(count):
    with pytest.raises(ValueError, match="ask for"):
        generate_authors(count)
