"""What all commands print to, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from benchmark.common.errors import UserError

out = Console(highlight=False, soft_wrap=True, markup=False)  # texts of others, in which a bracket is a bracket


@contextmanager
def user_errors() -> Iterator[None]:
    """What the user can mend is one message without a traceback; Ctrl-C says how to go on."""
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("\nstopped; what is finished is kept, and the same command continues", file=sys.stderr)
        raise SystemExit(130) from None
