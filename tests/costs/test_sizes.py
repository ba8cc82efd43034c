"""Sizes from a config alone, against models that are made; tokens against the data's own."""

import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.config.load import load_preset
from benchmark.costs.known import preset_sizes
from benchmark.costs.sizes import kept_bytes, sizes_of
from benchmark.costs.texts import TOFU, texts_of
from benchmark.data import tofu as tofu_files
from benchmark.data.types import question_answer_pairs
from benchmark.models import tiny
from benchmark.models.decoding import cache_bytes
from benchmark.models.tokenization import PromptTokenizer
from tests.model_fixtures import ARCHITECTURES, tiny_model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_parameters_are_those_of_the_model_itself(architecture):
    model, _ = tiny_model(architecture)
    sizes = sizes_of(model.config)
    assert sizes.parameters == sum(p.numel() for p in model.parameters())
    head = model.get_output_embeddings()
    linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
    assert sizes.trunk == sum(m.weight.numel() for m in linear)
    assert sizes.key_values * 4 == cache_bytes(model)


@pytest.mark.parametrize(
    ("preset", "parameters"),  # as their model cards have them
    [
        ("tofu-llama-2-7b", 6_738_415_616),
        ("tofu-llama-3.2-1b", 1_235_814_400),
        ("smollm2-tofu", 134_515_008),
        ("quick", 1_049_728),
    ],
)
def test_known_models_have_their_published_sizes(preset, parameters):
    assert preset_sizes(load_preset(preset, [])).parameters == parameters


def test_activations_grow_with_layers_and_halve_in_half_precision():
    from transformers import LlamaConfig

    shape = dict(vocab_size=100, hidden_size=64, intermediate_size=128, num_attention_heads=4, num_key_value_heads=4)
    two, six = (sizes_of(LlamaConfig(num_hidden_layers=n, **shape)) for n in (2, 6))
    assert six.kept - two.kept == pytest.approx(4 * two.kept_block)
    assert two.kept_block > (8 * 64 + 4 * 128) * 4  # eight tensors of the block's width, four of the MLP's, at least
    narrow = sizes_of(LlamaConfig(num_hidden_layers=2, **shape), "bfloat16")
    assert 0.4 < narrow.kept_block / two.kept_block < 0.8  # norms stay in float32


def test_kept_bytes_leave_weights_out():
    model, _ = tiny_model("llama")
    with torch.device("meta"):
        frozen = type(model)(model.config).requires_grad_(False)
    assert kept_bytes(frozen) < 8 * model.config.hidden_size  # nothing is kept where nothing is trained


def test_a_folder_needs_its_config_alone_and_an_unknown_id_is_one_line(tmp_path):
    tiny_model("llama")[0].config.save_pretrained(tmp_path / "model")
    preset = load_preset("quick", [f"model.source={tmp_path / 'model'}"])
    assert preset_sizes(preset).parameters == sizes_of(tiny_model("llama")[0].config).parameters
    with pytest.raises(UserError, match="model.source=FOLDER"):
        preset_sizes(load_preset("quick", ["model.source=nobody/nothing-at-all"]))


def test_tokens_of_the_quick_preset_are_those_that_its_tokenizer_makes():
    preset = load_preset("quick", [])
    texts = texts_of(preset)
    from benchmark.data.load import load_dataset

    dataset = load_dataset(preset.dataset, preset.splits)
    rows = dataset.splits["forget10"].forget
    tokenizer = PromptTokenizer(tiny.train_tokenizer(dataset, preset.model.tiny.vocabulary), preset.model.prompt)
    encoded = tokenizer.encode(question_answer_pairs(rows))
    told = texts.forget["forget10"]
    assert told.rows == len(rows)
    assert told.prompt + told.answer == pytest.approx(sum(len(e.ids) for e in encoded) / len(rows), rel=0.1)


def test_tofu_is_as_large_as_the_table_says(tofu):
    dataset = tofu_files.load(str(tofu), ["forget10"])
    sets = dataset.evaluation("forget10") | {"full": dataset.full}
    for name, (rows, question, gold, answers) in TOFU.items():
        own = sets[name]
        assert len(own) == rows
        assert sum(len(r.question) for r in own) / rows == pytest.approx(question, abs=0.06)
        assert sum(len(r.answer) for r in own) / rows == pytest.approx(gold, abs=0.06)
        each = [sum(map(len, (r.answer, r.paraphrased_answer or "", *r.perturbed_answers))) for r in own]
        assert sum(each) / rows == pytest.approx(answers, abs=0.06)


def test_a_folder_of_tofu_and_the_table_agree(tofu):
    changes = ["splits=['forget10']"]
    by_table = texts_of(load_preset("smollm2-tofu", changes))
    counted = texts_of(load_preset("smollm2-tofu", [*changes, f"dataset.source={tofu}"]))
    assert counted.counted and not by_table.counted
    for name in ("real_authors", "retain"):
        assert by_table.scored[name].rows == counted.scored[name].rows
        assert by_table.scored[name].answers == pytest.approx(counted.scored[name].answers, rel=0.02)
