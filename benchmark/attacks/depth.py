"""Unlearning depth: the model's block outputs put into the fine-tuned model, where it is about to state the fact.

The unlearning depth score's patching (arXiv 2605.24614): the fine-tuned model reads the question and the gold answer, and at the positions that
predict the fact's tokens the output of block l is the attacked model's own, from its run on the same tokens. If the fine-tuned
model still knows the fact from there on, the blocks up to l have not lost it. Block outputs are taken by hooks, the last one's
too: before the final norm, which so acts once. All forget rows whose fact is known (benchmark/data/facts.py); the board's prompt.

Scores of the fact's tokens alone, no EOS: sets "unpatched", the fine-tuned model by itself, and "layer0" to "layer<L-1>".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.attacks.base import Attack, AttackSetup
from benchmark.common.errors import UserError
from benchmark.data.facts import fact_spans
from benchmark.data.types import Example, gold_alone, question_answer_pairs
from benchmark.evaluation.scores import AnswerScores, SetScores
from benchmark.evaluation.teacher_forcing import MAX_TOKENS, encode_answers
from benchmark.models.batching import in_batches, to_device
from benchmark.models.blocks import decoder_blocks, patched, recording
from benchmark.models.forward import collate
from benchmark.models.lm_head import TokenQueries, direct_head, read_tokens
from benchmark.models.tokenization import TokenizedExample

Facts = list[tuple[TokenizedExample, list[int]]]  # a row's tokens, and which of them state the fact
UNPATCHED = "unpatched"


class Depth(Attack):
    name = "depth"
    version = 1
    needs = ("finetuned",)

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        if setup.finetuned is None:
            raise UserError("depth is measured in the fine-tuned model, and there is none")
        rows, facts = _with_facts(setup)
        if not rows:
            raise UserError("no forget row says where its fact is")
        by_set = patched_scores(setup.model, setup.finetuned, facts, setup.prompt_tokenizer.pad_id, setup.device)
        return {name: _set_of(rows, own) for name, own in by_set.items()}


def _with_facts(setup: AttackSetup) -> tuple[list[Example], Facts]:
    """The forget rows that have a fact in some token, and their tokens."""
    rows = [row for row in setup.sets["forget"] if fact_spans(row)]
    pairs = question_answer_pairs(rows)
    encoded = encode_answers(setup.model, setup.prompt_tokenizer, pairs)
    marks = setup.prompt_tokenizer.overlapping(pairs, [fact_spans(row) for row in rows])
    facts = [
        (tokens, [tokens.start + i for i, marked in enumerate(own) if marked and tokens.start + i > 0])
        for tokens, own in zip(encoded, marks, strict=True)
    ]
    known = [i for i, (_, places) in enumerate(facts) if places]
    return [rows[i] for i in known], [facts[i] for i in known]


@torch.inference_mode()
def patched_scores(
    model: nn.Module, finetuned: nn.Module, facts: Facts, pad_id: int, device: str = "cpu"
) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Set -> for each row, of the fact's k tokens: [k] log p in the fine-tuned model, nats, and [k] whether they are greedy.

    Raises:
        UserError: the two models have no blocks of the same number and width.
    """
    blocks, own_blocks = decoder_blocks(finetuned), decoder_blocks(model)
    if len(blocks) != len(own_blocks) or finetuned.config.hidden_size != model.config.hidden_size:
        raise UserError("the model's blocks are not of the number and width of the fine-tuned model's")
    head = direct_head(finetuned)
    names = [UNPATCHED, *(f"layer{i}" for i in range(len(blocks)))]
    order = sorted(range(len(facts)), key=lambda i: -len(facts[i][0].ids))  # from long to short: little padding
    made: dict[str, list[Tensor]] = {name: [] for name in names}  # [2, tokens] a batch

    def read(start: int, stop: int) -> None:
        batch = [facts[i] for i in order[start:stop]]
        tokens = collate([row for row, _ in batch], pad_id)
        row = torch.tensor([i for i, (_, places) in enumerate(batch) for _ in places])
        column = torch.tensor([place for _, places in batch for place in places])
        targets = tokens.input_ids[row, column]
        number = torch.arange(len(row))
        queries = TokenQueries(row, column - 1, number, targets, torch.zeros(len(row), dtype=torch.bool))
        inputs = {"input_ids": to_device(tokens.input_ids, device)}
        inputs |= {"attention_mask": to_device(tokens.attention_mask, device)}
        there = to_device(row, device), to_device(column - 1, device)
        with recording(own_blocks, *there) as states:
            model(**inputs, use_cache=False)
        made[UNPATCHED].append(read_tokens(finetuned, inputs | {"use_cache": False}, queries, head)[[0, 3]])
        for block, name, state in zip(blocks, names[1:], states, strict=True):
            with patched(block, *there, state):
                made[name].append(read_tokens(finetuned, inputs | {"use_cache": False}, queries, head)[[0, 3]])

    in_batches(len(order), read, MAX_TOKENS[torch.device(device).type], lambda i, n: n // len(facts[order[i]][0].ids))
    ends = np.cumsum([len(facts[i][1]) for i in order])[:-1]
    out = {}
    for name, parts in made.items():
        logprobs, greedy = torch.cat(parts, 1).cpu().numpy()
        own = list(zip(np.split(logprobs, ends), np.split(greedy.astype(bool), ends), strict=True))
        out[name] = [own[i] for i in np.argsort(order)]
    return out


def _set_of(rows: Sequence[Example], scored: Sequence[tuple[np.ndarray, np.ndarray]]) -> SetScores:
    none = np.empty(0, dtype=np.float32)
    answers = {
        (row.question, row.answer): AnswerScores(logprobs, greedy, none, none)
        for row, (logprobs, greedy) in zip(rows, scored, strict=True)
    }
    return SetScores.of_examples(gold_alone(rows), answers, {})
