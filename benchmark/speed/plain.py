"""The plain way: what an evaluation loop looks like when nobody has looked at its cost.

One pass for each family of metrics (likelihoods, memorisation, membership attacks), unsorted batches of 32 in the
dataset's order, texts tokenised inside the loop, every answer with its own prompt, logits of the whole vocabulary at
every position, torch's own layers, and one pass of transformers' ``generate`` for each evaluation set. It is the
baseline of the speed command, and its numbers are the ones that scoring must reproduce.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from benchmark.data.types import Example, question_answer_pairs
from benchmark.evaluation.evaluate import eos_ids
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from benchmark.models import onednn as products
from benchmark.models.forward import collate
from benchmark.models.tokenization import PromptTokenizer

BATCH = 32
ATTACKED = ("forget", "holdout")  # the sets that the membership attacks read


@contextmanager
def torchs_own(model: nn.Module) -> Iterator[None]:
    """Inside, the model's layers take torch's own products (benchmark/models/onednn.py)."""
    ours = any(type(module) is products.Linear for module in model.modules())
    products.use_onednn(model, False)
    try:
        yield
    finally:
        if ours:
            products.use_onednn(model)


def _batches(items: Sequence) -> Iterator[list]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])


@torch.inference_mode()
def _forward(
    model: nn.Module, prompt_tokenizer: PromptTokenizer, pairs: list[tuple[str, str]], device: str, wanted: str
) -> list[AnswerScores]:
    rows = prompt_tokenizer.encode(pairs)
    tokens = collate(rows, prompt_tokenizer.pad_id).to(device)
    logits = model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, use_cache=False).logits
    logits, targets = logits[:, :-1].float(), tokens.input_ids[:, 1:]  # [B, T - 1, V], [B, T - 1]
    gold = mean = std = torch.full(targets.shape, float("nan"))
    is_greedy = torch.zeros(targets.shape, dtype=torch.bool)
    if wanted == "is_greedy":
        is_greedy = logits.argmax(-1) == targets
    else:
        logp = torch.log_softmax(logits, -1)
        gold = logp.gather(2, targets[..., None])[..., 0]
    if wanted == "mean and std":
        p = logp.exp()
        mean = (p * logp).sum(-1)
        std = (p * (logp - mean[..., None]) ** 2).sum(-1).sqrt()
    columns = [values.cpu().numpy() for values in (gold, is_greedy, mean, std)]
    answered = [slice(max(row.start, 1) - 1, len(row.ids) - 1) for row in rows]
    return [AnswerScores(*(values[i, at] for values in columns)) for i, at in enumerate(answered)]


def score_answers_plainly(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    pairs: Sequence[tuple[str, str]],
    device: str,
    wanted: str = "likelihood",
) -> list[AnswerScores]:
    """One pass over (question, answer) pairs.

    Args:
        wanted: "likelihood", "is_greedy", or "mean and std" (and likelihood). What is not wanted is NaN, or False.
    """
    return [s for batch in _batches(pairs) for s in _forward(model, prompt_tokenizer, batch, device, wanted)]


@torch.inference_mode()
def generate_plainly(
    model: nn.Module, prompt_tokenizer: PromptTokenizer, questions: Sequence[str], max_new_tokens: int, device: str
) -> list[str]:
    """Greedy answers by transformers' ``generate``, batches padded on the left."""
    texts = []
    ends = sorted(eos_ids(model, prompt_tokenizer))
    for batch in _batches(questions):
        prompts = prompt_tokenizer.encode_prompts(batch)
        width = max(map(len, prompts))
        ids = torch.tensor([[prompt_tokenizer.pad_id] * (width - len(p)) + p for p in prompts], device=device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
        out = model.generate(
            input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=max_new_tokens,
            pad_token_id=prompt_tokenizer.pad_id, eos_token_id=ends,
        )  # fmt: skip
        answers = []
        for row in out[:, width:].tolist():
            answers.append(row[: next((i for i, token in enumerate(row) if token in ends), len(row))])
        texts += prompt_tokenizer.decode(answers)
    return texts


def likelihoods_plainly(
    model: nn.Module, prompt_tokenizer: PromptTokenizer, sets: Mapping[str, Sequence[Example]], device: str
) -> dict[str, dict[tuple[str, str], AnswerScores]]:
    """The teacher-forced passes: one over all answers, one more for memorisation, one more for the attacks.

    Returns:
        By set, the scores of each (question, answer) pair.
    """

    def score(pairs: list[tuple[str, str]], wanted: str = "likelihood") -> dict[tuple[str, str], AnswerScores]:
        return dict(zip(pairs, score_answers_plainly(model, prompt_tokenizer, pairs, device, wanted), strict=True))

    out = {}
    for name, rows in sets.items():
        gold = question_answer_pairs(rows)
        scored = score(gold)  # probability, truth ratio
        scored |= score([(r.question, r.paraphrased_answer) for r in rows if r.paraphrased_answer is not None])
        for k in range(max((len(r.perturbed_answers) for r in rows), default=0)):
            scored |= score([(r.question, r.perturbed_answers[k]) for r in rows if k < len(r.perturbed_answers)])
        if name in ATTACKED:
            scored |= score(gold, wanted="mean and std")
        if name == "forget":  # exact memorisation, extraction strength
            greedy = score(gold, wanted="is_greedy")
            scored |= {pair: replace(scored[pair], is_greedy=greedy[pair].is_greedy) for pair in gold}
        out[name] = scored
    return out


def texts_plainly(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    sets: Mapping[str, Sequence[Example]],
    max_new_tokens: int,
    device: str,
) -> dict[str, list[str]]:
    """The greedy answers, set by set."""
    asked = {name: [r.question for r in rows] for name, rows in sets.items() if name != "holdout"}
    return {name: generate_plainly(model, prompt_tokenizer, qs, max_new_tokens, device) for name, qs in asked.items()}


def put_together(
    sets: Mapping[str, Sequence[Example]],
    scored: Mapping[str, Mapping[tuple[str, str], AnswerScores]],
    texts: Mapping[str, Sequence[str]],
) -> Scores:
    """The scores of all sets, of what ``likelihoods_plainly`` and ``texts_plainly`` gave."""
    made = {}
    for name, rows in sets.items():
        generated = dict(zip([r.question for r in rows], texts.get(name, ()), strict=False))  # holdout has no texts
        made[name] = SetScores.of_examples(rows, scored[name], generated)
    return Scores(made)
