"""What travels through Ray's object store: files where machines share no folder, and methods that are a user's files."""

from __future__ import annotations

import inspect
import io
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import methods
from benchmark.common.files import atomic_path

Files = dict[str, np.ndarray]  # path below some folder -> its bytes, which Ray hands on without copying


def pack(root: Path, *parts: str) -> Files:
    """The files at or below these parts of a folder; parts that are not there have none."""
    files: Files = {}
    for part in parts:
        for path in sorted((root / part).rglob("*")):
            if path.is_file() and ".part" not in path.name:
                files[path.relative_to(root).as_posix()] = np.fromfile(path, np.uint8)
    return files


def unpack_folder(files: Files, folder: Path) -> None:
    """Write the files as one folder, whole or not at all."""
    with atomic_path(folder) as temporary:
        for name, content in files.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            content.tofile(temporary / name)


def unpack_files(files: Files, root: Path) -> None:
    """Write each file, whole or not at all; JSON last, so that a record never lacks its scores."""
    for name in sorted(files, key=lambda name: name.endswith(".json")):
        with atomic_path(root / name) as temporary:
            files[name].tofile(temporary)


@dataclass(frozen=True)
class Carried:
    """A task, and of its method the file's name and, if that is a user's, its text: other machines may not have it."""

    pickled: bytes
    name: str = ""
    source: str | None = None

    @classmethod
    def of_task(cls, task: Any) -> Carried:
        method = getattr(task, "method", None)
        if method is None:
            return cls(pickle.dumps(task))
        path = Path(inspect.getfile(type(method)))
        own = path.resolve().parent == methods.FOLDER.resolve()
        return cls(pickle.dumps(task), path.name, None if own else path.read_text(encoding="utf-8"))

    def task(self) -> Any:
        """The task in this process."""
        if self.source is None:
            return self._loaded(methods.FOLDER / self.name)
        with tempfile.TemporaryDirectory() as folder:  # the file is read once: its module stays
            path = Path(folder) / self.name
            path.write_text(self.source, encoding="utf-8")
            return self._loaded(path)

    def _loaded(self, path: Path) -> Any:
        return _Unpickler(io.BytesIO(self.pickled), path).load()


class _Unpickler(pickle.Unpickler):
    """Unpickles a method from its file in this process's place."""

    def __init__(self, file: io.BytesIO, path: Path):
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (methods.__name__, methods.restore.__name__):
            return lambda _, fields: methods.restore(str(self._path), fields)
        return super().find_class(module, name)
