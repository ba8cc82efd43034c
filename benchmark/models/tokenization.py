"""From a question and an answer to one token sequence with its answer marked.

Prompt and answer are tokenised together, and character offsets tell where the answer starts: if they were tokenised one
by one, a tokenizer that merges across the boundary ("Answer: " + "Paris") would lose the answer's first token. Exactly
one closing EOS ends each answer and counts as an answer token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.common.errors import UserError
from benchmark.config.prompt import template_text

Spans = Sequence[tuple[int, int]]  # of characters: (a, b) is text[a:b]


@dataclass(frozen=True, slots=True)
class TokenizedExample:
    """One sequence; the answer is ``ids[start:]`` and ends with EOS."""

    ids: list[int]
    start: int

    @property
    def answer_length(self) -> int:
        return len(self.ids) - self.start


class PromptTokenizer:
    """A tokenizer with a prompt template.

    Args:
        tokenizer: a fast Hugging Face tokenizer (offsets are needed).
        template: text with ``{question}``, which the answer follows directly; ``\\n`` written as two
            characters means a newline. None: the tokenizer's chat template.

    Raises:
        UserError: no template and no chat template, a template without ``{question}``, a slow tokenizer,
            or a tokenizer without an EOS token.
    """

    def __init__(self, tokenizer: Any, template: str | None = None):
        if not getattr(tokenizer, "is_fast", False):
            raise UserError(
                "the model's tokenizer is a slow one without character offsets; "
                "convert it to a fast one (tokenizer.json)"
            )
        if tokenizer.eos_token_id is None:
            raise UserError(
                "the model's tokenizer has no EOS token; set tokenizer.eos_token and save it beside the model"
            )
        if template is None and not tokenizer.chat_template:
            raise UserError(
                "the model has no chat template; say how to ask it with --prompt, for example "
                r'--prompt "Question: {question}\nAnswer:\n"'
            )
        if template is not None:
            try:
                template = template_text(template)
            except ValueError as error:
                raise UserError(str(error)) from None
        self.tokenizer = tokenizer
        self.template = template
        self.eos_id: int = tokenizer.eos_token_id
        # Padding is masked by lengths, never by its id, so a pad token equal to EOS is harmless.
        self.pad_id: int = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.eos_id

    @property
    def identity(self) -> str:
        """What decides the text around a question, for content keys."""
        return self.template if self.template is not None else f"chat:{self.tokenizer.chat_template}"

    def prompts(self, questions: Sequence[str]) -> list[str]:
        """The texts that the answers follow directly."""
        if self.template is not None:
            return [self.template.replace("{question}", q) for q in questions]
        distinct = list(dict.fromkeys(questions))  # a question comes once for each of its answers
        chats = [[{"role": "user", "content": q}] for q in distinct]
        try:
            texts = self.tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # of the template, which comes with the model, in a sandbox
            raise UserError(
                f"the model's chat template fails ({type(error).__name__}: {str(error)[:200]}); mend it, or say how to ask "
                r'with --prompt "Question: {question}\nAnswer:\n"'
            ) from error
        rendered = dict(zip(distinct, texts, strict=True))
        return [rendered[q] for q in questions]

    def encode(self, pairs: Sequence[tuple[str, str]]) -> list[TokenizedExample]:
        """Encode (question, answer) pairs, all in one call of the tokenizer."""
        return [example for example, _, _ in self._placed(pairs)]

    def overlapping(self, pairs: Sequence[tuple[str, str]], spans: Sequence[Spans]) -> list[list[bool]]:
        """For each answer token of ``encode``, whether it shares a character with a span of its answer; EOS does not.

        Args:
            spans: of each pair, with ``answer[a:b]`` the characters of the span (a, b).
        """
        out = []
        for (_, begin, offsets), wanted in zip(self._placed(pairs), spans, strict=True):
            spanned = [(begin + a, begin + b) for a, b in wanted]
            out.append([any(start < b and end > a for a, b in spanned) for start, end in offsets] + [False])
        return out

    def _placed(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[TokenizedExample, int, Spans]]:
        """Each pair encoded, where its answer begins in the text, and where its answer tokens (without EOS) stand in it."""
        if not pairs:
            return []
        prompts = self.prompts([question for question, _ in pairs])
        texts = [prompt + answer for prompt, (_, answer) in zip(prompts, pairs, strict=True)]
        batch = self._tokenize(texts)
        out = []
        for prompt, ids, offsets in zip(prompts, batch["input_ids"], batch["offset_mapping"], strict=True):
            end = len(ids)
            while end and ids[end - 1] == self.eos_id and offsets[end - 1][0] == offsets[end - 1][1]:
                end -= 1  # an EOS that the tokenizer adds by itself: it has no characters
            # A token that straddles the boundary holds answer characters, so it belongs to the answer; so does a
            # space at the prompt's end that stands alone, since generation leaves that space to the model too.
            boundary = len(prompt.rstrip(" "))
            start = next((i for i in range(end) if offsets[i][1] > boundary), end)
            out.append((TokenizedExample([*ids[:end], self.eos_id], start), len(prompt), offsets[start:end]))
        return out

    def encode_prompts(self, questions: Sequence[str]) -> list[list[int]]:
        """Token ids to generate from. Trailing spaces are left to the model, whose tokens begin with them."""
        if not questions:
            return []
        batch = self._tokenize([p.rstrip(" ") for p in self.prompts(questions)])
        out = []
        for ids, offsets in zip(batch["input_ids"], batch["offset_mapping"], strict=True):
            added_eos = len(ids) > 1 and ids[-1] == self.eos_id and offsets[-1][0] == offsets[-1][1]
            out.append(ids[:-1] if added_eos else ids)
        return out

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Generated answers as text, without special tokens and outer white space."""
        texts = self.tokenizer.batch_decode([list(row) for row in ids], skip_special_tokens=True)
        return [text.strip() for text in texts]

    def _tokenize(self, texts: list[str]) -> Any:
        # A chat template writes its own BOS; plain text gets what the tokenizer adds.
        special = self.template is not None
        return self.tokenizer(
            texts, add_special_tokens=special, return_offsets_mapping=True, return_attention_mask=False
        )
