"""Models by content key: the cache of what has been trained."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.common.files import atomic_path, file_hash, read_json, write_json
from benchmark.models.loading import Loaded, load_model, save_model
from benchmark.models.onednn import Choice
from benchmark.models.ranks import agreed, is_first
from benchmark.models.sharding import whole_weights

ABOUT = "artefact.json"


class ModelStore:
    """Folders of trained models under one root, named ``<label>-<key>``."""

    def __init__(self, root: Path):
        self.root = root

    def folder(self, label: str, key: str) -> Path:
        return self.root / f"{label}-{key}"

    def has(self, label: str, key: str) -> bool:
        """Whether the model is stored and its files are as they were written.

        A damaged model is removed, with a message on standard error, so that it will be made again.
        """
        folder = self.folder(label, key)
        if not folder.exists():
            return False
        problem = self._problem(folder)
        if problem:
            print(f"the cached model {folder} is damaged ({problem}); it will be made again", file=sys.stderr)
            shutil.rmtree(folder)
        return not problem

    def _problem(self, folder: Path) -> str:
        try:
            hashes = read_json(folder / ABOUT, "the description")["files"]
            wrong = [name for name, known in hashes.items() if file_hash(folder / name) != known]
        except (OSError, UserError, KeyError, TypeError) as error:
            return str(error).partition(". Delete")[0]
        return f"{wrong[0]} has changed" if wrong else ""

    def load(self, label: str, key: str, *, dtype: str, device: str, matmul: Choice = "auto") -> Loaded:
        """A stored model."""
        return load_model(str(self.folder(label, key)), dtype=dtype, device=device, matmul=matmul)

    def save(self, label: str, key: str, model: nn.Module, tokenizer: Any, about: dict[str, Any]) -> None:
        """Store a model, whole or not at all, with what it was made from; of a sharded one the first rank does.

        Raises:
            UserError: too little disk space.
        """
        weights = whole_weights(model)
        if is_first():
            self._write(label, key, model, weights, tokenizer, about)
        agreed(None)  # the others wait until it is there

    def _write(
        self, label: str, key: str, model: nn.Module, weights: dict[str, Tensor] | None, tokenizer: Any, about: dict
    ) -> None:
        size = sum(p.numel() * p.element_size() for p in model.parameters())
        self.root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.root).free
        if free < 1.1 * size:
            raise UserError(
                f"the disk of {self.root} has {free / 2**20:.0f} MiB free, a model takes {size / 2**20:.0f}; free some "
                "space and run the same command again: what is finished is kept"
            )
        with atomic_path(self.folder(label, key)) as temporary:
            save_model(model, tokenizer, temporary, weights)
            files = {p.name: file_hash(p) for p in sorted(temporary.iterdir())}
            write_json(temporary / ABOUT, {**about, "files": files})
