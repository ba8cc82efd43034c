"""FKL: RKLD's ablation with the forward KL divergence, from the same teacher.

Wang et al. 2024, arXiv 2406.01983: loss = mean over answer positions of KL(softmax(l_t) || pi_theta).
Everything else is as in rkld.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from methods.base import kl_divergence
from methods.rkld import RKLD

VARIANTS = {"fkl": {}}


@dataclass(frozen=True)
class FKL(RKLD):
    # Listings read this file without importing it, so inherited values are repeated here.
    paper: ClassVar[str] = "arXiv:2406.01983"
    needs: ClassVar[tuple[str, ...]] = ("reinforced",)
    weighs: ClassVar[str] = "alpha"

    def divergence(self, log_student: Tensor, log_teacher: Tensor) -> Tensor:
        """[N] KL(teacher || student)."""
        return kl_divergence(log_teacher, log_student)
