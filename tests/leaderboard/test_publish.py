import json

import pytest

import metrics
from benchmark.common.errors import UserError
from benchmark.leaderboard.build import build
from benchmark.leaderboard.publish import publish
from benchmark.records.record import Record, record_path, save_record, scores_path
from tests.metrics.factory import forget_scores

SCORES = forget_scores([0.0, 0.5])
MEASURED = {
    column: measured.to_json()
    for column, measured in metrics.measure_all(SCORES, names=["probability"]).items()
    if column == "forget_probability"
}


def make_record(method="npo", seed=0, *, dirty=False, commit="abc123", day=1, status="ok", **fields):
    return Record(
        key=f"{method}-{seed}-{day}",
        board="quick",
        method=method,
        split="forget10",
        seed=seed,
        status=status,
        metrics={} if status == "failed" else dict(MEASURED),
        provenance={"git": {"commit": commit, "dirty": dirty}},
        created=f"2026-01-{day:02d}T00:00:00+00:00",
        **fields,
    )


def save(folder, *records):
    """Records with their scores, and a retrained model for methods that are given without one."""
    if all(record.method != "retrained" for record in records):
        records = (*records, make_record("retrained", reference=True))
    save_alone(folder, *records)


def save_alone(folder, *records):
    for record in records:
        save_record(folder, record, None if record.status == "failed" else SCORES)


def test_records_scores_and_boards_are_published(tmp_path):
    board, root = tmp_path / "board", tmp_path / "published"
    save(board, make_record("npo"), make_record("retrained", reference=True))
    place = publish(board, root=root)
    assert place == root / "quick"
    assert sorted(path.name for path in place.iterdir()) == [
        "leaderboard.csv", "leaderboard.json", "leaderboard.md", "leaderboard.pdf", "leaderboard.png", "leaderboard.tex",
        "records", "reproduced.json", "results.csv",
    ]  # fmt: skip
    for method in ("npo", "retrained"):
        ours, theirs = (record_path(f, method, f"{method}-0-1") for f in (board, place))
        assert ours.read_bytes() == theirs.read_bytes()
        assert scores_path(ours).read_bytes() == scores_path(theirs).read_bytes()
    assert (place / "leaderboard.csv").read_text().splitlines()[1].startswith("npo,forget10,methods,0,2,")
    (line,) = (place / "results.csv").read_text().splitlines()[1:]  # the reference has no row
    value = MEASURED["forget_probability"]["value"]
    assert line.startswith(f"npo,forget10,0,forget_probability,{value!r},") and line.endswith(",ok,npo-0-1,reproduced")
    assert [path.name for path in root.iterdir()] == ["quick"]  # no temporary folder is left


def test_dirty_and_partial_records_are_refused_all_at_once(tmp_path):
    save(tmp_path / "board", make_record("a", dirty=True), make_record("b", partial=True), make_record("c"))
    with pytest.raises(UserError) as error:
        publish(tmp_path / "board", root=tmp_path / "published")
    text = str(error.value)
    assert "2 of 4 records" in text and "Commit your changes and run again with --fresh" in text
    assert "a forget10 seed 0: made by code with uncommitted changes" in text
    assert "b forget10 seed 0: only some of the rows were scored" in text
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize("fields", [{"commit": None, "dirty": None}, {"reference": True, "dirty": True}])
def test_unknown_commits_and_a_dirty_reference_are_refused(tmp_path, fields):
    save(tmp_path / "board", make_record("a"), make_record("retrained", **fields))
    with pytest.raises(UserError, match=r"retrained forget10 seed 0: (the git commit is not known|made by code)"):
        publish(tmp_path / "board", root=tmp_path / "published")


def test_a_superseded_dirty_record_does_not_matter_and_stays_behind(tmp_path):
    save(tmp_path / "board", make_record(dirty=True, day=1), make_record(day=2))
    place = publish(tmp_path / "board", root=tmp_path / "published")
    assert [path.stem for path in place.glob("records/npo/*.json")] == ["npo-0-2"]


def test_failed_runs_stay_behind_and_are_named(tmp_path):
    save(tmp_path / "board", make_record("a"), make_record("b", status="failed", reason="ValueError: no"))
    place = publish(tmp_path / "board", root=tmp_path / "published")
    data = json.loads((place / "leaderboard.json").read_text())
    assert [row["method"] for row in data["rows"]] == ["a"]
    assert data["notes"][0] == "left out, since it failed: b forget10 seed 0 (ValueError: no)"


def test_a_published_board_made_again_keeps_its_name_and_who_failed(tmp_path):
    board = tmp_path / "board"
    save(board, make_record("npo"), make_record("dpo", status="failed", reason="no memory"))
    place = publish(board, "other", tmp_path / "published")
    again = build(place)
    assert again.name == "other"
    assert "left out, since it failed: dpo forget10 seed 0 (no memory)" in again.notes
    assert build(place, name="other").notes == again.notes  # as the site's pages are made
    place.rename(tmp_path / "own")
    assert build(tmp_path / "own").name == "quick"


def test_nothing_but_failures_is_refused(tmp_path):
    save_alone(tmp_path / "board", make_record(status="failed"))
    with pytest.raises(UserError, match="nothing to publish"):
        publish(tmp_path / "board", root=tmp_path / "published")


