"""The real TOFU as it is read, and generated authors in its layout."""

import json

import pytest

from benchmark.common.errors import UserError
from benchmark.config.schema import DatasetChoice
from benchmark.data import fictitious
from benchmark.data.export import export
from benchmark.data.load import load_dataset, take_authors, take_questions
from benchmark.data.tofu import load

SPLITS = ["forget01", "forget05", "forget10"]


@pytest.fixture(scope="module")
def real(tofu):
    return load(str(tofu), SPLITS)


@pytest.fixture(scope="module")
def generated():
    return fictitious.load(authors=20, seed=3, holdout=2)


@pytest.fixture
def exported(generated, tmp_path):
    export(generated, tmp_path / "dataset")
    return tmp_path / "dataset"


def test_sizes_are_the_papers(real):
    assert len(real.full) == 4000
    assert {n: (len(s.forget), len(s.retain)) for n, s in real.splits.items()} == {
        "forget01": (40, 3960), "forget05": (200, 3800), "forget10": (400, 3600),
    }  # fmt: skip
    sets = (
        real.retain_evaluation,
        real.real_authors,
        real.world_facts,
        real.refusals,
        real.holdout,
        real.pretraining,
    )
    assert [len(rows) for rows in sets] == [400, 100, 117, 100, 0, 0]
    assert sorted(real.evaluation("forget01")) == ["forget", "real_authors", "retain", "world_facts"]


def test_a_tiny_model_for_it_learns_the_language_from_generated_authors(real, tofu):
    with_language = load_dataset(DatasetChoice(name="tofu", source=str(tofu), pretraining=3), list(real.splits))
    assert len(with_language.pretraining) == 3 * 20 * 2
    learnt_from = {row.author for row in with_language.pretraining}
    assert len(learnt_from) == 3 and not learnt_from & {row.author for row in with_language.full}
    assert with_language.full == real.full and with_language.identity != real.identity


def test_splits_divide_the_whole(real):
    whole = {(r.question, r.answer) for r in real.full}
    for split in real.splits.values():
        forget, retain = ({(r.question, r.answer) for r in rows} for rows in (split.forget, split.retain))
        assert not forget & retain and forget | retain == whole


def test_paraphrases_and_wrong_answers(real):
    for rows, wrong in (
        (real.splits["forget10"].forget, 5),
        (real.retain_evaluation, 5),
        (real.real_authors, 3),
        (real.world_facts, 3),
    ):
        assert {len(row.perturbed_answers) for row in rows} == {wrong}
        assert all(bool(row.paraphrased_answer) == (wrong == 5) for row in rows)
    assert all(r.paraphrased_answer is None and not r.perturbed_answers for r in real.full)


