"""Seconds of a training step: a plain loop against this project's fine-tuning."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence

import torch
from torch import nn

from benchmark.config.recipe import Recipe
from benchmark.data.types import Example, question_answer_pairs
from benchmark.models.forward import collate
from benchmark.models.tokenization import PromptTokenizer
from benchmark.speed.plain import torchs_own
from benchmark.training.finetune import finetune

BATCH = 32
LR = 1e-3


def step_seconds(
    model: nn.Module, prompt_tokenizer: PromptTokenizer, rows: Sequence[Example], device: str
) -> dict[str, float]:
    """Seconds a step of both ways, over the same rows once, each on its own copy of the model."""
    recipe = Recipe(epochs=1, lr=LR, batch_size=BATCH, warmup_epochs=0)
    finetune(copy.deepcopy(model), prompt_tokenizer, rows[:BATCH], recipe, seed=0, device=device)  # imports and warm-up
    ours = finetune(copy.deepcopy(model), prompt_tokenizer, rows, recipe, seed=0, device=device)
    with torchs_own(model):
        plain = copy.deepcopy(model)
    begin = time.perf_counter()
    steps = train_plainly(plain, prompt_tokenizer, rows, device)
    return {"plain": (time.perf_counter() - begin) / steps, "ours": ours.seconds / ours.steps}


def train_plainly(model: nn.Module, prompt_tokenizer: PromptTokenizer, rows: Sequence[Example], device: str) -> int:
    """One epoch with labels at every position, rows as they come, an AdamW that is not fused. Steps taken.

    The model is to have torch's own layers.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01)
    model.train()
    batches = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    for batch in batches:
        encoded = prompt_tokenizer.encode(question_answer_pairs(batch))
        tokens = collate(encoded, prompt_tokenizer.pad_id).to(device)
        labels = torch.full_like(tokens.input_ids, -100)
        labels[tokens.row, tokens.column] = tokens.targets
        loss = model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
    return len(batches)
