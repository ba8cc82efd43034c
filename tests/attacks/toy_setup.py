"""A small generated dataset and an untrained model to attack."""

from benchmark.attacks.base import AttackSetup
from benchmark.config.recipe import Recipe
from benchmark.config.schema import TinyLlama
from benchmark.data import fictitious
from benchmark.models import tiny
from benchmark.models.tokenization import PromptTokenizer


def toy_setup(authors: int, rows: int | None = None, batch_size: int = 4) -> AttackSetup:
    """The setup of forget10 of so many authors; ``rows`` of each evaluation set, by default all."""
    dataset = fictitious.load(authors=authors, holdout=1)
    tokenizer = tiny.train_tokenizer(dataset, 400)
    sizes = TinyLlama(layers=1, hidden=32, heads=2, key_value_heads=1, mlp=64)
    model = tiny.build(sizes, len(tokenizer), tokenizer.eos_token_id)
    sets = {name: part[:rows] for name, part in dataset.evaluation("forget10").items()}
    prompts, recipe = PromptTokenizer(tokenizer, "{question}\n"), Recipe(lr=1e-2, batch_size=batch_size)
    return AttackSetup(model, prompts, dataset, "forget10", sets, recipe, max_new_tokens=4)
