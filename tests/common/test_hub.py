"""The hub without a network: no connection is told from a slow one, and then nobody waits."""

import socket
import sys
import time

import pytest
from huggingface_hub import constants

from benchmark.common import hub
from benchmark.common.errors import UserError
from benchmark.data.tofu import HubReader
from benchmark.models.loading import identify, load_model


@pytest.fixture
def online(monkeypatch):
    """The hub's client with its usual settings, and waits that are noted instead of waited for."""
    waits = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    if "datasets" in sys.modules:
        monkeypatch.setattr(sys.modules["datasets"].config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(time, "sleep", waits.append)
    hub._unreachable.cache_clear()
    yield waits
    hub._unreachable.cache_clear()


@pytest.fixture
def closed_port(monkeypatch):
    """An endpoint that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return endpoint


def test_without_a_network_a_hub_id_is_refused_after_a_second_and_one_line(online, closed_port):
    for wrong in (lambda: identify("nobody/nothing"), lambda: load_model("nobody/nothing")):
        with pytest.raises(UserError, match="the hub cannot be reached from here") as refused:
            wrong()
        assert "\n" not in str(refused.value)
    with pytest.raises(UserError, match="the hub cannot be reached from here"):
        HubReader("nobody/nothing").rows("full")
    assert online == [hub.AGAIN_AFTER]  # the second try; the client's own retries would be five more waits


def test_a_network_that_comes_at_the_second_try_is_a_network(online, monkeypatch):
    answers = iter([True, False])
    monkeypatch.setattr(hub, "no_connection", lambda endpoint: next(answers))
    assert not hub.without_network() and not constants.HF_HUB_OFFLINE
    assert not hub.without_network() and online == [hub.AGAIN_AFTER]  # asked once a process


def test_a_slow_network_is_left_alone(online, monkeypatch):
    class ConnectError(Exception): ...

    class ConnectTimeout(ConnectError): ...

    def slow(*_, **__):
        raise ConnectTimeout("it took too long")

    monkeypatch.setattr("huggingface_hub.utils.get_session", lambda: type("Client", (), {"head": staticmethod(slow)}))
    assert not hub.no_connection("https://hub.example")
    assert hub.refused(ConnectError()) and hub.refused(ConnectionError()) and not hub.refused(TimeoutError())
    assert not hub.refused(ValueError("an answer that was not understood"))


def test_who_is_offline_by_choice_is_not_asked(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "no_connection", lambda endpoint: pytest.fail("the hub was asked"))
    assert hub.without_network()
