"""What a task asks of the machine that runs it: CPUs, GPUs or fractions of one, memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmark.config.schema import Preset
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import Task

GIB = 2**30
PROCESS = 1.5 * GIB  # Python, torch and transformers, and the rows of a batch
TRAINED = 4  # copies of a model that is trained: weights, gradients and AdamW's two moments


@dataclass(frozen=True)
class Needs:
    """Logical resources, as Ray counts them."""

    cpus: float
    gpus: float
    memory: int  # bytes of the machine's, not of the GPU's

    def options(self) -> dict[str, Any]:
        """The options of a Ray task."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "memory": self.memory}

    def met_by(self, resources: dict[str, float]) -> bool:
        """Whether a machine with these of Ray's resources has as much."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return all(resources.get(name, 0) >= amount for name, amount in wanted.items())

    def __str__(self) -> str:
        gpus = f", {self.gpus:g} GPU" if self.gpus else ""
        return f"{self.cpus:g} CPU{gpus}, {self.memory / GIB:.1f} GiB"


def needs_of(task: Task, preset: Preset, device: str) -> Needs:
    """What the preset's ``[launch]`` says, and else one CPU a thread, one GPU where it computes on one, and memory by size.

    The memory is an upper estimate: the trained model, the frozen ones beside it, and the process. On a GPU it is that of
    loading and storing one model.
    """
    launch, on_gpu = preset.launch, device != "cpu"
    size = parameters(preset) * (4 if preset.dtype == "float32" else 2)
    models = 1 if isinstance(task, ModelSpec) else len(task.in_memory)
    copies = 2 if on_gpu else TRAINED + models
    return Needs(
        cpus=launch.threads or 1 if launch.cpus is None else launch.cpus,
        gpus=float(on_gpu) if launch.gpus is None else launch.gpus,
        memory=int(PROCESS + copies * size if launch.memory is None else launch.memory * GIB),
    )


def parameters(preset: Preset) -> int:
    """Parameters of the preset's model, counted without its weights."""
    choice = preset.model
    return _parameters(choice.source, choice.tiny.model_dump_json(), choice.trust_remote_code)


@lru_cache
def _parameters(source: str, sizes: str, trust_remote_code: bool) -> int:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from benchmark.config.schema import TinyLlama
    from benchmark.models import tiny
    from benchmark.models.loading import locate

    if source == "tiny":
        choice = TinyLlama.model_validate_json(sizes)
        model = tiny.build(choice, choice.vocabulary, 0, "mkl")
    elif source.endswith(".gguf"):
        return 2 * Path(source).stat().st_size  # at four bits each, the fewest that are usual
    else:
        where, options = locate(source)
        config = AutoConfig.from_pretrained(where, trust_remote_code=trust_remote_code, **options)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)
    return sum(parameter.numel() for parameter in model.parameters())
