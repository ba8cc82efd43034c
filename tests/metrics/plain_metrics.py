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


def recall(gold, generated):
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True).score(gold, generated)["rougeL"].recall


def row_values(name, rows) -> dict[str, list[float]]:
    """Metric -> a number a row, whose mean is the aggregate."""
    if name in ("forget", "retain"):
        probability = [p(r[1]) for r in rows]
    else:
        probability = [p(r[1]) / (p(r[1]) + sum(p(w) for w in r[3])) for r in rows]
    ratios = np.array([ratio(name, r) for r in rows])
    truth = np.minimum(ratios, 1 / ratios) if name == "forget" else np.maximum(0, 1 - ratios)
    return {
        "probability": probability,
        "rouge": [recall(r[0].answer, r[4]) for r in rows],
        "truth_ratio": truth.tolist(),
    }


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


def random_part(metric, name, rows, i):
    """What row i would have with a random answer in place of the right one."""
    _, gold, paraphrase, wrong, _ = rows[i]
    if metric == "rouge":
        n = len(rows)
        others = [rows[(i + step) % n][4] for step in {max(1, n * k // 5) for k in (1, 2, 3, 4)}]
        return np.mean([recall(rows[i][0].answer, text) for text in others])
    if metric == "probability":
        return np.mean([p(w) for w in wrong]) if name in ("forget", "retain") else 1 / (1 + len(wrong))
    right = paraphrase if name in ("forget", "retain") else gold
    values = []
    for k, w in enumerate(wrong):
        rest = [right.nll, *(x.nll for j, x in enumerate(wrong) if j != k)]
        values.append(max(0.0, 1 - math.exp(w.nll - np.mean(rest))))
    return np.mean(values)


def kept(by_hand, finetuned, carry) -> dict[str, float]:
    """The share that is left of each part in which the fine-tuned model beats random answers, of facts by so many; a row a unit."""
    from scipy.stats import t

    shares = {}
    for name in metrics.SETS[1:]:
        assert len({r[0].author for r in finetuned[name]}) in (1, 5)  # else authors' means would be tested
        ours, before = row_values(name, by_hand[name]), row_values(name, finetuned[name])
        for metric, values in before.items():
            excess = [v - random_part(metric, name, finetuned[name], i) for i, v in enumerate(values)]
            with np.errstate(divide="ignore"):  # all rows alike: infinitely sure
                sure = t.sf(np.mean(excess) / (np.std(excess, ddof=1) / math.sqrt(len(excess))), len(excess) - 1) < 0.05
            carried = sum(values) ** 2 / sum(v**2 for v in values) if any(values) else 0
            if sure and (name == "retain" or carried >= carry):
                shares[f"{name}_{metric}"] = np.mean(ours[metric]) / np.mean(values)
    return shares


def expected(by_hand, retrained, finetuned, carry) -> dict[str, float]:
    from scipy.stats import hmean, ks_2samp

    forget, holdout = by_hand["forget"], by_hand["holdout"]
    out = {}
    for name in metrics.SETS:
        out |= {f"{name}_{metric}": float(np.mean(x)) for metric, x in row_values(name, by_hand[name]).items()}
    test = ks_2samp([ratio("forget", r) for r in forget], [ratio("forget", r) for r in retrained["forget"]])
    out |= {"forget_quality": test.pvalue, "ks_statistic": test.statistic}
    nine = [out[f"{s}_{m}"] for s in metrics.SETS[1:] for m in ("probability", "rouge", "truth_ratio")]
    out["model_utility"] = out["utility"] = float(hmean(nine))
    out["utility_kept"] = float(min(kept(by_hand, finetuned, carry).values()))
    out["forget_paraphrase_probability"] = float(np.mean([p(r[2]) for r in forget]))
    wrong = [math.exp(-np.mean([w.nll for w in r[3]])) for r in forget]
    out["forget_truth_probability"] = float(
        np.mean([p(r[2]) / (p(r[2]) + w) for r, w in zip(forget, wrong, strict=True)])
    )
    out["forget_exact_memorization"] = float(np.mean([r[1].is_greedy[:-1].mean() for r in forget]))
    out["forget_extraction_strength"] = float(np.mean([strength(r[1].is_greedy[:-1]) for r in forget]))
    leaks = [[1 - (1 - math.exp(r[1].logp.sum())) ** 100 for r in side] for side in (forget, retrained["forget"])]
    out["forget_verbatim_leak_at_k"] = float(np.mean(leaks[0]))
    out["forget_excess_verbatim_leak_at_k"] = float(np.mean(leaks[0]) - np.mean(leaks[1]))
    s = []
    for name, loss in ATTACKS.items():
        out[name] = auc([loss(r) for r in forget], [loss(r) for r in holdout])
        other, before = (auc(*([loss(r) for r in m[n]] for n in ("forget", "holdout"))) for m in (retrained, finetuned))
        s.append(max(0.0, 1 - abs(out[name] - other) / abs(before - other)))
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
