"""What all commands print to, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from benchmark.common.errors import UserError, system_error

out = Console(highlight=False, soft_wrap=True, markup=False)  # texts of others, in which a bracket is a bracket


@contextmanager
def user_errors() -> Iterator[None]:
    """What the user can mend is one message without a traceback; Ctrl-C says how to go on."""
    try:
        yield
    except UserError as error:
        _end(f"error: {error}", 2)
    except OSError as error:
        if (message := system_error(error)) is None:
            raise
        _end(f"error: {message}", 2)
    except KeyboardInterrupt:
        _end("\nstopped; what is finished is kept, and the same command continues", 130)


def _end(message: str, code: int) -> None:
    print(message.encode(errors="backslashreplace").decode(), file=sys.stderr)
    raise SystemExit(code) from None
