"""Records and small boards for the tests of this folder."""

from benchmark.leaderboard.build import build
from benchmark.records.record import REFERENCE_ROWS, Record, save_record

CONFIG = {"dtype": "float32", "training": {"lr": 5e-4, "epochs": 8, "batch_size": 16, "warmup_epochs": 1}}


AUTHORS = 20  # of the forget rows of ``rows_at``


def measured(value, low=None, high=None, n=40, interval="authors", version=1, **more):
    """A measurement as a record holds it; ``more`` is for its extra: scale, standard_error, degrees, log10_p."""
    extra = ({} if low is None else {"interval": interval}) | more
    undefined = {"no retrained reference": 1} if value is None else {}
    limits = {"low": low, "high": high, "extra": extra}
    return {"value": value, "n": n, "undefined": undefined, "version": version, **limits}


def make_record(method="npo", seed=0, split="forget10", *, day=1, dirty=False, quality=None, utility=None, **fields):
    """A record; its key says what it is. ``quality``, ``utility`` and ``metrics`` are (value, low, high) or measurements."""
    numbers = {"forget_quality": quality, "model_utility": utility} | fields.pop("metrics", {})
    values = {
        "key": f"{method}-{split}-{seed}-{day}",
        "board": "quick",
        "status": "ok",
        "role": "model" if method in REFERENCE_ROWS else "method",
        "config": CONFIG,
    } | fields
    return Record(
        method=method,
        split=split,
        seed=seed,
        metrics={name: m if isinstance(m, dict) else measured(*m) for name, m in numbers.items() if m is not None},
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


def rows_at(error, authors=AUTHORS, sway=0.1):
    """Two forget rows an author, whose statistics are ``error`` away from the mean of ``yardstick``, more or less by author."""
    signs = [1 if author % 2 else -1 for author in range(authors) for _ in range(2)]
    values = [error + sway * sign for sign in signs]
    own = {"author": [author for author in range(authors) for _ in range(2)]}
    return own | dict.fromkeys(("truth_ratio", "gold", "paraphrase"), values)


def yardstick(split="forget10", models=3, **fields):
    """The records of retrained models that ``compared`` ones are compared with.

    Their mean is 0 in every row. Of three, 1 further from it is an error of 1.
    """
    apart = [0.5**0.5 * (seed - (models - 1) / 2) for seed in range(models)]
    return [
        make_record(
            "retrained",
            seed,
            split,
            forget_rows=rows_at(apart[seed], sway=0.0),
            metrics={"distance_largest": (0.9 + 0.1 * seed, None, None)},
            **fields,
        )
        for seed in range(models)
    ]


def compared(method, error, seed=0, split="forget10", models=3, authors=AUTHORS, **fields):
    """A method's record with forget rows ``error`` away from those of ``yardstick``, and its keys."""
    keys = [f"retrained-{split}-{number}-1" for number in range(models)]
    return make_record(
        method, seed, split, forget_rows=rows_at(error, authors), compared_with={"retrained": keys}, **fields
    )


def attacked(method, parts, seed=0, **fields):
    """A method's record as of ``compared``, with these parts by author of its residual under the worst attack."""
    worst = measured(sum(parts) / len(parts), **{f"author_{number}": part for number, part in enumerate(parts)})
    return compared(method, 1.0, seed, metrics={"distance_largest": (3.0, 2.0, 4.0), "residual_worst": worst}, **fields)


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


def whole_board(folder):
    """A board with everything that the main table has a column for."""
    numbers = {"residual": (-0.2, -0.5, 0.1), "p_retrained_all": (0.004,), "utility_kept": (0.95, 0.92, 0.99)}
    runs = [
        compared(name, error, metrics=numbers | {"distance_largest": (far, far / 2, 2 * far)}, seconds={"total": 90.0})
        for name, error, far in (("npo", 1.0, 1.25), ("rkld", 1.0, 1.5), ("idk", 5.0, 12.0))
    ]
    control = make_record("refuse_all", role="control", metrics={"distance_largest": (9.0,), "utility_kept": (0.0,)})
    return board_of(folder, *yardstick(), *runs, control)
