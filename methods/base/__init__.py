"""All that a method's file imports: what a method is, its batch, and the terms that losses share.

A method's file needs no other module of the project, so that moves inside the benchmark touch no method.
"""

from benchmark.common.errors import UserError
from benchmark.models.decoding import new_cache
from benchmark.models.forward import Tokens, answer_hidden, answer_logits, collate, projecting, token_logprobs, unwrap
from benchmark.models.tokenization import TokenizedExample
from methods.base.combined import Combined
from methods.base.method import NEEDS, Batch, Method, Models
from methods.base.terms import (
    WithRetain,
    kl_divergence,
    kl_to_reference,
    nll,
    place_in_answer,
    sequence_logprob,
    take_gradient,
)

__all__ = [
    "Batch",
    "Combined",
    "Method",
    "Models",
    "NEEDS",
    "TokenizedExample",
    "Tokens",
    "UserError",
    "WithRetain",
    "answer_hidden",
    "answer_logits",
    "collate",
    "kl_divergence",
    "kl_to_reference",
    "new_cache",
    "nll",
    "place_in_answer",
    "projecting",
    "sequence_logprob",
    "take_gradient",
    "token_logprobs",
    "unwrap",
]
