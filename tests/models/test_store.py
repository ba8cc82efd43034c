"""Trained models come back as they were stored, or are made again."""

import shutil

import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.conformance.toy import toy_setup
from benchmark.models.store import ModelStore
from tests.model_fixtures import weights_hash


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def save(store, key="k1"):
    toy = toy_setup("llama")
    store.save("base", key, toy.reference, toy.prompt_tokenizer.tokenizer, {"seed": 3})
    return toy


def test_model_comes_back(store):
    toy = save(store)
    assert store.has("base", "k1") and not store.has("base", "k2") and not store.has("finetuned", "k1")
    loaded = store.load("base", "k1", dtype="float32", device="cpu")
    assert weights_hash(loaded.model) == weights_hash(toy.reference)
    assert loaded.tokenizer.encode("Ilse Varn") == toy.prompt_tokenizer.tokenizer.encode("Ilse Varn")
    assert store.load("base", "k1", dtype="bfloat16", device="cpu").model.dtype == torch.bfloat16
    assert [p.name for p in store.root.iterdir()] == ["base-k1"]


@pytest.mark.parametrize("damage", ["changed", "missing", "no description"])
def test_damaged_model_is_not_there(store, damage, capsys):
    save(store)
    folder = store.folder("base", "k1")
    if damage == "changed":
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    else:
        (folder / ("config.json" if damage == "missing" else "artefact.json")).unlink()
    assert not store.has("base", "k1")
    assert "base-k1 is damaged" in capsys.readouterr().err
    assert not folder.exists()
    save(store)
    assert store.has("base", "k1")


def test_stopped_while_saving_leaves_nothing(store, monkeypatch):
    from benchmark.models import store as module

    def stopped(model, tokenizer, folder, weights):
        folder.mkdir()
        (folder / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "save_model", stopped)
    with pytest.raises(KeyboardInterrupt):
        save(store)
    assert list(store.root.iterdir()) == [] and not store.has("base", "k1")


def test_too_little_space_is_said_before_writing(store, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(UserError, match="0 MiB free.*free some space"):
        save(store)
    assert list(store.root.iterdir()) == []
