"""Scoring and every metric against a plain computation: one row at a time, no batch, no cache, full logits."""

import math
import zlib
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import metrics
from benchmark.config.schema import TinyLlama
from benchmark.data import fictitious
from benchmark.data.types import Example
from benchmark.evaluation import evaluate as scoring
from benchmark.models.tiny import build, train_tokenizer
from benchmark.models.tokenization import PromptTokenizer

TEMPLATE = "Question: {question}\nAnswer:\n"
NEW_TOKENS = 12
STEPS = 80
SIZES = TinyLlama(layers=2, hidden=64, heads=4, key_value_heads=2, mlp=128, vocabulary=400)


@dataclass(frozen=True)
class Plain:
    """One answer, computed alone; all in float64 from the model's float32 logits."""

    logp: np.ndarray  # [L] of the gold tokens, EOS last
    is_greedy: np.ndarray  # [L]
    mean: np.ndarray  # [L]
    std: np.ndarray  # [L]

    @property
    def nll(self) -> float:
        return -float(np.mean(self.logp))


@pytest.fixture(scope="module")
def made():
    """A tiny Llama of random weights, a few steps of training in, and another."""
    dataset = fictitious.load(authors=10, holdout=1)
    sets = {name: rows[:5] for name, rows in dataset.evaluation("forget10").items()}
    tokenizer = train_tokenizer(dataset, SIZES.vocabulary)
    prompt_tokenizer = PromptTokenizer(tokenizer, TEMPLATE)
    models = [build(SIZES.model_copy(update={"seed": s}), len(tokenizer), tokenizer.eos_token_id) for s in (0, 1)]
    known = [row for name in ("retain", "real_authors", "world_facts") for row in sets[name]]
    # A part of each side for both, so that no membership attack is perfect.
    fit(models[0], tokenizer, [*known, *sets["forget"][:3], *sets["holdout"][:2]])
    fit(models[1], tokenizer, [*known, *sets["forget"][4:], *sets["holdout"][1:3]])
    return models, tokenizer, prompt_tokenizer, sets


def fit(model, tokenizer, rows):
    """So that some tokens are is_greedy and some answers partly right: next-token training, all positions."""
    texts = [text_ids(tokenizer, row.question, row.answer)[0] for row in rows]
    width = max(map(len, texts))
    ids = torch.tensor([t + [0] * (width - len(t)) for t in texts])
    labels = torch.tensor([t + [-100] * (width - len(t)) for t in texts])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(STEPS):
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def text_ids(tokenizer, question, answer):
    """Ids of prompt, answer and one EOS, and where the answer begins: the prompt ends in a newline, a token border."""
    prompt = TEMPLATE.replace("{question}", question)
    ids = tokenizer(prompt + answer)["input_ids"]
    start = len(tokenizer(prompt)["input_ids"])
    assert ids[:start] == tokenizer(prompt)["input_ids"]
    return [*ids, tokenizer.eos_token_id], start


@torch.no_grad()
def plain(model, tokenizer, question, answer) -> Plain:
    ids, start = text_ids(tokenizer, question, answer)
    logits = model(input_ids=torch.tensor([ids])).logits[0].double()  # [T, V]
    logp, is_greedy, mean, std = [], [], [], []
    for position in range(start, len(ids)):
        z = logits[position - 1]
        log_softmax = z - torch.log(torch.exp(z - z.max()).sum()) - z.max()
        p = torch.exp(log_softmax)
        mu = float((p * log_softmax).sum())
        logp.append(float(log_softmax[ids[position]]))
        is_greedy.append(int(z.argmax()) == ids[position])
        mean.append(mu)
        std.append(math.sqrt(float((p * log_softmax**2).sum()) - mu**2))
    return Plain(*map(np.array, (logp, is_greedy, mean, std)))


@torch.no_grad()
def greedy(model, tokenizer, question) -> str:
    ids = tokenizer(TEMPLATE.replace("{question}", question))["input_ids"]
    out = []
    for _ in range(NEW_TOKENS):
        token = int(model(input_ids=torch.tensor([ids + out])).logits[0, -1].argmax())
        if token == tokenizer.eos_token_id:
            break
        out.append(token)
    return tokenizer.decode(out).strip()


@pytest.fixture(scope="module")
def both(made):
    """Per model: our scores, and the same by the plain way: set -> [(row, gold, paraphrase, wrong, generated)]."""
    models, tokenizer, prompt_tokenizer, sets = made
    out = []
    for model in models:
        scored = scoring.score_model(model, prompt_tokenizer, sets, max_new_tokens=NEW_TOKENS)
        by_hand = {}
        for name, rows in sets.items():
            by_hand[name] = [
                (
                    row,
                    plain(model, tokenizer, row.question, row.answer),
                    row.paraphrased_answer and plain(model, tokenizer, row.question, row.paraphrased_answer),
                    [plain(model, tokenizer, row.question, w) for w in row.perturbed_answers],
                    greedy(model, tokenizer, row.question) if name != "holdout" else "",
                )
                for row in rows
            ]
        out.append((scored, by_hand))
    return out


