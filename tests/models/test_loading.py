"""Loading models, what identifies them, and what is said of those that cannot be loaded."""

import json
import shutil

import pytest
import torch
from torch import nn

from benchmark.common.devices import resolve_device
from benchmark.common.errors import UserError
from benchmark.conformance.toy import toy_setup
from benchmark.models.loading import hidden_gguf_bar, identify, load_model, save_model
from benchmark.models.onednn import Linear, available
from tests.model_fixtures import weights_hash

NEEDS_ONEDNN = pytest.mark.skipif(not available(), reason="this torch has no oneDNN product")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    toy = toy_setup("gpt-neox")  # its head is not tied
    folder = tmp_path_factory.mktemp("models") / "neox"
    save_model(toy.reference, toy.prompt_tokenizer.tokenizer, folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def test_folder_loads_as_it_was_saved(saved):
    loaded, reference = load_model(str(saved)), toy_setup("gpt-neox").reference
    assert weights_hash(loaded.model) == weights_hash(reference)
    with torch.no_grad():  # or the hash would see nothing
        reference.gpt_neox.final_layer_norm.weight[3] += 1e-6
    assert weights_hash(loaded.model) != weights_hash(reference)
    assert not loaded.model.training and loaded.model.dtype == torch.float32
    assert loaded.tokenizer.is_fast and loaded.identity == identify(str(saved))


@pytest.mark.parametrize("matmul", ["mkl", pytest.param("onednn", marks=NEEDS_ONEDNN)])
def test_products_are_those_asked_for(saved, matmul):
    layers = [type(m) for m in load_model(str(saved), matmul=matmul).model.modules() if isinstance(m, nn.Linear)]
    assert layers and set(layers) == {Linear if matmul == "onednn" else nn.Linear}


@pytest.mark.parametrize(("dtype", "expected"), [("bfloat16", torch.bfloat16), ("float32", torch.float32)])
def test_dtype(saved, dtype, expected):
    assert {p.dtype for p in load_model(str(saved), dtype=dtype).model.parameters()} == {expected}


def test_gguf_bar_is_hidden(capfd):
    from transformers import modeling_gguf_pytorch_utils as gguf

    bar = gguf.tqdm
    with hidden_gguf_bar():
        assert list(gguf.tqdm([1, 2], desc="hidden")) == [1, 2]
    assert gguf.tqdm is bar and list(bar([3], desc="shown")) == [3]
    shown = capfd.readouterr().err
    assert "shown" in shown and "hidden" not in shown


def test_unknown_dtype_names_the_known_ones(saved):
    with pytest.raises(UserError, match="unknown dtype 'half'; there are: float32, bfloat16"):
        load_model(str(saved), dtype="half")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone.gguf", "there is no file gone.gguf"),
        ("./gone", r"there is no folder ./gone; give a model's folder, a GGUF file or a hub id"),
        ("gone", "there is no folder gone"),
        ("a/b/c", "there is no folder a/b/c"),
        ("nobody/no-such-model", "cannot load the model 'nobody/no-such-model'"),
        ("nobody/no-such-model@abc", "cannot load the model 'nobody/no-such-model@abc'"),
    ],
)
def test_absent_model_says_what_to_give(source, message):
    with pytest.raises(UserError, match=message):
        load_model(source)


@pytest.mark.parametrize("source", ["nobody/no-such-model", "gone.gguf", "./gone"])
def test_absent_model_has_no_identity(source):
    with pytest.raises(UserError, match="gone|no-such-model"):
        identify(source)


def damage(folder, kind):
    weights = folder / "model.safetensors"
    if kind == "no config":
        (folder / "config.json").unlink()
    elif kind == "no weights":
        weights.unlink()
    elif kind == "no tokenizer":
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer_config.json").unlink()
    elif kind == "pickle":
        torch.save(toy_setup("gpt-neox").reference.state_dict(), folder / "pytorch_model.bin")
        weights.unlink()
    elif kind == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif kind == "other sizes":
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 32}))
    elif kind == "weights missing":
        from safetensors.torch import load_file, save_file

        tensors = load_file(weights)
        del tensors["gpt_neox.layers.1.mlp.dense_4h_to_h.weight"]
        save_file(tensors, weights, metadata={"format": "pt"})
    else:
        (folder / "config.json").write_text(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "no config", "no weights", "no tokenizer", "pickle", "truncated", "other sizes", "weights missing",
        "{", "{}", '{"model_type": "vit"}', '{"model_type": "nonsense"}',
    ],
)  # fmt: skip
def test_folder_that_is_no_whole_model_is_refused(folder, kind):
    damage(folder, kind)
    with pytest.raises(UserError, match="cannot load the model .*copy"):
        load_model(str(folder))


def test_file_that_is_no_gguf_is_refused(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"not a model" * 100)
    with pytest.raises(UserError, match="cannot load the model .*a.gguf"):
        load_model(str(tmp_path / "a.gguf"))


def test_identity_is_of_the_contents(saved, folder):
    assert identify(str(folder)) == identify(str(saved))
    (folder / "README.md").write_text("no part of the model")
    assert identify(str(folder)) == identify(str(saved))
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        before = identify(str(folder))
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-3] + b" " + content[-3:])
        assert identify(str(folder)) != before
    (folder / "a.gguf").write_bytes(b"a")
    (folder / "b.gguf").write_bytes(b"b")
    assert identify(str(folder / "a.gguf")) != identify(str(folder / "b.gguf"))


def test_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == "cpu"
    for device in ("cuda", "cuda:1"):
        with pytest.raises(UserError, match="torch sees no GPU; use --device cpu"):
            resolve_device(device)
    with pytest.raises(UserError, match="device 'gpu'"):
        resolve_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda" and resolve_device("cuda:1") == "cuda:1"
