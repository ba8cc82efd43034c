"""Where the prompt ends and the answer begins, for tokenizers of several habits."""

from copy import deepcopy
from functools import cache

import pytest
from tokenizers import processors

from benchmark.common.errors import UserError
from benchmark.data.types import Dataset, Example
from benchmark.models import tiny
from benchmark.models.tokenization import PromptTokenizer

PLAIN = "Question: {question}\nAnswer: "  # its last space merges with the answer's first word
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@cache
def trained():
    row = Example("Question: Capital of France?\nAnswer: Paris is the city", "<|user|> <|assistant|>")
    return tiny.train_tokenizer(Dataset("c", (row,) * 4, {}, (), (), (), ()), 400)


def tokenizer(**changes):
    made = deepcopy(trained())
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def adding(single):
    """A tokenizer that adds special tokens by itself, here EOS on one or both sides."""
    made = tokenizer()
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[("<|end|>", made.eos_token_id)]
    )
    return made


def answer(prompt_tokenizer, encoded):
    return prompt_tokenizer.tokenizer.decode(encoded.ids[encoded.start : -1])


def test_token_across_the_boundary_belongs_to_the_answer():
    prompt_tokenizer = PromptTokenizer(tokenizer(), PLAIN)
    [encoded] = prompt_tokenizer.encode([("Capital of France?", "Paris")])
    assert prompt_tokenizer.tokenizer.convert_ids_to_tokens(encoded.ids[encoded.start :]) == ["ĠParis", "<|end|>"]
    assert encoded.answer_length == 2


@pytest.mark.parametrize("template", [PLAIN, "Q: {question}\nA:\n", "{question}", "{question} is "])
@pytest.mark.parametrize("text", ["Paris", "the city of light", "9", "é", "Ærø ☃ 日本語 👩‍🚀", ""])
def test_prompt_and_answer_make_up_the_sequence(template, text):
    prompt_tokenizer = PromptTokenizer(tokenizer(), template)
    question = "Où est-ce ☃?"
    [encoded] = prompt_tokenizer.encode([(question, text)])
    assert prompt_tokenizer.tokenizer.decode(encoded.ids) == template.replace("{question}", question) + text + "<|end|>"
    assert answer(prompt_tokenizer, encoded).strip() == text
    assert encoded.ids.count(prompt_tokenizer.eos_id) == 1
    # Generation starts from the same tokens; a last space that merges with no word is left out.
    prompt = prompt_tokenizer.encode_prompts([question])[0]
    assert encoded.ids[: len(prompt)] == prompt
    assert prompt_tokenizer.tokenizer.decode(encoded.ids[len(prompt) : encoded.start]).strip(" ") == ""


def test_empty_answer_is_one_eos():
    prompt_tokenizer = PromptTokenizer(tokenizer(), "Q: {question}\nA:\n")
    [encoded] = prompt_tokenizer.encode([("Why?", "")])
    assert encoded.answer_length == 1
    assert encoded.ids[-1] == prompt_tokenizer.eos_id


@pytest.mark.parametrize("single", ["$A <|end|>", "<|end|> $A <|end|>", "<|end|> $A"])
def test_one_closing_eos_whatever_the_tokenizer_adds(single):
    prompt_tokenizer = PromptTokenizer(adding(single), PLAIN)
    [encoded] = prompt_tokenizer.encode([("Capital of France?", "Paris")])
    begins = single.startswith("<|end|>")
    assert encoded.ids.count(prompt_tokenizer.eos_id) == 1 + begins
    assert encoded.ids[-2:] == [prompt_tokenizer.tokenizer.convert_tokens_to_ids("ĠParis"), prompt_tokenizer.eos_id]
    assert encoded.answer_length == 2
    [prompt] = prompt_tokenizer.encode_prompts(["Capital of France?"])
    assert prompt == encoded.ids[: encoded.start]  # with the opening EOS, without the closing one


def test_chat_template_with_text_after_the_terminator():
    prompt_tokenizer = PromptTokenizer(tokenizer(chat_template=CHAT))
    pairs = [("Capital?", "Paris"), ("Capital?", "the city"), ("Why?", "")]
    for (question, text), encoded in zip(pairs, prompt_tokenizer.encode(pairs), strict=True):
        prompt = f"<|user|>{question}<|end|>\n<|assistant|>\n"
        assert prompt_tokenizer.prompts([question]) == [prompt]
        assert prompt_tokenizer.tokenizer.decode(encoded.ids) == f"{prompt}{text}<|end|>"
        assert prompt_tokenizer.tokenizer.decode(encoded.ids[: encoded.start]) == prompt
        assert encoded.ids.count(prompt_tokenizer.eos_id) == 2  # the user's turn ends with one too