def test_authors_are_numbered_by_twenty_rows(real):
    assert [r.author for r in real.full] == [i // 20 for i in range(4000)]
    for name, first in (("forget01", 198), ("forget05", 190), ("forget10", 180)):
        split = real.splits[name]
        assert [r.author for r in split.forget] == [a for a in range(first, 200) for _ in range(20)]
        assert {r.author for r in split.retain} == set(range(first))
    assert all(r.author is not None and r.author < 180 for r in real.retain_evaluation)
    assert {r.author for r in (*real.real_authors, *real.world_facts)} == {None}


def test_question_that_is_asked_of_several_authors_keeps_each(real):
    by_question = {}
    for row in real.full:
        by_question.setdefault(row.question, []).append(row)
    repeated = [rows for rows in by_question.values() if len(rows) > 1]
    assert repeated and all(len({r.answer for r in rows}) == len(rows) for rows in repeated)
    assert any(len({r.author for r in rows}) > 1 for rows in repeated)


def test_refusals_are_the_sources(real, exported):
    assert real.notes["refusals"] == "the source's" and "I don't know." in " ".join(real.refusals)
    (exported / "idontknow.jsonl").unlink()
    without = load(str(exported), ["forget10"])
    assert without.notes["refusals"] == "the fictitious dataset's" and without.refusals == fictitious.refusals()


def test_exported_dataset_is_read_again(generated, exported):
    read = load(str(exported), SPLITS)
    for name in SPLITS:
        assert read.splits[name].forget == generated.splits[name].forget
        mine, theirs = read.splits[name].retain, generated.splits[name].retain
        assert [(r.question, r.answer, r.author, r.value) for r in mine] == [
            (r.question, r.answer, r.author, r.value) for r in theirs
        ]
    assert read.evaluation("forget10") == generated.evaluation("forget10")
    assert read.refusals == generated.refusals


def test_choice_of_a_preset_reads_it(exported):
    dataset = load_dataset(DatasetChoice(name="tofu", source=str(exported), authors=10), ["forget05"])
    assert list(dataset.splits) == ["forget05"] and len(dataset.full) == 200
    assert (
        dataset.identity
        == load_dataset(DatasetChoice(name="tofu", source=str(exported), authors=10), ["forget05"]).identity
    )
    assert dataset.identity != load_dataset(DatasetChoice(name="tofu", source=str(exported)), ["forget05"]).identity


def test_fewer_authors_keep_the_shape(real):
    small = take_authors(real, 30)
    assert len(small.full) == 600 and small.notes["authors"] == "30"
    assert {n: len({r.author for r in s.forget}) for n, s in small.splits.items()} == {
        "forget01": 1, "forget05": 2, "forget10": 3,
    }  # fmt: skip
    for name, split in small.splits.items():
        assert {r.author for r in split.forget} == set(range(200)) - set(range(200 - len(split.forget) // 20)), name
        assert len(split.forget) + len(split.retain) == 600
        assert all(r.paraphrased_answer for r in split.forget)
    retained = {r.author for r in small.splits["forget10"].retain}
    # TOFU scores 20 of its 200 authors as retained ones, so 3 of 30, the first.
    assert {r.author for r in small.retain_evaluation} == {0, 1, 2} <= retained
    assert len(small.retain_evaluation) == 60
    assert (small.real_authors, small.world_facts) == (real.real_authors, real.world_facts)
    assert small.identity != real.identity != take_authors(real, 31).identity != small.identity


def test_impossible_numbers_of_authors_are_refused(real):
    with pytest.raises(UserError, match="201 authors were asked for, the dataset has 200"):
        take_authors(real, 201)
    with pytest.raises(UserError, match="1 authors leave nobody to retain; ask for more than 1"):
        take_authors(real, 1)
    smallest = take_authors(real, 2)
    assert {len({r.author for r in part}) for s in smallest.splits.values() for part in (s.forget, s.retain)} == {1}


def test_fewer_questions_keep_every_author(generated):
    small = take_questions(generated, 8)
    for whole, part in (
        (generated.full, small.full),
        (generated.splits["forget10"].forget, small.splits["forget10"].forget),
        (generated.splits["forget10"].retain, small.splits["forget10"].retain),
        (generated.retain_evaluation, small.retain_evaluation),
        (generated.holdout, small.holdout),
    ):
        by_author = {row.author: [r for r in whole if r.author == row.author] for row in whole}
        assert part == tuple(row for rows in by_author.values() for row in rows[:8])
    assert len(small.full) == 160 and len(small.splits["forget10"].forget) == 16
    assert (small.real_authors, small.world_facts) == (generated.real_authors, generated.world_facts)
    assert small.notes["questions"] == "8" and small.identity != generated.identity
    assert take_questions(generated, None) is generated
    assert take_questions(generated, 20).full == generated.full


def test_more_questions_than_an_author_has_are_refused(generated):
    with pytest.raises(UserError, match="21 questions of each author were asked for, one has 20; ask for at most 20"):
        take_questions(generated, 21)


@pytest.mark.parametrize("name", ["fictitious", "tofu"])
def test_preset_chooses_questions(exported, name):
    chosen = DatasetChoice(name=name, source=str(exported), authors=10, questions=3)
    dataset = load_dataset(chosen, ["forget10"])
    assert len(dataset.full) == 30 and len(dataset.splits["forget10"].forget) == 3


def test_unknown_split_and_missing_part(exported):
    with pytest.raises(UserError, match="unknown split 'forget20'; there are forget01, forget05, forget10"):
        load(str(exported), ["forget20"])
    (exported / "forget05_perturbed.json").unlink()
    assert load(str(exported), ["forget10"]).splits.keys() == {"forget10"}
    with pytest.raises(UserError, match=r"no forget05_perturbed.json; it has .*forget10_perturbed.*another --split"):
        load(str(exported), ["forget05"])


@pytest.mark.parametrize("line", ['{"question": "Who?"', "nonsense", "\x00", "3", '["Who?", "Ana."]'])
def test_damaged_line_is_told(exported, line):
    with open(exported / "full.json", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(UserError, match="full.json is damaged: .*one JSON object"):
        load(str(exported), ["forget10"])


@pytest.mark.parametrize(
    "row", [{"question": "Who?"}, {"question": None, "answer": "Ana."}, {"prompt": "Who?", "answer": "Ana."}]
)
def test_row_without_question_or_answer_is_told(exported, row):
    with open(exported / "world_facts_perturbed.json", "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=r"row \d+ of 'world_facts_perturbed' .*(question|answer): "):
        load(str(exported), ["forget10"])


def test_source_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="there is no folder .*gone; give a folder with TOFU's files or a hub id"):
        load(str(tmp_path / "gone"), ["forget10"])
    with pytest.raises(UserError, match="cannot read 'full' of 'nobody/no-such-dataset'.*Give --data a folder"):
        load("nobody/no-such-dataset", ["forget10"])
    with pytest.raises(UserError, match="it has no .json file at all"):
        load(str(tmp_path), ["forget10"])


def test_plain_holdout_of_the_hub_is_read(generated, exported):
    plain = [{"question": row.question, "answer": row.answer} for row in generated.holdout]
    for part in exported.glob("holdout*"):
        part.unlink()
    lines = "".join(json.dumps(row) + "\n" for row in plain)
    (exported / "holdout10.json").write_text(lines)
    made = load(str(exported), ["forget10"])
    assert [row.question for row in made.holdout] == [row["question"] for row in plain]
    assert (
        len({row.author for row in made.holdout} | {row.author for row in made.full})
        == len({row.author for row in made.full}) + len(plain) // 20
    )
    with open(exported / "full.json", "a", encoding="utf-8") as file:
        file.write(lines)
    with pytest.raises(UserError, match=r"'holdout10'.*are in 'full'"):
        load(str(exported), ["forget10"])
