"""What a control is and what it gets, and what several controls share."""

from benchmark.controls.base.control import NEEDS, Control, ControlSetup, Scored
from benchmark.controls.base.refusal import refusal_scores

__all__ = ["NEEDS", "Control", "ControlSetup", "Scored", "refusal_scores"]