def test_empty_answer_keeps_the_eos_that_the_chat_template_wrote():
    prompt_tokenizer = PromptTokenizer(tokenizer(chat_template="{{ messages[0]['content'] }}<|end|>"))
    [encoded] = prompt_tokenizer.encode([("Why?", "")])
    assert encoded.ids[-2:] == [prompt_tokenizer.eos_id] * 2
    assert encoded.answer_length == 1
    assert prompt_tokenizer.encode_prompts(["Why?"])[0] == encoded.ids[:-1]


def test_chat_template_is_asked_once_for_a_question_with_several_answers():
    prompt_tokenizer = PromptTokenizer(tokenizer(chat_template=CHAT))
    texts = prompt_tokenizer.prompts(["b", "a", "b"])
    assert texts[0] == texts[2] != texts[1]
    assert "a" in texts[1].replace("assistant", "")


def test_pad_token_falls_back_to_eos():
    assert PromptTokenizer(tokenizer(), PLAIN).pad_id == PromptTokenizer(tokenizer(), PLAIN).eos_id
    without = tokenizer()
    without.pad_token = None
    assert PromptTokenizer(without, PLAIN).pad_id == without.eos_token_id


def test_newline_can_be_written_as_two_characters():
    assert PromptTokenizer(tokenizer(), r"Q: {question}\nA:").template == "Q: {question}\nA:"


def test_braces_in_a_question_are_plain_text():
    assert PromptTokenizer(tokenizer(), "Q: {question}!").prompts(["{question} {x}"]) == ["Q: {question} {x}!"]


def test_decode_leaves_out_special_tokens_and_outer_space():
    prompt_tokenizer = PromptTokenizer(tokenizer(), PLAIN)
    [encoded] = prompt_tokenizer.encode([("Capital?", " Paris ")])
    assert prompt_tokenizer.decode([encoded.ids[encoded.start :], []]) == ["Paris", ""]


def test_identity_tells_templates_apart():
    plain, chat = PromptTokenizer(tokenizer(), PLAIN), PromptTokenizer(tokenizer(chat_template=CHAT))
    assert len({plain.identity, chat.identity, PromptTokenizer(tokenizer(), "{question}").identity}) == 3


def test_nothing_to_encode():
    assert PromptTokenizer(tokenizer(), PLAIN).encode([]) == []
    assert PromptTokenizer(tokenizer(), PLAIN).encode_prompts([]) == []


@pytest.mark.parametrize("template", ["Answer:", "{question} {question}", ""])
def test_template_must_hold_the_question_once(template):
    with pytest.raises(UserError, match="must hold {question} once"):
        PromptTokenizer(tokenizer(), template)


def test_no_chat_template_names_the_option():
    with pytest.raises(UserError, match="--prompt"):
        PromptTokenizer(tokenizer())


def test_tokenizer_without_eos_or_offsets_is_refused():
    with pytest.raises(UserError, match="no EOS token"):
        PromptTokenizer(tokenizer(eos_token=None), PLAIN)
    with pytest.raises(UserError, match="fast"):
        PromptTokenizer(object(), PLAIN)


@pytest.mark.parametrize("template", [PLAIN, "Q: {question}\nA:\n", "{question} is ", None])
def test_tokens_that_overlap_a_span_of_the_answer(template):
    made = tokenizer(chat_template=CHAT) if template is None else tokenizer()
    prompt_tokenizer = PromptTokenizer(made, template)
    pairs = [("Capital of France?", "Paris is the city ☃!"), ("Why?", ""), ("Capital?", "Paris")]
    spans = [[(6, 8), (18, 19)], [], [(0, 5)]]  # "is" and the snowman, nothing, all
    marks = prompt_tokenizer.overlapping(pairs, spans)
    for encoded, marked, expected in zip(
        prompt_tokenizer.encode(pairs), marks, (["is", "☃"], [], ["Paris"]), strict=True
    ):
        assert len(marked) == encoded.answer_length and not marked[-1]
        runs, before = [], False
        for token, mark in zip(encoded.ids[encoded.start :], marked, strict=True):
            if mark:
                runs = [*runs[:-1], [*runs[-1], token]] if before else [*runs, [token]]
            before = mark
        assert [prompt_tokenizer.tokenizer.decode(run).strip() for run in runs] == expected
