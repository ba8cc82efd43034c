"""Settings of the conformance tests."""

import gc

import pytest
import torch

from benchmark.conformance.run import run_checks


@pytest.fixture(scope="session", autouse=True)
def quick_collections():
    """Training ends with a garbage collection; without the imported libraries in it, it takes no time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run_checks("npo+rt", "llama")  # imports what training imports late
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    torch.set_num_threads(threads)
