"""The metrics once more, written out. ``rows`` are the plain rows of a set (test_independent.py); ``r`` is one of them."""

import math
import zlib

import numpy as np

import metrics


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
    means = {
        "probability": np.mean(probability),
        "rouge": np.mean([recall.score(r[0].answer, r[4])["rougeL"].recall for r in rows]),
        "truth_ratio": np.mean(truth),
    }
    return {f"{name}_{metric}": float(value) for metric, value in means.items()}


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
        generated = [" ".join(r[4].lower().replace(",", " ").split()) for r in by_hand[name]]
        facts = [r[0].value.lower().replace(",", " ") for r in by_hand[name]]
        asked = [f in r[0].question.lower() for f, r in zip(facts, by_hand[name], strict=True)]
        assert not any(asked)
        out[f"{name}_fact_recall"] = float(
            np.mean([" ".join(f.split()) in s for f, s in zip(facts, generated, strict=True)])
        )
    return out
