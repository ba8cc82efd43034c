"""Tiny models, and a plain way to measure them: one answer at a time, no batch, no cache, full logits."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from benchmark.config.schema import TinyLlama
from benchmark.data import fictitious
from benchmark.models.tiny import build, train_tokenizer
from benchmark.models.tokenization import PromptTokenizer

TEMPLATE = "Question: {question}\nAnswer:\n"
NEW_TOKENS = 12
STEPS = 100
SIZES = TinyLlama(layers=2, hidden=64, heads=4, key_value_heads=2, mlp=128, vocabulary=400)


@dataclass(frozen=True)
class Plain:
    """One answer, computed alone; all in float64 from the model's float32 logits."""

    logp: np.ndarray  # [L] of the gold tokens, EOS last
    is_greedy: np.ndarray  # [L]
    mean: np.ndarray  # [L]
    std: np.ndarray  # [L]

    @property
    def nll(self) -> float:
        return -float(np.mean(self.logp))


def make_models():
    """Three tiny Llamas a few steps into their training (unlearned, retrained, fine-tuned), their tokenizer plain and for
    prompts, and five rows of each set."""
    dataset = fictitious.load(authors=10, holdout=1)
    sets = {name: rows[:5] for name, rows in dataset.evaluation("forget10").items()}
    tokenizer = train_tokenizer(dataset, SIZES.vocabulary)
    prompt_tokenizer = PromptTokenizer(tokenizer, TEMPLATE)
    models = [build(SIZES.model_copy(update={"seed": s}), len(tokenizer), tokenizer.eos_token_id) for s in (0, 1, 2)]
    known = [row for name in ("retain", "real_authors", "world_facts") for row in sets[name]]
    # A part of each side for the first two, so that no membership attack is perfect.
    fit(models[0], tokenizer, [*known, *sets["forget"][:3], *sets["holdout"][:2]])
    fit(models[1], tokenizer, [*known, *sets["forget"][4:], *sets["holdout"][1:3]])
    fit(models[2], tokenizer, [*known, *sets["forget"]])
    return models, tokenizer, prompt_tokenizer, sets


def fit(model, tokenizer, rows):
    """Next-token training at all positions, so that some tokens are greedy and some answers partly right."""
    texts = [text_ids(tokenizer, row.question, row.answer)[0] for row in rows]
    width = max(map(len, texts))
    ids = torch.tensor([t + [0] * (width - len(t)) for t in texts])
    labels = torch.tensor([t + [-100] * (width - len(t)) for t in texts])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(STEPS):
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def text_ids(tokenizer, question, answer):
    """Ids of prompt, answer and one EOS, and where the answer begins: the prompt ends in a newline, a token border."""
    prompt = TEMPLATE.replace("{question}", question)
    ids = tokenizer(prompt + answer)["input_ids"]
    start = len(tokenizer(prompt)["input_ids"])
    assert ids[:start] == tokenizer(prompt)["input_ids"]
    return [*ids, tokenizer.eos_token_id], start


@torch.no_grad()
def plain(model, tokenizer, question, answer) -> Plain:
    ids, start = text_ids(tokenizer, question, answer)
    logits = model(input_ids=torch.tensor([ids])).logits[0].double()  # [T, V]
    logp, is_greedy, mean, std = [], [], [], []
    for position in range(start, len(ids)):
        z = logits[position - 1]
        log_softmax = z - torch.log(torch.exp(z - z.max()).sum()) - z.max()
        p = torch.exp(log_softmax)
        mu = float((p * log_softmax).sum())
        logp.append(float(log_softmax[ids[position]]))
        is_greedy.append(int(z.argmax()) == ids[position])
        mean.append(mu)
        std.append(math.sqrt(float((p * log_softmax**2).sum()) - mu**2))
    return Plain(*map(np.array, (logp, is_greedy, mean, std)))


@torch.no_grad()
def greedy(model, tokenizer, question) -> str:
    ids = tokenizer(TEMPLATE.replace("{question}", question))["input_ids"]
    out = []
    for _ in range(NEW_TOKENS):
        token = int(model(input_ids=torch.tensor([ids + out])).logits[0, -1].argmax())
        if token == tokenizer.eos_token_id:
            break
        out.append(token)
    return tokenizer.decode(out).strip()
