"""How the claims of the RKLD paper (arXiv 2406.01983) fare on a board: records, and the Parquet files beside them.

A difference is always "first minus second" of two rows that answered the same questions. It is tested over authors, since
rows of one author are not independent: seeds of unlearning are paired and averaged row by row, and each author gives one
mean difference. Sign flips give p, or a t test where the signs of so few authors cannot reach the level
(``benchmark/common/paired.py``). p speaks of other authors, not of other seeds: see the least number of seeds below.

Forget quality and D are numbers of all rows at once and have no value an author: they are shown, p-values of several seeds
as geometric means, and the distance to the retrained model's truth ratios is tested in their place; utility is tested
by what each author adds to it (``author_values.py`` has both definitions).

All comparisons of a claim that count are corrected together by Holm; claims are not corrected for each other. A
comparison goes the paper's way, or against it, if its corrected p is at most 0.05 on that side, and is undecided
otherwise, or where there is no test because a Parquet file is missing, its own or its reference's. With one seed or
fewer than 4 authors there is too little to say. Pairs of which a row is not "ok" are shown and marked, but decide
nothing. Verdicts, each on one split (f: on all), the first that fits:

- not run: the rows that the claim is about are not there; the finding names them;
- not reproduced: at least one comparison that the claim rests on goes against it;
- too few to say: one of them has too few seeds or authors; the verdict says how many more it needs;
- reproduced: all go the paper's way;
- undecided: anything else.

a  RKLD closer to the retrained model than each baseline.
b  RKLD's utility above 90 % of the fine-tuned model's, and RKLD closer than each of the paper's baselines that keep 90 %
   (by their values). RKLD's own variants, FKL and methods that the paper does not have are listed and decide nothing.
c  FKL has more forget probability than RKLD and is farther from the retrained model: both. Against it if either is shown
   the other way round.
d  Two parts. RKLD at each alpha from 4 to 12 closer than each baseline; and each alpha above 5 closer than each up to 5:
   against the paper only where one up to 5 beats all those above 5.
e  No gradient ascent variant has both: it is farther than RKLD, or its utility is below 90 % of the fine-tuned model's,
   either. Against it if neither is so. c and e weigh two p-values by one rule and its mirror image (``sided.py``): the
   side with two chances pays for both, so neither side is the easier one to show.
f  RKLD closer than each baseline on every split that has both, two splits at least.
"""

from benchmark.rkld_claims.claims import examine
from benchmark.rkld_claims.comparisons import Finding
from benchmark.rkld_claims.report import write_claims

__all__ = ["Finding", "examine", "write_claims"]