def test_what_metrics_read(both):
    is_greedy = []
    for scored, by_hand in both:
        for name, rows in by_hand.items():
            part = scored[name]
            assert part.generated == [row[4] for row in rows]
            for i, (row, gold, paraphrase, wrong, _) in enumerate(rows):
                assert (part.gold[i], part.values[i]) == (row.answer, row.value)
                pairs = [(part.answers[i], gold), *zip(part.wrong[i], wrong, strict=True)]
                pairs += [(part.paraphrases[i], paraphrase)] if paraphrase else []
                for ours, theirs in pairs:
                    assert ours.is_greedy.tolist() == theirs.is_greedy.tolist()
                    is_gold = theirs is gold  # only its moments are read by anything, so only they are taken
                    assert is_gold or len(ours.logprob_mean) == len(ours.logprob_std) == 0
                    for field, other in (
                        ("logprobs", "logp"),
                        *([("logprob_mean", "mean"), ("logprob_std", "std")] if is_gold else []),
                    ):
                        assert getattr(ours, field) == pytest.approx(getattr(theirs, other), rel=1e-5, abs=2e-6)
                    assert ours.nll == pytest.approx(theirs.nll, rel=1e-5, abs=1e-6)
                    is_greedy += ours.is_greedy.tolist()
    assert 0.05 < np.mean(is_greedy) < 0.95  # or the comparison of is_greedy says little
    assert len({text for _, by_hand in both for rows in by_hand.values() for *_, text in rows}) > 15


# The metrics once more, written out. ``rows`` are the plain rows of a set; ``r`` one of them.


def p(x):
    return math.exp(-x.nll)


def ratio(name, r):
    right = r[2] if name in ("forget", "retain") else r[1]
    return math.exp(right.nll - np.mean([w.nll for w in r[3]]))


def expected_set_metrics(name, rows) -> dict[str, float]:
    from rouge_score.rouge_scorer import RougeScorer

    recall = RougeScorer(["rougeL"], use_stemmer=True)
    if name in ("forget", "retain"):
        probability = [p(r[1]) for r in rows]
    else:
        probability = [p(r[1]) / (p(r[1]) + sum(p(w) for w in r[3])) for r in rows]
    ratios = np.array([ratio(name, r) for r in rows])
    truth = np.minimum(ratios, 1 / ratios) if name == "forget" else np.maximum(0, 1 - ratios)
    found = {
        "probability": np.mean(probability),
        "rouge": np.mean([recall.score(r[0].answer, r[4])["rougeL"].recall for r in rows]),
        "truth_ratio": np.mean(truth),
    }
    return {f"{name}_{metric}": float(value) for metric, value in found.items()}


def strength(is_greedy):
    for k in range(len(is_greedy)):
        if all(is_greedy[k:]):
            return 1 - k / len(is_greedy)
    return 0.0


def lowest(values):
    return np.mean(sorted(values)[: max(1, int(0.4 * len(values) + 1e-9))])


ATTACKS = {
    "mia_loss": lambda r: r[1].nll,
    "mia_zlib": lambda r: r[1].nll / len(zlib.compress(r[0].answer.encode("utf-8"))),
    "mia_min_k": lambda r: -lowest(r[1].logp),
    "mia_min_k_plus_plus": lambda r: -lowest((r[1].logp - r[1].mean) / r[1].std),
}


def auc(forget, holdout):
    from scipy.stats import rankdata

    ranks = rankdata([*holdout, *forget])[: len(holdout)]
    return float((ranks.sum() - len(holdout) * (len(holdout) + 1) / 2) / (len(forget) * len(holdout)))


