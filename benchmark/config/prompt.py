"""Prompt templates: what a text must be to ask a question with it."""

from __future__ import annotations

PLACE = "{question}"


def template_text(template: str) -> str:
    r"""The template as it is used: ``\n`` written as two characters is a newline.

    Raises:
        ValueError: it does not hold ``{question}`` exactly once.
    """
    text = template.replace("\\n", "\n")
    if text.count(PLACE) != 1 or "{" + PLACE + "}" in text:
        raise ValueError(f"the prompt template must hold {PLACE} once; it is {text!r}")
    return text
