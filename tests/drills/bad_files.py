"""Wrong files that users bring: methods, metrics, rows of data. What each holds, and a part of the message that it gets."""

from __future__ import annotations

HEAD = '"""A method."""\nfrom dataclasses import dataclass\nfrom methods.base import Method, nll\n'
SOUND = (
    "@dataclass(frozen=True)\nclass Mine(Method):\n    def loss(self, model, batch): return -nll(model, batch.forget)\n"
)

METHODS = [
    (None, "is a folder: name a Python file"),
    (b"\x00\xff\xfe", "is not valid Python"),
    ("class", "is not valid Python: line 1"),
    ("", "must define exactly one subclass of Method; it defines none"),
    (HEAD + SOUND + SOUND.replace("Mine", "Other"), "it defines Mine, Other"),
    (HEAD + SOUND.replace("@dataclass(frozen=True)\n", ""), "must be a dataclass"),
    (HEAD + SOUND.replace("Method):", 'Method):\n    needs = ("nope",)'), "unknown need 'nope'"),
    (HEAD + SOUND.replace("Method):", 'Method):\n    weighs = "nope"'), "weighs: unknown setting of mine 'nope'"),
    (
        HEAD + SOUND.replace("Method):", 'Method):\n    ranges = {"nope": (0, 1)}'),
        "ranges: unknown setting of mine 'nope'",
    ),
    (HEAD + 'VARIANTS = ["a"]\n' + SOUND, "VARIANTS must map names to fields"),
    (HEAD + 'VARIANTS = {"a": 3}\n' + SOUND, "VARIANTS must map names to fields"),
    (HEAD + 'VARIANTS = {"../../../evil": {}}\n' + SOUND, "does not do as a file's name"),
    (HEAD + 'VARIANTS = {"/evil": {}}\n' + SOUND, "leave '/' out"),
    (HEAD + 'VARIANTS = {"a/b": {}}\n' + SOUND, "leave '/' out"),
    (HEAD + 'VARIANTS = {"": {}}\n' + SOUND, "does not do as a file's name"),
    (HEAD + 'VARIANTS = {"..": {}}\n' + SOUND, "does not do as a file's name"),
    (HEAD + 'VARIANTS = {"a\\nb": {}}\n' + SOUND, "leave line breaks and control characters out"),
    (HEAD + f'VARIANTS = {{"{"x" * 300}": {{}}}}\n' + SOUND, "too long for a file's name"),
    (HEAD + 'VARIANTS = {"a": {"nope": 1}}\n' + SOUND, "nope"),
    (HEAD + 'VARIANTS = {"finetuned": {}}\n' + SOUND, "is the name of a reference row"),
    (HEAD + "import gone_with_the_wind\n" + SOUND, "cannot be imported: ModuleNotFoundError"),
    (HEAD + "raise RuntimeError('[/x] [red]')\n" + SOUND, "cannot be imported: RuntimeError: [/x] [red]"),
    (HEAD + "import sys\nsys.exit(0)\n" + SOUND, "cannot be imported: SystemExit"),
    (HEAD + "while True: pass\n" + SOUND, "cannot be imported: OverLimit: importing it takes longer than"),
]

METRIC = '''"""A metric."""
from metrics.base import Metric
class Mine(Metric):
    name, version, direction, range, unit, reads, source, sets = "mine", 1, "higher", (0, 1), "share", (), "none", ()
    def measure(self, scores, references=None):
        '''
METRICS = [
    (None, "there is no file"),
    ("", "must define exactly one subclass of Metric; it defines none"),
    (METRIC + "raise RuntimeError('[/x]')", "measuring ended with RuntimeError: [/x]"),
    (METRIC + "return None", "measure must return a Measurement for each column, not None"),
    (METRIC + "return {'mine': 0.5}", "measure must return a Measurement for each column"),
    (METRIC.replace('"mine"', '"other"') + "return {}", "it must be the file's, 'mine'"),
    (METRIC.replace('"higher"', '"up"') + "return {}", "direction 'up' is none of"),
]

ROWS = [  # a field of one row that is to be forgotten
    ("question", "", "question: it is empty"),
    ("question", 3, "question: Input should be a valid string"),
    ("question", None, "question: Input should be a valid string"),
    ("answer", "  ", "answer: it is empty"),
    ("answer", ["a"], "answer: Input should be a valid string"),
    ("answer", "\ud800", "surrogates not allowed"),
    ("paraphrased_answer", 3, "paraphrased_answer: Input should be a valid string"),
    ("paraphrased_answer", ["a"], "paraphrased_answer: Input should be a valid string"),
    ("paraphrased_answer", "", "paraphrased_answer: it is empty"),
    ("paraphrased_question", 3, "paraphrased_question: Input should be a valid string"),
    ("perturbed_answer", "wrong", "perturbed_answer: Input should be a valid list"),
    ("perturbed_answer", 3, "perturbed_answer: Input should be a valid list"),
    ("perturbed_answer", [1, 2], "perturbed_answer.0: Input should be a valid string"),
    ("perturbed_answer", ["a", ""], "perturbed_answer.1: it is empty"),
    ("perturbed_answer", {"a": 1}, "perturbed_answer: Input should be a valid list"),
    ("author", 1.5, "author: Input should be a valid integer"),
    ("author", -7, "author: Input should be greater than or equal to 0"),
    ("author", 10**30, "author: Input should be less than"),
    ("author", "Ana", "author: Input should be a valid integer"),
    ("author", [1], "author: Input should be a valid integer"),
    ("author", True, "author: Input should be a valid integer"),
    ("value", 3, "value: Input should be a valid string"),
    ("span", 3, "span: Input should be a valid list"),
    ("span", "abc", "span: Input should be a valid list"),
    ("span", [1], "span: List should have at least 2 items"),
    ("span", [0, 99999], "does not mark the value in the answer"),
    ("span", [5, 2], "does not mark the value in the answer"),
    ("span", [-1, 3], "span.0: Input should be greater than or equal to 0"),
]

PARTS = [  # a file of a data set
    ("full.json", "", "'full' in {data} has no rows"),
    ("forget10_perturbed.json", "", "'forget10_perturbed' in {data} has no rows"),
    ("retain90.json", "", "'retain90' in {data} has no rows"),
    ("real_authors_perturbed.json", "", "has no rows"),
    ("world_facts_perturbed.json", "{", "is damaged: line 1"),
    ("full.json", "[]", "every line must be one JSON object"),
    ("full.json", "9" * 5000, "every line must be one JSON object"),
    ("idontknow.jsonl", b"\xff\xfe", "it must be plain text"),
    ("idontknow.jsonl", "\n", "write a refusal a line"),
    ("forget10_perturbed.json", "retain90.json", "asks to forget and to retain"),  # a copy of that file
]
