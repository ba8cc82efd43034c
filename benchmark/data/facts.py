"""Where an answer states its key fact, as character spans.

Generated authors know it (``Example.span``). TOFU does not: there the paraphrased answer and the perturbed answers are
one sentence with and without the true fact, so a word is of the fact where the answer shares it with the paraphrased
answer and more than half of the perturbed answers lack it. Words are compared by their first letters ("game developer",
"video games"); order does not matter, since the answer itself is worded in another way. Where no word is of the fact by
that, or there is no paraphrased answer, those are that more than half of the perturbed answers and the question lack.
On TOFU's forget10 that marks 16 % of all words; of those that the authors of PALU (arXiv 2601.03190) had GPT mark it
finds 45 %, and 66 % of what it marks is among theirs. In 384 of the 400 answers the two share a word.
"""

from __future__ import annotations

import re

from benchmark.data.types import Example

WORD = re.compile(r"\w+(?:['’]\w+)*")
LETTERS = 5  # by which words are compared with the paraphrased answer's


def fact_spans(row: Example) -> list[tuple[int, int]]:
    """``answer[a:b]`` of every run of words that states the fact, in order; none where the row tells nothing of it."""
    if row.span is not None:
        return [row.span]
    words = list(WORD.finditer(row.answer))
    marked = _fact_words([word.group().lower() for word in words], row)
    runs: list[tuple[int, int]] = []
    for i in sorted(marked):
        start = runs.pop()[0] if i - 1 in marked else words[i].start()
        runs.append((start, words[i].end()))
    return runs


def with_key_fact(row: Example) -> Example:
    """The row's question and gold answer alone, its ``value`` the longest of the spans that tell of it if it is not known."""
    texts = [row.answer[a:b] for a, b in fact_spans(row)]
    value = max(texts, key=len, default=None) if row.value is None else row.value
    return Example(row.question, row.answer, author=row.author, value=value)


def _fact_words(words: list[str], row: Example) -> set[int]:
    """Which words of the answer are of the fact."""
    wrong = [_words(text) for text in row.perturbed_answers]
    if not wrong:
        return set()

    def lacking(word: str) -> bool:
        return sum(word not in known for known in wrong) > len(wrong) / 2

    true = {word[:LETTERS] for word in _words(row.paraphrased_answer or "") if lacking(word)}
    shared = {i for i, word in enumerate(words) if word[:LETTERS] in true}
    asked = _words(row.question)
    return shared or {i for i, word in enumerate(words) if lacking(word) and word not in asked}


def _words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}
