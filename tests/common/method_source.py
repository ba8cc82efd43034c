"""The text of a file with two methods."""

GOOD = '''"""A title. And more."""
from dataclasses import dataclass
from typing import ClassVar
from methods.base import Method

VARIANTS = {"first": {}, "second": {"rate": 2.0}}

@dataclass(frozen=True)
class Mine(Method):
    paper: ClassVar[str] = "arXiv:0000.00000"
    rate: float = 1.0
'''
