"""The files that claims are written to."""

import csv

from benchmark.rkld_claims import examine, write_claims
from benchmark.rkld_claims.author_values import DISTANCE
from benchmark.rkld_claims.report import csv_text
from benchmark.rkld_claims.samples import LOG_QUALITY
from tests.rkld_claims.claims_fixtures import references, save


def test_files_hold_every_number_and_are_the_same_again(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", shift=3)
    findings = examine(tmp_path)
    page, table = write_claims(tmp_path / "out", findings)
    assert (page.name, table.name) == ("claims.md", "claims.csv")
    rows = list(csv.DictReader(table.open()))
    pair = findings[0].comparisons[0]
    line = next(r for r in rows if (r["claim"], r["other"], r["quantity"]) == ("a", "npo", DISTANCE))
    number = pair.numbers[DISTANCE]
    assert [float(line[k]) for k in ("difference", "low", "high")] == [number.difference, number.low, number.high]
    assert [float(line[k]) for k in ("p", "p_comparison", "p_holm")] == [pair.outcome.p] * 2 + [pair.adjusted]
    assert [line[k] for k in ("authors", "below", "rows", "seeds", "test")] == ["8", "8", "16", "0 1", "sign flips"]
    assert [r["verdict"] for r in rows if r["claim"] == "c"] == ["not run"]
    text = page.read_text()
    for claim in "abcdef":
        assert f"\n## {claim}. " in text
    ours, theirs = (10 ** getattr(pair.numbers[LOG_QUALITY], k) for k in ("value", "other"))
    assert f"| rkld − npo | {ours:.2f}, {theirs:.1e}".replace("e-0", "e-") in text
    assert f"{number.difference:.3f} [{number.low:.3f}, {number.high:.3f}]".replace("-", "−") in text
    assert "| 8 of 8 | 7.8e-3 | 7.8e-3 | as in the paper |" in text
    assert csv_text(examine(tmp_path)) == table.read_text()


def test_where_other_measures_make_the_other_row_the_closer_one(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", far=5.0)
    save(tmp_path, "npo", shift=3, far=4.0)
    save(tmp_path, "dpo", shift=3, far=9.0)
    text = write_claims(tmp_path / "out", examine(tmp_path))[0].read_text()
    section = text[text.index("## a. ") : text.index("## b. ")]
    assert "- by forget quality the other row is the closer one in 0 of 2 pairs\n" in section
    assert "- by largest distance the other row is the closer one in 1 of 2 pairs: rkld − npo\n" in section
