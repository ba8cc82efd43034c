import base64
import hashlib
import json

import pytest

from benchmark.page.secure import json_block, policy
from tests.page.made_pages import HANDLER, SCRIPT


def test_data_cannot_end_their_element_and_read_back_the_same():
    value = {SCRIPT: [HANDLER, "\u2028\u2029 & é", 1.5, None, True]}
    text = json_block(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_a_number_that_json_has_not_is_refused():
    with pytest.raises(ValueError):
        json_block([float("nan")])


def test_the_policy_names_script_and_style_by_their_hashes():
    digest = base64.b64encode(hashlib.sha256(b"let a;").digest()).decode()
    parts = dict(part.split(" ", 1) for part in policy("let a;", "p {}").split("; "))
    assert parts["script-src"] == f"'sha256-{digest}'"
    assert parts["default-src"] == parts["connect-src"] == "'none'" and "unsafe" not in policy("let a;", "p {}")
    assert "script-src 'none'" in policy("", "p {}")
