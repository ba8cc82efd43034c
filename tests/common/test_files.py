"""Files are whole or absent."""

import hashlib
import os
import subprocess

import pytest

from benchmark.common.errors import UserError
from benchmark.common.files import (
    atomic_path,
    content_key,
    file_hash,
    read_json,
    remove_half_written,
    write_json,
    write_text,
)


def test_file_takes_its_place_when_all_went_well(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with atomic_path(path) as temporary:
        temporary.write_text("a")
        assert temporary.suffix == ".csv"
        assert temporary.parent == path.parent
        assert not path.exists()
    assert path.read_text() == "a"
    assert list(path.parent.iterdir()) == [path]


def test_exception_leaves_nothing_and_the_old_file_whole(tmp_path):
    path = tmp_path / "a.txt"
    for old in (None, "old"):
        if old:
            path.write_text(old)
        with pytest.raises(KeyError), atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyError
        assert [p.read_text() for p in tmp_path.iterdir()] == ([old] if old else [])


def test_folder_replaces_a_folder(tmp_path):
    path = tmp_path / "model"
    for name in ("first", "second"):
        with atomic_path(path) as temporary:
            temporary.mkdir()
            (temporary / name).write_text(name)
    assert [p.name for p in path.iterdir()] == ["second"]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_exception_in_a_folder_keeps_the_old_one(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        temporary.mkdir()
        (temporary / "half").touch()
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.rglob("*")] == ["model", "old"]


def test_body_that_writes_nothing_keeps_the_old_folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(FileNotFoundError), atomic_path(path):
        pass
    assert (path / "old").exists()


def test_json_comes_back(tmp_path):
    value = {"name": "Ærø", "list": [1, 2.5, None, True], "nested": {"x": "é"}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json", "record") == value
    assert "Ærø" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_number_that_json_lacks_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b'{"a": 1', b"", b"\xff\xfe"])
def test_damaged_json_says_what_to_do(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="record .*a.json is damaged .*Delete it and repeat the command that wrote it"):
        read_json(path, "record")


def test_content_key_depends_on_contents_only():
    key = content_key({"a": 1, "b": [1.5, "é"]})
    assert key == content_key({"b": [1.5, "é"], "a": 1})
    assert len(key) == 16 and int(key, 16) >= 0
    others = [{"a": 2, "b": [1.5, "é"]}, {"a": 1, "b": ["é", 1.5]}, {"a": 1}, {"a": "1", "b": [1.5, "é"]}]
    assert len({key, *map(content_key, others)}) == 5


def test_file_hash_is_sha256_of_the_bytes(tmp_path):
    write_text(tmp_path / "a", "é")
    assert file_hash(tmp_path / "a") == hashlib.sha256(b"\xc3\xa9").hexdigest()


def test_what_dead_processes_left_half_written_goes_and_what_others_write_stays(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (f".a.{dead.pid}.part.json", f".b.{os.getpid()}.part.json", ".c.txt", f"d.{dead.pid}.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / f".m.{dead.pid}.part" / "x").mkdir(parents=True)
    remove_half_written(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f".b.{os.getpid()}.part.json", ".c.txt", f"d.{dead.pid}.txt"}
