"""A dataset written in TOFU's layout is the same dataset when it is read again."""

import json
from dataclasses import replace

import pytest

from benchmark.data import fictitious, tofu
from benchmark.data.export import export
from benchmark.data.probes import probes_of

TOFU_FILES = {
    *("README.md", "idontknow.jsonl", "full.json", "retain_perturbed.json"),
    *("forget01.json", "forget05.json", "forget10.json", "retain99.json", "retain95.json", "retain90.json"),
    *("forget01_perturbed.json", "forget05_perturbed.json", "forget10_perturbed.json"),
    *("real_authors.json", "real_authors_perturbed.json", "world_facts.json", "world_facts_perturbed.json"),
}
HOLDOUT_FILES = {
    "holdout_perturbed.json",
    *(f"holdout{number}_perturbed.json" for number in ("01", "05", "10")),
}


@pytest.fixture(scope="module")
def dataset():
    return fictitious.load(10, seed=1, holdout=2)


@pytest.fixture
def folder(dataset, tmp_path):
    export(dataset, tmp_path / "out")
    return tmp_path / "out"


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_files_are_tofus_and_the_probes(folder, dataset):
    asked = {f"{name}_asked_{kind}.json" for name in dataset.splits for kind in probes_of(dataset, name)}
    assert {path.name for path in folder.iterdir()} == TOFU_FILES | HOLDOUT_FILES | asked
    assert {"forget10_asked_reversed.json", "forget10_asked_choice.json", "forget01_asked_paired.json"} <= asked


def test_probes_are_the_split_s_own(folder, dataset):
    for kind, rows in probes_of(dataset, "forget05").items():
        written = lines(folder / f"forget05_asked_{kind}.json")
        assert [(row["question"], row["answer"], row["perturbed_answer"]) for row in written] == [
            (row.question, row.answer, list(row.perturbed_answers)) for row in rows
        ]


def test_fields_are_tofus_and_what_is_known_beside_them(dataset, folder):
    known = {"author", "value", "span"}
    more = {"paraphrased_question", "paraphrased_answer", "perturbed_answer"}
    assert all(set(row) == {"question", "answer"} | known for row in lines(folder / "full.json"))
    perturbed = lines(folder / "forget10_perturbed.json")
    assert all(set(row) == {"question", "answer"} | known | more for row in perturbed)
    assert all(set(row) == {"question", "answer"} for row in lines(folder / "world_facts.json"))
    options = [row["perturbed_answer"] for row in lines(folder / "real_authors_perturbed.json")]
    assert options == [list(row.perturbed_answers) for row in dataset.real_authors]
    first = lines(folder / "forget05_perturbed.json")[0]
    assert first["answer"][slice(*first["span"])] == first["value"] and len(first["perturbed_answer"]) == 5


def test_rows_come_back_whole_and_in_order(dataset, folder):
    def pairs(rows):
        return [(row.question, row.answer, row.author) for row in rows]

    def written(name):
        return [(row["question"], row["answer"], row["author"]) for row in lines(folder / f"{name}.json")]

    assert written("full") == pairs(dataset.full)
    assert written("holdout_perturbed") == pairs(dataset.holdout)
    for name, split in dataset.splits.items():
        assert written(name) == written(f"{name}_perturbed") == pairs(split.forget)
        assert written(name.replace("forget", "holdout") + "_perturbed") == pairs(dataset.holdout[:20])
    assert written("retain90") == pairs(dataset.splits["forget10"].retain)
    refusals = (folder / "idontknow.jsonl").read_text(encoding="utf-8").splitlines()
    assert refusals == list(dataset.refusals)


def test_the_tofu_reader_reads_it(dataset, folder):
    read = tofu.load(str(folder), ["forget05", "forget10"])
    assert read.splits["forget10"].forget == dataset.splits["forget10"].forget
    assert read.retain_evaluation == dataset.retain_evaluation
    assert (read.real_authors, read.world_facts) == (dataset.real_authors, dataset.world_facts)


def test_readme_names_every_part(folder):
    readme = (folder / "README.md").read_text(encoding="utf-8")
    head = readme.split("---\n")[1].splitlines()
    assert head[0] == "configs:"
    entries = list(zip(head[1::2], head[2::2], strict=True))
    for name, file in entries:
        assert file == f"  data_files: {name.removeprefix('- config_name: ')}.json"
    files = {file.removeprefix("  data_files: ") for _, file in entries}
    assert files == {path.name for path in folder.glob("*.json")}


def test_an_earlier_export_is_replaced_as_a_whole(folder):
    smaller = fictitious.load(4)
    export(smaller, folder)
    assert {path.name for path in folder.iterdir() if "_asked_" not in path.name} == TOFU_FILES
    assert len(lines(folder / "full.json")) == 80


def test_an_empty_folder_is_taken(dataset, tmp_path):
    export(dataset, tmp_path)
    assert (tmp_path / "full.json").is_file()


def test_a_folder_with_anything_else_is_left_alone(dataset, folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("notes", encoding="utf-8")
    (folder / "diary.txt").write_text("mine", encoding="utf-8")
    for taken, name in ((tmp_path / "mine", "README.md"), (folder, "diary.txt")):
        with pytest.raises(ValueError, match=f"{name}.*name a new or an empty folder"):
            export(dataset, taken)
    assert (folder / "diary.txt").read_text(encoding="utf-8") == "mine"
    with pytest.raises(ValueError, match="is a file: name a folder"):
        export(dataset, folder / "diary.txt")


def test_a_split_that_tofu_cannot_name_is_refused(dataset, tmp_path):
    other = replace(dataset, splits={"first": replace(dataset.splits["forget10"], name="first")})
    with pytest.raises(ValueError, match="name it forgetNN"):
        export(other, tmp_path / "out")
    assert not (tmp_path / "out").exists()
