"""All that a method's file imports: what a method is, its batch, and the terms that losses share.

A method's file needs no other module of the project, so that moves inside the benchmark touch no method.
"""

from benchmark.common.errors import UserError
from benchmark.config.recipe import LoRA
from benchmark.models.decoding import new_cache
from benchmark.models.forward import Tokens, answer_hidden, answer_logits, collate, projecting, token_logprobs, unwrap
from benchmark.models.tokenization import TokenizedExample
from methods.base.combined import Combined
from methods.base.fields import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, SHARE
from methods.base.method import NEEDS, Batch, Batches, Method, Models, Sampler
from methods.base.terms import (
    WithRetain,
    gradient_of,
    kl_divergence,
    kl_to_reference,
    moving_state,
    nll,
    place_in_answer,
    sequence_logprob,
    take_gradient,
)

__all__ = [
    "AT_LEAST_ONE",
    "Batch",
    "Batches",
    "Combined",
    "LoRA",
    "Method",
    "Models",
    "NEEDS",
    "NOT_NEGATIVE",
    "POSITIVE",
    "SHARE",
    "Sampler",
    "TokenizedExample",
    "Tokens",
    "UserError",
    "WithRetain",
    "answer_hidden",
    "answer_logits",
    "collate",
    "gradient_of",
    "kl_divergence",
    "kl_to_reference",
    "moving_state",
    "new_cache",
    "nll",
    "place_in_answer",
    "projecting",
    "sequence_logprob",
    "take_gradient",
    "token_logprobs",
    "unwrap",
]
