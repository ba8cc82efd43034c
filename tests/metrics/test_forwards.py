"""How often a model is read for all that the metrics need."""

import metrics
from benchmark.data.types import Example
from benchmark.evaluation import evaluate as scoring
from benchmark.evaluation import teacher_forcing
from tests.metrics.plain_model import NEW_TOKENS


def test_one_teacher_forced_pass_and_one_generation_pass(made, monkeypatch):
    """Every (question, answer) pair goes through the model once, a question at most once more, and metrics add none."""
    (model, *_), _, prompt_tokenizer, sets = made
    seen = []
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 0.0)  # the plain way, in which an answer is a row

    def note(module, args, kwargs):
        if "attention_mask" in kwargs:  # not the few tokens that show what the head does
            seen.append((bool(kwargs["use_cache"]), *kwargs["input_ids"].shape))

    monkeypatch.setattr(teacher_forcing, "MAX_TOKENS", {"cpu": 1024})  # several batches, as on a real dataset
    hook = model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        scored = scoring.score_model(model, prompt_tokenizer, sets, max_new_tokens=NEW_TOKENS)
        forwards = len(seen)
        references = metrics.References((scored,), scored)
        metrics.measure_all(scored, references)
        metrics.measure_all(scored, references, names=metrics.metric_names())
    finally:
        hook.remove()
    assert len(seen) == forwards

    def answers(row: Example):
        return [a for a in (row.answer, row.paraphrased_answer, *row.perturbed_answers) if a is not None]

    pairs = {(row.question, a) for rows in sets.values() for row in rows for a in answers(row)}
    scored_rows = [rows for cached, rows, _ in seen if not cached]
    assert sum(scored_rows) == len(pairs) and len(scored_rows) > 1
    asked = {row.question for name, rows in sets.items() if name != "holdout" for row in rows}
    read = {  # their greedy answer is one that was scored, as far as it is asked for
        question
        for part in scored.sets.values()
        for question, *answers in zip(
            part.questions, part.answers, part.paraphrases, *zip(*part.wrong, strict=True), strict=True
        )
        if any(answer is not None and answer.is_greedy[:NEW_TOKENS].all() for answer in answers)
    }
    prompts = [rows for cached, rows, width in seen if cached and width > 1]
    assert sum(prompts) == len(asked - read) < len(asked)
    steps = [width for cached, _, width in seen if cached]
    assert len(steps) <= NEW_TOKENS * len(prompts)  # a token a forward, and the prompt is read once
