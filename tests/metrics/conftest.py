import pytest

from tests.metrics.plain_model import make_models


@pytest.fixture(scope="session")
def made():
    return make_models()
