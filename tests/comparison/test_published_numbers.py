"""Published numbers beside a board: whose rows meet, what is said of the differences, and that no verdict is given."""

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.common.errors import UserError
from benchmark.comparison.published import beside, read_published
from benchmark.comparison.published_tables import csv_text, markdown
from tests.conftest import ROOT
from tests.leaderboard.made_records import CONFIG, board_of, make_record

FILE = """source,model,split,row,forget_quality,model_utility,note
a paper,Llama-9,forget10,retain,1.0,0.6,
a paper,Llama-9,forget10,NPO,0.02,0.46,tuned
a paper,Llama-9,forget10,GradAscent,1e-239,0,
a paper,Llama-9,forget05,RKLD,0.79,,peak | epoch
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "published.csv"
    path.write_text(FILE)
    return path


def board(folder, model="org/llama-9", dataset="tofu"):
    config = CONFIG | {"model": {"source": model}}
    rows = [make_record(m, quality=(0.5, None, None), utility=(0.56, 0.5, 0.6), config=config)
            for m in ("retrained", "npo", "npo+rt", "grad_ascent", "rkld")]  # fmt: skip
    for record in rows:
        record.dataset["name"] = dataset
    return board_of(folder, *rows)


def test_rows_of_one_method_and_split_stand_side_by_side(file, tmp_path):
    made = beside(board(tmp_path / "b"), read_published(file), "mine", "published.csv")
    assert [(line.row, [entry.method for entry in entries]) for line, entries in made.rows] == [
        ("retain", ["retrained"]), ("NPO", ["npo", "npo+rt"]), ("GradAscent", ["grad_ascent"]), ("RKLD", []),
    ]  # fmt: skip
    text = markdown(made)
    assert r"| RKLD | a paper | Llama-9 | 0.79 | – | peak \| epoch |" in text
    assert "| ↳ npo+rt | this board | org/llama-9 | 0.50 | 0.560 | utility +0.100 |" in text
    assert "splits without a row here: forget05" in text and "1.0e-239" in text
    assert csv_text(made).splitlines()[3].endswith("mine,org/llama-9,npo+rt,0.5,0.56,True")


@pytest.mark.parametrize(
    ("model", "dataset", "words"),
    [
        ("tiny", "fictitious", ["mine has tiny; the published rows have Llama-9", "mine has fictitious"]),
        ("org/llama-9", "fictitious", ["mine has fictitious"]),
        ("llama-9-chat", "tofu", ["mine has llama-9-chat; the published rows have Llama-9"]),
    ],
)
def test_other_models_and_data_get_no_difference(file, tmp_path, model, dataset, words):
    made = beside(board(tmp_path / "b", model, dataset), read_published(file), "mine", "published.csv")
    text = markdown(made)
    assert all(any(word in line for line in made.differences) for word in words)
    assert "nothing here says which is better" in text and "utility +" not in text and "True" not in csv_text(made)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source,model\nx,y\n", "lacks the columns split, row, forget_quality, model_utility"),
        (FILE.replace("0.02", "tiny"), "line 3: forget_quality is 'tiny', which is no number"),
        (FILE.replace("0.02", "nan"), "line 3: forget_quality is 'nan', which is no number"),
        (FILE.splitlines()[0], "has no line below its heading"),
    ],
)
def test_a_file_that_is_none_is_refused(file, text, words):
    file.write_text(text)
    with pytest.raises(UserError, match=words):
        read_published(file)


def test_the_command(file, tmp_path):
    quick = str(ROOT / "results" / "published" / "quick")
    done = CliRunner().invoke(app, ["compare", quick, "--published", str(file), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0 and "nothing here says which is better" in done.output, done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "published.csv",
        "published.md",
        "published.html",
    }
    both = CliRunner().invoke(app, ["compare", quick, quick, "--out", str(tmp_path / "two")])
    assert both.exit_code == 0 and "made with the same settings" in both.output
    assert {path.name for path in (tmp_path / "two").iterdir()} == {"compare.csv", "compare.md", "compare.html"}
    alone = CliRunner().invoke(app, ["compare", quick])
    assert alone.exit_code == 2 and "two boards' folders, or one and --published" in alone.output
    missing = CliRunner().invoke(app, ["compare", quick, "--published", str(tmp_path / "no.csv")])
    assert missing.exit_code == 2 and "cannot be read" in missing.output
