"""From a model to its scores: one teacher-forced pass and one greedy pass over a dataset."""
