"""Scores on disk are the scores."""

import dataclasses

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from benchmark.records.score_files import load_scores, save_scores


def answer(rng, length):
    logprobs, mean, std = rng.normal(size=(3, length)).astype(np.float32)
    return AnswerScores(logprobs, rng.random(length) < 0.5, mean, std)


def other(rng, length):
    """A paraphrase or a wrong answer: files do not keep its moments."""
    none = np.empty(0, dtype=np.float32)
    return dataclasses.replace(answer(rng, length), logprob_mean=none, logprob_std=none)


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    forget = SetScores(
        answers=[answer(rng, n) for n in (3, 1, 60)],
        paraphrases=[other(rng, 2), None, other(rng, 4)],
        wrong=[[other(rng, 2), other(rng, 3)], [], [other(rng, 1)]],
        generated=["Ærø, 1950", "", "two\nlines \U0001f600"],
        gold=["a", "b", "c"],
        questions=["q?", "q?", "r?"],
        authors=np.array([180, -1, 199]),
        values=["1950", None, ""],
    )
    plain = dataclasses.replace(forget, paraphrases=[None] * 3, wrong=[[], [], []], values=[None] * 3)
    forget.answers[0].logprobs[:] = [-np.inf, -1e-30, np.nextafter(np.float32(-1), np.float32(0))]
    return Scores({"forget": forget, "world_facts": plain}, {"model": "é", "limit": None, "n": 3})


@pytest.fixture
def path(scores, tmp_path):
    save_scores(scores, tmp_path / "s.parquet")
    return tmp_path / "s.parquet"


def flat(value):
    """Nested plain values, arrays as (dtype, bytes)."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.tobytes()
    if dataclasses.is_dataclass(value):
        return {f.name: flat(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {k: flat(v) for k, v in value.items()}
    return [flat(v) for v in value] if isinstance(value, list) else value


def test_round_trip_is_exact(scores, path):
    assert flat(load_scores(path)) == flat(scores)


def test_moments_of_other_answers_are_left_out(scores, path):
    row = scores["forget"]
    row.wrong[0][0] = answer(np.random.default_rng(2), 2)
    save_scores(scores, path)
    again = load_scores(path)["forget"].wrong[0][0]
    assert len(again.logprob_mean) == len(again.logprob_std) == 0
    assert flat(again.logprobs) == flat(row.wrong[0][0].logprobs)


def test_values_that_are_unknown_stay_unknown(path):
    assert load_scores(path)["forget"].values == ["1950", None, ""]


@pytest.mark.parametrize("size", [0, 3, 100, 2000])
def test_truncated_file_says_what_to_do(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UserError, match=r"s.parquet are missing or damaged .*Delete the record of the same name"):
        load_scores(path)


def test_absent_and_foreign_files_are_refused(tmp_path, path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pytest.raises(UserError, match="missing or damaged"):
        load_scores(tmp_path / "gone.parquet")
    for table in (pa.table({"a": [1]}), pa.table({"a": [1]}).replace_schema_metadata({"meta": "{}"})):
        pq.write_table(table, path)
        with pytest.raises(UserError, match="missing or damaged"):
            load_scores(path)


def test_changed_bytes_never_become_other_numbers(scores, path):
    content, whole = path.read_bytes(), flat(scores)
    rng, noticed = np.random.default_rng(1), 0
    for place in rng.choice(len(content), 150, replace=False):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            assert flat(load_scores(path)) == whole, f"byte {place} of {len(content)}"
        except UserError:
            noticed += 1
    assert noticed > 50
