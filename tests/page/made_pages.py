"""Boards for the tests of pages: with every kind of row, and with names, reasons and answers that try to be more than text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.common.files import write_json
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.build import build
from benchmark.records.record import Record, record_path, scores_path
from benchmark.records.score_files import save_scores
from tests.leaderboard.made_records import compared, make_record, rows_at, yardstick
from tests.metrics.factory import forget_scores

SCRIPT = "</script><script>window.broken = 1</script>"
HANDLER = '"><img src=x onerror="window.broken = 1">'
# A record's method is a file's name, in which "<" may not be.
NAMES = ['" onmouseover="window.broken = 1', "a &lt; b & 'c'", "=1+1", "n" * 60, "{{ 7 - 7 }}"]


def numbers(distance: float, kept: float) -> dict[str, Any]:
    """The metrics of a row, with intervals."""
    return {"distance_largest": (distance, 0.8 * distance, 1.3 * distance), "utility_kept": (kept, kept - 0.05, kept + 0.02),
            "p_retrained_all": (0.5 / distance, None, None), "residual": (distance / 10, -0.1, 0.9)}  # fmt: skip


def hostile_records() -> list[Record]:
    """Retrained, fine-tuned and dose models, and a method under each of ``NAMES``."""
    near = [compared(name, 0.5 + 0.2 * i, metrics=numbers(2.0 + i, 0.95 - 0.02 * i)) for i, name in enumerate(NAMES)]
    near[0] = near[0].model_copy(
        update={"losses": [3.0, 2.0, None, 1.0], "config": near[0].config | {"method": {"x": SCRIPT}}}
    )
    failed = make_record("failing", status="failed", reason=f"{SCRIPT} {HANDLER}")
    finetuned = make_record("finetuned", metrics=numbers(7.0, 1.0), forget_rows=rows_at(1.5))
    doses = [
        make_record(f"dose-{share}", role="control", dose=share, metrics=numbers(1 + 4 * share, 0.99))
        for share in (0.1, 0.25)
    ]
    models = [
        record.model_copy(update={"metrics": record.metrics | finetuned.metrics | record.metrics})
        for record in yardstick()
    ]
    return [*models, finetuned, *doses, *near, failed]


def save(folder: Path, records: list[Record], answers: bool = False) -> None:
    """Write records under plain file names, whatever their methods are called; with scores only where names are plain."""
    for i, record in enumerate(records):
        plain = record_path(folder, record.method, record.key)
        is_plain = re.fullmatch(r"[\w.=-]+", record.method) is not None
        write_json(plain if is_plain else folder / "records" / "others" / f"{i}.json", record.model_dump())
        if answers and is_plain and record.status == "ok":
            save_scores(hostile_scores(i), scores_path(plain))


def hostile_scores(i: int) -> Any:
    """Scores of four forget rows whose texts try to be more than text; a higher ``i`` leaks less."""
    scores = forget_scores([0.0, 0.5, 1.0, 1.5])
    own = scores.sets["forget"]
    answers = [replace(a, logprobs=np.asarray(a.logprobs) - 0.1 * i) for a in own.answers]
    texts = [SCRIPT, HANDLER, "plain", "\u2028 & <b>bold</b>"]
    own = replace(own, answers=answers, generated=texts, gold=texts, questions=[f"{text}?" for text in texts])
    return replace(scores, sets=scores.sets | {"forget": own})


def hostile_board(folder: Path, answers: bool = False) -> Board:
    save(folder, hostile_records(), answers)
    return build(folder, name="<b>board</b>")


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[dict[str, str | None], str]] = []  # attributes and text of scripts and styles
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append((dict(attrs) | {"tag": tag}, ""))

    def handle_data(self, data: str) -> None:
        if self.elements and self.cdata_elem:
            attributes, before = self.inside[-1]
            self.inside[-1] = attributes, before + data
        else:
            self.text += data

    @property
    def data(self) -> Any:
        """What the page's scripts read."""
        return json.loads(next(text for about, text in self.inside if about.get("type") == "application/json"))