def expected(by_hand, retrained) -> dict[str, float]:
    from scipy.stats import hmean, ks_2samp

    forget, holdout = by_hand["forget"], by_hand["holdout"]
    out = {}
    for name in metrics.SETS:
        out |= expected_set_metrics(name, by_hand[name])
    test = ks_2samp([ratio("forget", r) for r in forget], [ratio("forget", r) for r in retrained["forget"]])
    out |= {"forget_quality": test.pvalue, "ks_statistic": test.statistic}
    nine = [out[f"{s}_{m}"] for s in metrics.SETS[1:] for m in ("probability", "rouge", "truth_ratio")]
    out["model_utility"] = out["utility"] = float(hmean(nine))
    out["forget_paraphrase_probability"] = float(np.mean([p(r[2]) for r in forget]))
    wrong = [math.exp(-np.mean([w.nll for w in r[3]])) for r in forget]
    out["forget_truth_probability"] = float(
        np.mean([p(r[2]) / (p(r[2]) + w) for r, w in zip(forget, wrong, strict=True)])
    )
    out["forget_exact_memorization"] = float(np.mean([r[1].is_greedy[:-1].mean() for r in forget]))
    out["forget_extraction_strength"] = float(np.mean([strength(r[1].is_greedy[:-1]) for r in forget]))
    leaks = [[1 - (1 - math.exp(r[1].logp.sum())) ** 100 for r in side] for side in (forget, retrained["forget"])]
    out["forget_leak_at_k"] = float(np.mean(leaks[0]))
    out["forget_excess_leak_at_k"] = float(np.mean(leaks[0]) - np.mean(leaks[1]))
    s = []
    for name, loss in ATTACKS.items():
        out[name] = auc([loss(r) for r in forget], [loss(r) for r in holdout])
        other = auc([loss(r) for r in retrained["forget"]], [loss(r) for r in retrained["holdout"]])
        s.append(1 - abs(out[name] - other) / max(other, 1 - other))
        if name == "mia_min_k":
            out["privleak"] = 100 * ((1 - out[name]) - (1 - other)) / (1 - other)
    difference = [
        [a[1].nll - b[1].nll for a, b in zip(by_hand[n], retrained[n], strict=True)] for n in ("forget", "holdout")
    ]
    out["mia_reference"] = auc(*difference)
    four = ("extraction_strength", "exact_memorization", "paraphrase_probability", "truth_probability")
    out["memorization"] = float(hmean([1 - out[f"forget_{m}"] for m in four]))
    out["privacy"] = float(hmean(s))
    out["overall"] = float(hmean([out["memorization"], out["privacy"], out["utility"]]))
    for name in ("forget", "retain"):
        said = [" ".join(r[4].lower().replace(",", " ").split()) for r in by_hand[name]]
        facts = [r[0].value.lower().replace(",", " ") for r in by_hand[name]]
        asked = [f in r[0].question.lower() for f, r in zip(facts, by_hand[name], strict=True)]
        assert not any(asked)
        out[f"{name}_fact_recall"] = float(
            np.mean([" ".join(f.split()) in s for f, s in zip(facts, said, strict=True)])
        )
    return out


def test_every_metric(both):
    (ours, plain_ours), (theirs, plain_theirs) = both
    found = metrics.measure_all(ours, theirs, seed=0)
    wanted = expected(plain_ours, plain_theirs)
    assert {c for c, m in found.items() if m.value is not None} == wanted.keys()
    undefined = {"mia_gradnorm", "real_authors_fact_recall", "world_facts_fact_recall"}
    assert set(found) - wanted.keys() == undefined | {"forget_quality_test_authors"}  # there is one forget author only
    for column, value in wanted.items():
        assert found[column].value == pytest.approx(value, rel=1e-5), column
    zero = {column for column, value in wanted.items() if value in (0, 1)}  # these compare little
    assert len(zero) <= 4, zero


def test_one_teacher_forced_pass_and_one_generation_pass(made, monkeypatch):
    """Every (question, answer) pair goes through the model once, a question at most once more, and metrics add none."""
    (model, _), _, prompt_tokenizer, sets = made
    seen = []
    monkeypatch.setattr(scoring, "PAYS_BELOW", 0.0)  # the plain way, in which an answer is a row

    def note(module, args, kwargs):
        if "attention_mask" in kwargs:  # not the few tokens that show what the head does
            seen.append((bool(kwargs["use_cache"]), *kwargs["input_ids"].shape))

    monkeypatch.setattr(scoring, "MAX_TOKENS", {"cpu": 1024})  # several batches, as on a real dataset
    hook = model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        scored = scoring.score_model(model, prompt_tokenizer, sets, max_new_tokens=NEW_TOKENS)
        forwards = len(seen)
        metrics.measure_all(scored, scored, seed=0)
        metrics.measure_all(scored, scored, seed=0, names=metrics.metric_names())
    finally:
        hook.remove()
    assert len(seen) == forwards

    def answers(row: Example):
        return [a for a in (row.answer, row.paraphrased_answer, *row.perturbed_answers) if a is not None]

    pairs = {(row.question, a) for rows in sets.values() for row in rows for a in answers(row)}
    scored_rows = [rows for cached, rows, _ in seen if not cached]
    assert sum(scored_rows) == len(pairs) and len(scored_rows) > 1
    asked = {row.question for name, rows in sets.items() if name != "holdout" for row in rows}
    read = {  # their greedy answer is one that was scored
        question
        for part in scored.sets.values()
        for question, *answers in zip(
            part.questions, part.answers, part.paraphrases, *zip(*part.wrong, strict=True), strict=True
        )
        if any(answer is not None and answer.is_greedy.all() for answer in answers)
    }
    prompts = [rows for cached, rows, width in seen if cached and width > 1]
    assert sum(prompts) == len(asked - read) < len(asked)
    steps = [width for cached, _, width in seen if cached]
    assert len(steps) <= NEW_TOKENS * len(prompts)  # a token a forward, and the prompt is read once