def test_an_earlier_publication_is_replaced_as_a_whole(tmp_path):
    root = tmp_path / "published"
    save(tmp_path / "first", make_record("old"))
    save(tmp_path / "second", make_record("new"))
    publish(tmp_path / "first", "mine", root)
    place = publish(tmp_path / "second", "mine", root, replace=True)
    assert sorted(path.name for path in (place / "records").iterdir()) == ["new", "retrained"]
    assert json.loads((place / "leaderboard.json").read_text())["board"] == "mine"


@pytest.mark.parametrize("name", [None, "quick"])
def test_an_earlier_publication_is_not_replaced_unasked(tmp_path, name):
    root = tmp_path / "published"
    (root / "quick").mkdir(parents=True)
    (root / "quick" / "README.md").write_text("written before")
    save(tmp_path / "first", make_record("old"))
    save(tmp_path / "second", make_record("new"))
    place = publish(tmp_path / "first", root=root)
    with pytest.raises(UserError, match=rf"{place} holds a published board: --name .*, --replace"):
        publish(tmp_path / "second", name, root)
    assert sorted(path.name for path in (place / "records").iterdir()) == ["old", "retrained"]
    assert publish(tmp_path / "second", "other", root).name == "other"


def test_what_is_no_board_is_never_replaced(tmp_path):
    root = tmp_path / "published"
    (root / "scorecard").mkdir(parents=True)
    (root / "scorecard" / "scorecard.csv").write_text("not a board's")
    save(tmp_path / "board", make_record("npo"))
    for replace in (False, True):
        with pytest.raises(UserError, match="holds files that are no board's.*give another --name"):
            publish(tmp_path / "board", "scorecard", root, replace=replace)
    assert (root / "scorecard" / "scorecard.csv").read_text() == "not a board's"
    (root / "choosing.md").write_text("a page")
    with pytest.raises(UserError, match="choosing.md holds files that are no board's"):
        publish(tmp_path / "board", "choosing.md", root)


def test_an_earlier_publication_outlives_one_that_fails(tmp_path):
    root = tmp_path / "published"
    save(tmp_path / "first", make_record("old"))
    save(tmp_path / "second", make_record("rkld"))
    place = publish(tmp_path / "first", "mine", root)

    def fail(*_):
        raise UserError("the claims are damaged")

    with pytest.raises(UserError, match="damaged"):
        publish(tmp_path / "second", "mine", root, replace=True, write_claims=fail)
    assert sorted(path.name for path in (place / "records").iterdir()) == ["old", "retrained"]
    assert [path.name for path in root.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["../else", "", ".", "a/b", ".hidden"])
def test_bad_names_are_refused(tmp_path, name):
    save(tmp_path / "board", make_record())
    if name:
        with pytest.raises(UserError, match="does not do as a board's name"):
            publish(tmp_path / "board", name, tmp_path / "published")
    else:  # an empty name is none: the board's own
        assert publish(tmp_path / "board", name, tmp_path / "published").name == "quick"


def test_without_scores_and_with_what_was_written_by_hand(tmp_path):
    board, root = tmp_path / "board", tmp_path / "published"
    save(board, make_record("npo"), make_record("retrained", reference=True))
    place = publish(board, root=root)
    assert len(list(place.rglob("*.parquet"))) == 2
    (place / "README.md").write_text("by hand")
    assert publish(board, root=root, scores=False, replace=True) == place
    assert list(place.rglob("*.parquet")) == []
    assert (place / "README.md").read_text() == "by hand"
    assert len(list(place.rglob("records/*/*.json"))) == 2


def test_claims_are_written_where_there_is_rkld(tmp_path):
    root, written = tmp_path / "published", []
    for name, methods in {"with": ("rkld", "npo"), "without": ("npo",)}.items():
        save(tmp_path / name, *map(make_record, methods), make_record("retrained", reference=True))
        publish(
            tmp_path / name,
            name,
            root=root,
            write_claims=lambda place, board: written.append((place.is_dir(), board)),
        )
    assert written == [(True, "with")]


def test_a_sweep_is_published_with_its_files_and_without_a_board(tmp_path):
    """Its trials may read some of the rows (sweep.limit); a board's rows may not."""
    save(tmp_path / "sweep", make_record("npo", partial=True), make_record("retrained", reference=True))
    (tmp_path / "sweep" / "sweep.csv").write_text("method\n")
    place = publish(tmp_path / "sweep", "mine-sweep", root=tmp_path / "published")
    assert sorted(path.name for path in place.iterdir()) == ["records", "sweep.csv"]


def test_a_split_without_a_retrained_model_is_refused_and_named(tmp_path):
    board, root = tmp_path / "board", tmp_path / "published"
    save_alone(board, make_record("npo"))
    with pytest.raises(
        UserError, match="no retrained model for forget10, so its rows are compared with nothing: run the same"
    ):
        publish(board, root=root)
    save_alone(board, make_record("retrained", status="failed", reference=True))
    with pytest.raises(UserError, match="no retrained model for forget10"):  # one that failed is none
        publish(board, root=root)
    assert not root.exists()
    save_alone(board, make_record("retrained", day=2, reference=True))
    assert publish(board, root=root) == root / "quick"


def test_logs_and_trials_are_published_without_one(tmp_path):
    save_alone(tmp_path / "imported", make_record("npo", source="imported"))
    assert publish(tmp_path / "imported", "logs", tmp_path / "published").name == "logs"
    save_alone(tmp_path / "sweep", make_record("npo"))
    (tmp_path / "sweep" / "sweep.csv").write_text("method\n")
    assert publish(tmp_path / "sweep", "trials", tmp_path / "published").name == "trials"
