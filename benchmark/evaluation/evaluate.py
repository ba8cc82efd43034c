"""Measuring a model on a dataset: one teacher-forced pass over all answers, one greedy pass over all questions.

This and generation are the only places where a model is forwarded for evaluation; what comes out
(benchmark/evaluation/scores.py) is all that metrics see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.data.types import Example
from benchmark.evaluation.known_prefix import greedy_beginning
from benchmark.evaluation.prefix_tree import PAYS_BELOW, Tree, build_tree, read_trees, sharing_is_exact, tree_size
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from benchmark.models.batching import in_batches, to_device
from benchmark.models.forward import collate
from benchmark.models.generation import generate_greedy
from benchmark.models.lm_head import Head, TokenQueries, direct_head, read_tokens
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample

ENCODED_AT_ONCE = 512  # pairs: the tokenizer's offsets take far more memory than the ids that are kept
MAX_TOKENS = {"cpu": 4096, "cuda": 32768}  # padded tokens a batch
MAX_LOGITS = 2**27  # logits a batch (0.5 GiB in float32), of a model that makes a batch's logits all at once
ALIKE = 0.75  # a batch's shortest row as a share of its longest, so that little of it is padding

Progress = Callable[[int], None]


def score_model(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    sets: Mapping[str, Sequence[Example]],
    *,
    max_new_tokens: int = 200,
    device: str = "cpu",
    meta: dict[str, Any] | None = None,
    on_progress: Progress | None = None,
) -> Scores:
    """Score a model on evaluation sets.

    Args:
        sets: rows by set name.
        max_new_tokens: longest greedy answer (TOFU: 200).
        on_progress: called with the number of units just done; there are ``scoring_units(sets)`` in all.
    """
    pairs: dict[tuple[str, str], int] = {}  # each distinct question and answer is scored once
    for rows in sets.values():
        for row in rows:
            for answer in (row.answer, row.paraphrased_answer, *row.perturbed_answers):
                if answer is not None:
                    pairs.setdefault((row.question, answer), len(pairs))
    gold = {(row.question, row.answer) for rows in sets.values() for row in rows}  # nothing reads others' moments
    moments = [pair in gold for pair in pairs]
    encoded = encode_answers(model, prompt_tokenizer, list(pairs))
    scored = score_answers(
        model, prompt_tokenizer, list(pairs), encoded=encoded, moments=moments, device=device, on_progress=on_progress
    )
    read: dict[str, list[tuple[TokenizedExample, np.ndarray]]] = {}
    for (question, _), row, found in zip(pairs, encoded, scored, strict=True):
        read.setdefault(question, []).append((row, found.is_greedy))
    questions = _asked(sets)
    texts = generate(model, prompt_tokenizer, questions, max_new_tokens, device, on_progress, read=read)
    generated: dict[str, str] = dict(zip(questions, texts, strict=True))
    out = {}
    for name, rows in sets.items():
        of = [{a: scored[i] for a in _answers(r) if (i := pairs.get((r.question, a))) is not None} for r in rows]
        out[name] = SetScores(
            answers=[known[r.answer] for r, known in zip(rows, of, strict=True)],
            paraphrases=[known.get(r.paraphrased_answer) for r, known in zip(rows, of, strict=True)],
            wrong=[[known[w] for w in r.perturbed_answers] for r, known in zip(rows, of, strict=True)],
            generated=[generated.get(r.question, "") for r in rows],
            gold=[r.answer for r in rows],
            questions=[r.question for r in rows],
            authors=np.array([-1 if r.author is None else r.author for r in rows], dtype=np.int64),
            values=[r.value for r in rows],
        )
    return Scores(out, meta or {})


def scoring_units(sets: Mapping[str, Sequence[Example]]) -> int:
    """Units of work that ``score_model`` reports: answers and questions."""
    pairs = {(row.question, answer) for rows in sets.values() for row in rows for answer in _answers(row)}
    return len(pairs) + len(_asked(sets))


def _asked(sets: Mapping[str, Sequence[Example]]) -> list[str]:
    """Distinct questions whose greedy answers are wanted: all but those that only their likelihood is read of."""
    return list(dict.fromkeys(row.question for name, rows in sets.items() if name != "holdout" for row in rows))


def _answers(row: Example) -> list[str]:
    every = (row.answer, row.paraphrased_answer, *row.perturbed_answers)
    return [answer for answer in every if answer is not None]


def generate(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    questions: Sequence[str],
    max_new_tokens: int,
    device: str = "cpu",
    on_progress: Progress | None = None,
    read: Mapping[str, Sequence[tuple[TokenizedExample, np.ndarray]]] | None = None,
) -> list[str]:
    """Greedy answers to questions, as text.

    Args:
        read: of a question the answers that this model has read, as ``greedy_beginning`` takes them.
    """
    prompts = prompt_tokenizer.encode_prompts(questions)
    of = [() if read is None else read.get(question, ()) for question in questions]
    ids = generate_greedy(
        model,
        prompts,
        beginnings=[greedy_beginning(prompt, answers) for prompt, answers in zip(prompts, of, strict=True)],
        eos_ids=eos_ids(model, prompt_tokenizer),
        pad_id=prompt_tokenizer.pad_id,
        max_new_tokens=max_new_tokens,
        device=device,
        on_progress=on_progress,
    )
    return prompt_tokenizer.decode(ids)


def eos_ids(model: nn.Module, prompt_tokenizer: PromptTokenizer) -> set[int]:
    """All tokens that end an answer: the tokenizer's EOS and those of the model's generation config."""
    config = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    more = config if isinstance(config, (list, tuple)) else [] if config is None else [config]
    return {prompt_tokenizer.eos_id, *more}


def encode_answers(
    model: nn.Module, prompt_tokenizer: PromptTokenizer, pairs: Sequence[tuple[str, str]]
) -> list[TokenizedExample]:
    """(question, answer) pairs as token ids.

    Raises:
        UserError: a pair is longer than the model's context.
    """
    parts = (pairs[i : i + ENCODED_AT_ONCE] for i in range(0, len(pairs), ENCODED_AT_ONCE))
    encoded = [row for part in parts for row in prompt_tokenizer.encode(part)]
    longest = max((len(e.ids) for e in encoded), default=0)
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
    moments: Sequence[bool] | None = None,
    device: str = "cpu",
    on_progress: Progress | None = None,
) -> list[AnswerScores]:
    """Teacher-forced scores of (question, answer) pairs, in the given order.

    The answers to one question share its prompt where the model allows it (benchmark/evaluation/prefix_tree.py).

    Args:
        encoded: the pairs as ``encode_answers`` gives them, where they are at hand.
        moments: of which pairs mean and standard deviation are wanted, None: of all; other answers have none.

    Raises:
        UserError: a pair is longer than the model's context.
    """
    if not pairs:
        return []
    encoded = encode_answers(model, prompt_tokenizer, pairs) if encoded is None else encoded
    moments = [True] * len(encoded) if moments is None else moments
    head = direct_head(model)
    of_question: dict[str, list[int]] = {}
    for i, (question, _) in enumerate(pairs):
        of_question.setdefault(question, []).append(i)
    groups = list(of_question.values())
    lengths = [tree_size([encoded[i] for i in group]) for group in groups]

    def plain(rows: Sequence[TokenizedExample]) -> Tensor:
        return _read_rows(model, rows, prompt_tokenizer.pad_id, device, head, [True] * len(rows))

    pays = sum(lengths) <= PAYS_BELOW * sum(len(e.ids) for e in encoded)
    together = [[encoded[i] for i in group] for group in groups]
    shared = pays and sharing_is_exact(model, together, lengths, plain, prompt_tokenizer.pad_id, device, head)
    if not shared:
        groups = [[i] for i in range(len(encoded))]
        lengths = [len(e.ids) for e in encoded]
    # Sorted from long to short: the first one's length is the batch's width, and memory peaks at once.
    order = sorted(range(len(groups)), key=lambda k: lengths[k], reverse=True)
    found: list[Tensor] = []  # of each batch [4, tokens], on the device: fetching one would keep the next waiting
    members: list[int] = []

    def run(start: int, stop: int) -> None:
        here = [i for k in order[start:stop] for i in groups[k]]
        if shared:
            trees = [
                build_tree([encoded[i] for i in groups[k]], [moments[i] for i in groups[k]]) for k in order[start:stop]
            ]
            columns = read_trees(model, trees, prompt_tokenizer.pad_id, device, head)
            found.append(columns[:, to_device(torch.tensor(tokens_of_answers(trees), dtype=torch.long), device)])
        else:
            wanted = [moments[i] for i in here]
            found.append(_read_rows(model, [encoded[i] for i in here], prompt_tokenizer.pad_id, device, head, wanted))
        members.extend(here)
        if on_progress:
            on_progress(len(here))

    # Without a bare head the model makes a batch's logits at once.
    budget = MAX_TOKENS[torch.device(device).type]
    if head is None:
        budget = min(budget, MAX_LOGITS // model.config.vocab_size)

    def size(start: int, budget: int) -> int:
        width = max(1, lengths[order[start]])
        most = range(start, min(len(order), start + budget // width))
        return next((k - start for k in most if lengths[order[k]] < ALIKE * width), len(most))

    in_batches(len(order), run, budget, size)
    of = [encoded[i] for i in members]
    scores = _split(torch.cat(found, 1), of, [moments[i] for i in members])
    return [scores[place] for place in np.argsort(members)]


def score_batch(
    model: nn.Module,
    rows: Sequence[TokenizedExample],
    pad_id: int,
    device: str,
    head: Head | None = None,
    moments: Sequence[bool] | None = None,
) -> list[AnswerScores]:
    """Scores of one batch of encoded answers, the plain way: each with its own prompt.

    Log-probabilities are float32 whatever the model's dtype. ``moments`` as in ``score_answers``.
    """
    moments = [True] * len(rows) if moments is None else moments
    return _split(_read_rows(model, rows, pad_id, device, head, moments), rows, moments)


def _read_rows(
    model: nn.Module,
    rows: Sequence[TokenizedExample],
    pad_id: int,
    device: str,
    head: Head | None,
    moments: Sequence[bool],
) -> Tensor:
    tokens = collate(rows, pad_id)
    wanted = torch.tensor(moments, dtype=torch.bool)[tokens.row]
    reads = TokenQueries(tokens.row, tokens.column - 1, torch.arange(len(tokens.row)), tokens.targets, wanted)
    given = {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
    given = {name: to_device(tensor, device) for name, tensor in given.items()}
    return read_tokens(model, given | {"use_cache": False}, reads, head)


def _split(columns: Tensor, rows: Sequence[TokenizedExample], moments: Sequence[bool]) -> list[AnswerScores]:
    """[4, M] of ``read_tokens`` -> the scores of these answers, which follow one another in it."""
    ends = np.cumsum([len(row.ids) - max(row.start, 1) for row in rows])[:-1]
    parts = zip(*(np.split(column, ends) for column in columns.cpu().numpy()), moments, strict=True)
    none = np.empty(0, dtype=np.float32)
    return [
        AnswerScores(g, h.astype(bool), m if wanted else none, s if wanted else none) for g, m, s, h, wanted in parts
    ]


def tokens_of_answers(trees: Sequence[Tree]) -> list[int]:
    """Of the trees' reads, tree after tree, those that are the answers' tokens, answer after answer."""
    starts = np.cumsum([0, *(len(tree.reads) for tree in trees)]).tolist()
    return [start + i for tree, start in zip(trees, starts, strict=False) for answer in tree.answers for i in answer]
