"""Calibrated forgetting: one asks of an unlearned model what one asks of one more retrained model. Pure functions of arrays.

``distance`` (how far), ``p_retrained`` (could it be one of them), ``residual`` (how much is left, and is it too little),
``dose`` (how much that is in forget rows) and ``verdict`` (all of it for one row statistic).

Of a board's rows: ``errors`` (how far each is, author by author), ``pairs`` and ``ranks`` (who is better than whom), ``draws``
(what the errors could be), ``pareto`` (who is best at forgetting and at keeping).
"""
