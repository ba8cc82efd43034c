"""Whether the Hugging Face hub can be reached; where it cannot, nobody waits for it.

Its client tries every request five times more and waits 23 seconds between them, also where there is no network at all. Here it is
asked once, by its own client with its proxies; where no connection can be made, and a second later again none, the client is told
that it is offline: what it has cached is found, and all else is refused at once. A slow network only times out, and is left alone.
"""

from __future__ import annotations

import os
import sys
import time
from functools import cache

TIMEOUT = 3.0  # seconds
NO_CONNECTION = ("ConnectError", "ConnectionError")  # httpx's and requests' class; a timeout of either has another name
AGAIN_AFTER = 1.0  # seconds: names are sometimes not resolved at first
UNREACHABLE = "the hub cannot be reached from here, and its cache on this machine does not have it"


def without_network() -> bool:
    """Whether the hub's client is offline, by its own settings or because no connection can be made; asked once a process."""
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE and _unreachable(constants.ENDPOINT):
        constants.HF_HUB_OFFLINE = True
        os.environ["HF_HUB_OFFLINE"] = "1"  # of the processes that this one starts
        if (datasets := sys.modules.get("datasets")) is not None:  # it has a copy, made when it was imported
            datasets.config.HF_HUB_OFFLINE = True
    return bool(constants.HF_HUB_OFFLINE)


@cache
def _unreachable(endpoint: str) -> bool:
    if not no_connection(endpoint):
        return False
    time.sleep(AGAIN_AFTER)
    return no_connection(endpoint)


def no_connection(endpoint: str) -> bool:
    """Whether a request fails before a connection is made; an answer of any kind, or none in time, is no such failure."""
    from huggingface_hub.utils import get_session

    try:
        get_session().head(endpoint, timeout=TIMEOUT)
    except Exception as error:  # its client's library has changed between versions
        return refused(error)
    return False


def refused(error: BaseException) -> bool:
    """Whether an error says that no connection was made, not that it took too long."""
    names = [cls.__name__ for cls in type(error).__mro__]
    return any(name in NO_CONNECTION for name in names) and not any("Timeout" in name for name in names)
