"""The schema of one row in TOFU's file layout: what a line of a part's file may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.data.types import Example


def _said(text: str) -> str:
    text.encode()  # half of a character cannot be; UnicodeEncodeError is a ValueError
    if not text.strip():
        raise ValueError("it is empty")
    return text


Text = Annotated[str, AfterValidator(_said)]


class Row(BaseModel):
    """A question with its answer, and what evaluation needs beside them. Other keys are ignored: TOFU's copies have some."""

    model_config = ConfigDict(strict=True, extra="ignore")

    question: Text
    answer: Text
    paraphrased_question: Text | None = None
    paraphrased_answer: Text | None = None
    perturbed_answer: list[Text] | None = None
    author: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    value: Text | None = None
    span: list[Annotated[int, Field(ge=0)]] | None = Field(None, min_length=2, max_length=2)

    @model_validator(mode="after")
    def _sound(self) -> Row:
        if self.question == self.answer:
            raise ValueError("the answer is the question")
        if self.span is not None:
            begin, end = self.span
            if not begin < end <= len(self.answer) or self.value not in (None, self.answer[begin:end]):
                raise ValueError(f"span {self.span} does not mark the value in the answer")
        return self

    def example(self, author: int | None) -> Example:
        """The row as the benchmark has it; ``author`` where the row itself names none."""
        return Example(
            question=self.question,
            answer=self.answer,
            paraphrased_question=self.paraphrased_question,
            paraphrased_answer=self.paraphrased_answer,
            perturbed_answers=tuple(self.perturbed_answer or ()),
            author=author if self.author is None else self.author,
            value=self.value,
            span=None if self.span is None else (self.span[0], self.span[1]),
        )


def problem_of(error: ValidationError) -> str:
    """The first thing that is wrong with a row, in a few words."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
