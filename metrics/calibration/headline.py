"""The two columns that boards are ordered and read by: all three row statistics, and of them the one that speaks most against a model.

A filter before the model leaves the order of its answers, and so the truth ratio, about where retrained models have it, while it
makes every answer to a forget question unlikely; a model that was pushed too far may have the gold answer's probability far
below theirs at the same truth ratio. One statistic can be met without forgetting, three at once are harder: results/published/headline.md
has what the controls, the doses and the scorecard say of each.
"""

DISTANCE = "distance_largest"
P = "p_retrained_all"
