"""Records and small boards for the tests of this folder."""

import math

from benchmark.leaderboard.build import build
from benchmark.records.record import Record, save_record

LN2 = math.log(2)
CONFIG = {"dtype": "float32", "training": {"lr": 5e-4, "epochs": 8, "batch_size": 16, "warmup_epochs": 1}}


def measured(value, low=None, high=None, n=40, interval="authors", version=1):
    extra = {} if low is None else {"interval": interval}
    undefined = {"no retrained reference": 1} if value is None else {}
    limits = {"low": low, "high": high, "extra": extra}
    return {"value": value, "n": n, "undefined": undefined, "version": version, **limits}


def make_record(method="npo", seed=0, split="forget10", *, day=1, dirty=False, quality=None, utility=None, **fields):
    """A record; its key says what it is. ``quality`` and ``utility`` are (value, low, high)."""
    numbers = {"forget_quality": quality, "model_utility": utility} | fields.pop("metrics", {})
    values = {
        "key": f"{method}-{split}-{seed}-{day}",
        "board": "quick",
        "status": "ok",
        "config": CONFIG,
    } | fields
    return Record(
        method=method,
        split=split,
        seed=seed,
        metrics={name: measured(*three) for name, three in numbers.items() if three is not None},
        dataset={"name": "fictitious", "identity": "c0"},
        provenance={
            "git": {"commit": "abc123", "dirty": dirty},
            "packages": {"torch": "2.13.0"},
            "hardware": {"processor": "some CPU", "cores": 2},
        },
        created=f"2026-01-{day:02d}T00:00:00+00:00",
        **values,
    )


def board_of(folder, *records, scores=None):
    for record in records:
        save_record(folder, record, (scores or {}).get(record.seed))
    return build(folder)


def three_rows(folder):
    return board_of(
        folder,
        make_record("finetuned", quality=(1.23e-8, 1e-12, 0.004), utility=(0.62, 0.58, 0.66)),
        make_record("grad_ascent", quality=(0.9, 0.5, 1.0), utility=(0.7, 0.6, 0.8), status="diverged", dirty=True),
        make_record(
            "npo+rt",
            quality=(0.534, 0.21, 0.84),
            utility=(0.5, 0.45, 0.55),
            metrics={"ks_statistic": (0.1, 0.05, 0.2)},
        ),
    )


def config(**training):
    return CONFIG | {"training": CONFIG["training"] | training}


def only(board):
    (row,) = board.rows
    return row
