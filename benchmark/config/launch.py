"""Where and how a preset's runs are executed: device, processes, launcher."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from benchmark.common.names import Line
from benchmark.config.recipe import Strict


class Launch(Strict):
    """Where runs execute. Threads change the order of float sums; workers, the launcher and what a task asks for do not."""

    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description='"auto", "cpu" or "cuda"')
    workers: int | None = Field(
        None, ge=0, description="processes; None: one a core on the CPU with threads = 1, else one; 0: in this process"
    )
    run_limit: float | None = Field(None, gt=0, description="minutes; a run that takes longer is recorded as failed")
    threads: int | None = Field(None, ge=1, description="torch threads a process; None: torch's choice")
    matmul: Literal["auto", "onednn", "mkl"] = Field(
        "auto", description="a CPU's float32 products; auto: oneDNN's where the processor is one on which they win"
    )
    shards: int = Field(
        1, ge=1, le=1024, description="devices of this machine that share each run's models (docs/large_models.md)"
    )
    models: Line | None = Field(
        None, min_length=1, description="folder of trained models, for boards that share them; None: its own"
    )
    launcher: Literal["local", "ray"] = Field(
        "local", description="local: processes of this machine; ray: the machines of a Ray cluster"
    )
    address: str = Field(
        "auto", description='ray: "auto", the cluster of this machine; a head\'s address; "none": one in this process'
    )
    cpus: float | None = Field(None, ge=0, description="ray: of a task, or a fraction of one; None: as many as threads")
    gpus: float | None = Field(None, ge=0, description="ray: of a task, or a fraction of one; None: one on cuda")
    memory: float | None = Field(
        None,
        ge=0,
        description="GiB of a task: what Ray keeps for it, None: by the model's size; the most that a local worker may take on "
        "Linux, None: no limit",
    )
    shared_folder: bool | None = Field(
        None, description="ray: whether all machines see the board's folder; None: it is tried"
    )
