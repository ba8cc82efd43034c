"""Other answers to forget questions, sampled from the fine-tuned model before unlearning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from benchmark.models.generation import generate_sampled
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample

DRAWS = 10  # of one answer at most, as long as it is the gold one


def sampled_alternatives(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    pairs: Sequence[tuple[str, str]],
    *,
    count: int,
    temperature: float,
    instruction: str,
    longest: int,
    seed: int,
    device: str,
) -> tuple[list[list[TokenizedExample]], dict[str, float]]:
    """For each (question, gold answer) ``count`` answers of the model; one that is the gold answer is drawn again.

    A row's random numbers are its own, so its answers depend on the seed and the row alone.

    Args:
        instruction: what to make of question and answer, for a model with a chat template; any other model, and every
            model where the instruction is empty, gets the question alone.
        longest: tokens of an answer at most, without EOS.

    Returns:
        The question with each answer, and which share of the answers was the gold one at first and still is.
    """
    if not pairs:
        return [], {}
    instructed = bool(instruction and prompt_tokenizer.tokenizer.chat_template)
    if instructed:
        chat = PromptTokenizer(prompt_tokenizer.tokenizer)
        prompts = chat.encode_prompts([f"Question: {q}\nAnswer: {a}\n{instruction}" for q, a in pairs])
    else:
        prompts = prompt_tokenizer.encode_prompts([question for question, _ in pairs])
    answers: list[list[list[int]]] = [[[] for _ in range(count)] for _ in pairs]
    to_draw = [(i, k) for i in range(len(pairs)) for k in range(count)]
    equal = []
    for draw in range(DRAWS):
        again = (draw,) if draw else ()
        uniforms = {i: np.random.default_rng([seed, i, 4, *again]).random((longest, count)).T for i, _ in to_draw}
        drawn = generate_sampled(
            model,
            [prompts[i] for i, _ in to_draw],
            np.stack([uniforms[i][k] for i, k in to_draw]),
            temperature=temperature,
            eos_ids={prompt_tokenizer.eos_id},
            pad_id=prompt_tokenizer.pad_id,
            device=device,
        )
        for (i, k), answer in zip(to_draw, drawn, strict=True):
            answers[i][k] = answer
        texts = prompt_tokenizer.decode(drawn)
        to_draw = [(i, k) for (i, k), text in zip(to_draw, texts, strict=True) if text == pairs[i][1].strip()]
        equal.append(len(to_draw) / (len(pairs) * count))
        if not to_draw:
            break
    notes = {"alternatives_gold_when_drawn": equal[0], "alternatives_gold_when_kept": equal[-1]}
    if instructed:  # they began after another prompt, so they are encoded as the question's answers
        written = [prompt_tokenizer.decode(several) for several in answers]
        return [
            prompt_tokenizer.encode([(question, text) for text in several])
            for (question, _), several in zip(pairs, written, strict=True)
        ], notes
    # The tokens themselves are kept: sampled ones may be no text, and would not survive decoding.
    eos = prompt_tokenizer.eos_id
    return [
        [TokenizedExample([*prompt, *answer, eos], len(prompt)) for answer in several]
        for prompt, several in zip(prompts, answers, strict=True)
    ], notes
