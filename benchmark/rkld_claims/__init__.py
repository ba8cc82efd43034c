"""How the claims of the RKLD paper (arXiv 2406.01983) fare on a board: records, and the Parquet files beside them.

A difference is always "first minus second" of two rows that answered the same questions, with a 95 % interval from a
paired bootstrap: every row, and the retrained reference, is measured on the same drawn authors (``bootstrap.py``).
With fewer than five forget authors there are next to no distinct draws of authors: rows are drawn instead, which
takes answers about one author for independent and so understates the uncertainty; the page says where. Intervals are
widened to take in the difference itself, as the metrics' are, since resampled D leans upwards. Seeds of unlearning are
paired and averaged within each draw; the interval does not cover the spread between seeds. A metric of a run is not
drawn, and the comparison has no interval, where its Parquet file or its reference's is missing.

A comparison goes the paper's way if its interval lies wholly on that side of 0, against it if wholly on the other
side, and is undecided otherwise, or without an interval. Pairs of which a row is not "ok" are shown and marked, but
decide nothing. Verdicts, each on one split (f: on all):

- reproduced: every comparison that the claim rests on goes the paper's way;
- not reproduced: at least one goes against it;
- undecided: neither;
- not run: the rows that the claim is about are not there; the finding names them.

a  RKLD minus each baseline in log10 forget quality.
b  RKLD's utility minus 90 % of the fine-tuned model's, and RKLD minus each of the paper's baselines that keep 90 %
   (by their values) in log10 forget quality. RKLD's own variants, FKL and methods that the paper does not have are
   listed and decide nothing.
c  FKL minus RKLD: more forget probability and less log10 forget quality; against it if either goes the other way.
d  Two parts. RKLD at each alpha from 4 to 12 minus each baseline in log10 forget quality; and each alpha above 5
   minus each up to 5: against the paper only where one up to 5 beats all those above 5.
e  Each gradient ascent variant: RKLD's forget quality minus its own above 0, or its utility minus 90 % of the
   fine-tuned model's below 0, is the paper's way; both the other way round is against it.
f  RKLD minus each baseline in D, on every split that has both, two splits at least. D because p depends on n.
"""

from benchmark.rkld_claims.claims import examine
from benchmark.rkld_claims.comparisons import Finding
from benchmark.rkld_claims.report import write_claims

__all__ = ["Finding", "examine", "write_claims"]
