"""A tiny Llama whose forwards are recorded."""

import pytest

from tests.model_fixtures import tiny_model


class Forwards:
    """What a model is given: the shape and the rows' lengths of each plain batch, and the shape of each batch of trees."""

    def __init__(self, model):
        self.batches, self.lengths, self.trees = [], [], []
        self.hook = model.register_forward_pre_hook(self.see, with_kwargs=True)

    def see(self, model, args, given):
        mask = given.get("attention_mask")
        if given.get("use_cache") or mask is None:  # generation, or the one token that shows what the head does
            return
        shape = tuple(given["input_ids"].shape)
        if mask.ndim == 4:
            self.trees.append(shape)
        else:
            self.batches.append(shape)
            self.lengths.append(mask.sum(1).tolist())


@pytest.fixture
def forwards():
    watched = Forwards(tiny_model("llama")[0])
    yield watched
    watched.hook.remove()
