"""The usual retain terms: what each needs, and how many forward passes a step it adds.

They stand apart from the losses, so that methods can be listed without torch.
"""

RETAIN_NEEDS = {"none": (), "rt": ("retain",), "kl": ("retain", "reference")}
RETAIN_FORWARDS = {"none": 0, "rt": 1, "kl": 2}
