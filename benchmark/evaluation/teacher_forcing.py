"""Teacher forcing: the scores of given answers, each read after its question.

Answers to one question share its prompt where the model allows it (benchmark/evaluation/prefix_tree.py); for other
models, and where little is shared, each answer is read with a prompt of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.evaluation.prefix_tree import PAYS_BELOW, Tree, build_tree, read_trees, sharing_is_exact, tree_size
from benchmark.evaluation.scores import AnswerScores
from benchmark.models.batching import in_batches, to_device
from benchmark.models.forward import collate
from benchmark.models.lm_head import Head, TokenQueries, direct_head, read_tokens
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample

ENCODED_AT_ONCE = 512  # pairs: the tokenizer's offsets take far more memory than the ids that are kept
MAX_TOKENS = {"cpu": 4096, "cuda": 32768}  # padded tokens a batch
MAX_LOGITS = 2**27  # logits a batch (0.5 GiB in float32), of a model that makes a batch's logits all at once
ALIKE = 0.75  # a batch's shortest row as a share of its longest, so that little of it is padding


def encode_answers(
    model: nn.Module, prompt_tokenizer: PromptTokenizer, pairs: Sequence[tuple[str, str]]
) -> list[TokenizedExample]:
    """(question, answer) pairs as token ids.

    Raises:
        UserError: a pair is longer than the model's context.
    """
    parts = (pairs[i : i + ENCODED_AT_ONCE] for i in range(0, len(pairs), ENCODED_AT_ONCE))
    encoded = [row for part in parts for row in prompt_tokenizer.encode(part)]
    longest = max((len(row.ids) for row in encoded), default=0)
    context = getattr(model.config, "max_position_embeddings", None)
    if context and longest > context:
        raise UserError(
            f"a question with its answer takes {longest} tokens, the model's context is {context}; "
            "use a shorter --prompt or a model with a longer context"
        )
    return encoded


def score_answers(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    pairs: Sequence[tuple[str, str]],
    *,
    encoded: Sequence[TokenizedExample] | None = None,
    with_mean_std: Sequence[bool] | None = None,
    device: str = "cpu",
    on_progress: Callable[[int], None] | None = None,
) -> list[AnswerScores]:
    """Teacher-forced scores of (question, answer) pairs, in the given order.

    Log-probabilities are float32 whatever the model's dtype.

    Args:
        encoded: the pairs as ``encode_answers`` gives them, where the caller has them already.
        with_mean_std: for each pair, whether mean and standard deviation are wanted, else they are empty arrays;
            None: wanted for all.
        on_progress: called with the number of pairs just scored.

    Raises:
        UserError: a pair is longer than the model's context.
    """
    if not pairs:
        return []
    encoded = encode_answers(model, prompt_tokenizer, pairs) if encoded is None else encoded
    with_mean_std = [True] * len(encoded) if with_mean_std is None else with_mean_std
    pad_id, head = prompt_tokenizer.pad_id, direct_head(model)

    # What is read together as one row of a batch (numbers of pairs): all answers to a question, or one answer.
    groups = _by_question(pairs)
    sizes = [tree_size([encoded[i] for i in group]) for group in groups]
    shared = sum(sizes) <= PAYS_BELOW * sum(len(row.ids) for row in encoded) and sharing_is_exact(
        model,
        [[encoded[i] for i in group] for group in groups],
        sizes,
        lambda rows: _read_rows(model, rows, [True] * len(rows), pad_id, device, head),
        pad_id,
        device,
        head,
    )
    if not shared:
        groups, sizes = [[i] for i in range(len(encoded))], [len(row.ids) for row in encoded]
    # Sorted from long to short: the first one's length is the batch's width, and memory peaks at once.
    order = sorted(range(len(groups)), key=lambda k: sizes[k], reverse=True)
    groups, sizes = [groups[k] for k in order], [sizes[k] for k in order]

    batches: list[Tensor] = []  # [4, tokens] each, on the device: fetching one would keep the next waiting

    def read(start: int, stop: int) -> None:
        numbers = [i for group in groups[start:stop] for i in group]
        if shared:
            trees = [
                build_tree([encoded[i] for i in group], [with_mean_std[i] for i in group])
                for group in groups[start:stop]
            ]
            columns = read_trees(model, trees, pad_id, device, head)
            batches.append(columns[:, to_device(torch.tensor(tokens_of_answers(trees), dtype=torch.long), device)])
        else:
            wanted = [with_mean_std[i] for i in numbers]
            batches.append(_read_rows(model, [encoded[i] for i in numbers], wanted, pad_id, device, head))
        if on_progress:
            on_progress(len(numbers))

    def batch_size(start: int, budget: int) -> int:
        width = max(1, sizes[start])
        end = min(len(sizes), start + budget // width)
        return next((k - start for k in range(start, end) if sizes[k] < ALIKE * width), end - start)

    budget = MAX_TOKENS[torch.device(device).type]
    if head is None:  # the model makes a batch's logits all at once
        budget = min(budget, MAX_LOGITS // model.config.vocab_size)
    in_batches(len(groups), read, budget, batch_size)
    numbers = [i for group in groups for i in group]
    scores = _split(torch.cat(batches, 1), [encoded[i] for i in numbers], [with_mean_std[i] for i in numbers])
    return [scores[k] for k in np.argsort(numbers)]


def _by_question(pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
    """For each distinct question the numbers of its pairs."""
    groups: dict[str, list[int]] = {}
    for i, (question, _) in enumerate(pairs):
        groups.setdefault(question, []).append(i)
    return list(groups.values())


def _read_rows(
    model: nn.Module,
    rows: Sequence[TokenizedExample],
    with_mean_std: Sequence[bool],
    pad_id: int,
    device: str,
    head: Head | None,
) -> Tensor:
    """[4, tokens] what ``read_tokens`` says of these answers' tokens, each answer read with its own prompt."""
    tokens = collate(rows, pad_id)
    wanted = torch.tensor(with_mean_std, dtype=torch.bool)[tokens.row]
    queries = TokenQueries(tokens.row, tokens.column - 1, torch.arange(len(tokens.row)), tokens.targets, wanted)
    inputs = {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
    inputs = {name: to_device(tensor, device) for name, tensor in inputs.items()}
    return read_tokens(model, inputs | {"use_cache": False}, queries, head)


def _split(columns: Tensor, rows: Sequence[TokenizedExample], with_mean_std: Sequence[bool]) -> list[AnswerScores]:
    """[4, tokens] of ``read_tokens`` -> the scores of these answers, whose tokens follow one another in it."""
    ends = np.cumsum([len(row.ids) - max(row.start, 1) for row in rows])[:-1]
    parts = zip(*(np.split(column, ends) for column in columns.cpu().numpy()), with_mean_std, strict=True)
    none = np.empty(0, dtype=np.float32)
    return [
        AnswerScores(logprobs, is_greedy.astype(bool), mean if wanted else none, std if wanted else none)
        for logprobs, mean, std, is_greedy, wanted in parts
    ]


def tokens_of_answers(trees: Sequence[Tree]) -> list[int]:
    """Numbers of the trees' queries, counted from tree to tree, in the order of the answers and their tokens."""
    starts = np.cumsum([0, *(len(tree.queries) for tree in trees)]).tolist()
    return [start + i for tree, start in zip(trees, starts, strict=False) for answer in tree.answers for i in answer]
