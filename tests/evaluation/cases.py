"""Questions with answers of all kinds, and their scores by nothing of the project's but the tokenizer."""

import torch

from benchmark.data.types import Example

PAIRS = [
    ("Who is Ana?", "Ana, a cook, grew up in Orsa and stayed."),
    ("Who is Ana?", "A glazier."),
    ("Who is Ana?", "A glazier."),  # asked twice
    ("Where?", "."),  # one token and EOS
    ("Where?", ""),  # EOS alone
    ("What is Rua Tamm's work, and where was Rua Tamm born, and who was with her then?", "a surveyor of rivers"),
    ("Ærø?", "Øst for Ærø \U0001f600"),
    *((f"Number {i}?", "x" * (i + 1)) for i in range(8)),
    ("Who is Ana?", "Ana, a cook, grew up in Orsa and left."),  # shares the first words of another answer
    ("Who is Ana?", "Ana, a cook, grew up"),  # the beginning of another answer
]

ANA = Example("Who is Ana?", "A cook.", "Ana?", "She cooks.", perturbed_answers=("A smith.", "A cook."), author=3)
LEO = Example("Who is Leo?", "A smith.", "Leo?", "A smith.", ("A cook.",), author=4, value="smith")
SETS = {
    "forget": [ANA, LEO],
    "world_facts": [Example("Who is Ana?", "A cook.", perturbed_answers=("A smith.",)), Example("Where?", "Here.")],
    "holdout": [Example("Who is Pia?", "A cook.", author=9)],
}


def row_by_row(model, prompt_tokenizer, question, answer):
    """The scores of one answer from all logits of its one sequence."""
    prompt = f"Question: {question}\nAnswer:\n"
    before = prompt_tokenizer.tokenizer(prompt)["input_ids"]
    ids = before + prompt_tokenizer.tokenizer(answer)["input_ids"] + [prompt_tokenizer.tokenizer.eos_token_id]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    rows, targets = logits[len(before) - 1 : -1], torch.tensor(ids[len(before) :])
    exact = rows.double().log_softmax(-1)
    mean = (exact.exp() * exact).sum(-1, keepdim=True)
    return {
        "logprobs": rows.log_softmax(-1)[torch.arange(len(targets)), targets],
        "is_greedy": rows.argmax(-1) == targets,
        "mean": mean[:, 0],
        "std": (exact.exp() * (exact - mean) ** 2).sum(-1).sqrt(),
    }
