"""Methods with a fault in their loss: what it does, and what the record of the row must say."""

from __future__ import annotations

ZERO = "[p.data.zero_() for p in batch.reference.parameters()]"
CHANGED = "it changed the model finetuned, which is frozen"

IN_PROCESS = {  # name -> (body of the loss, part of the reason)
    "zeroes": (ZERO, CHANGED),
    "wakes": ("batch.reference.train()", CHANGED),
    "nudges": ("next(batch.reference.parameters()).data.view(-1)[0].add_(1e-3)", CHANGED),
    "leaves": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "full": ("raise OSError(28, 'No space left on device')", "No space left on device"),
    "brackets": ("raise FileNotFoundError('no weights in [/x] [red]')", "no weights in [/x] [red]"),
    "vector": ("return nll(model, batch.forget).expand(2) * 1", "RuntimeError"),
    "text": ("return 'loss'", "TypeError"),
    "nothing": ("return None", "TypeError"),
    "halves": ("raise ValueError('half \\ud800')", "ValueError: half ?"),
    "sleeps": ("import time; time.sleep(600)", "it took longer than the limit of"),
    "swallows": (
        "import time\n        while True:\n            try: time.sleep(600)\n            except Exception: pass",
        "it took longer than the limit of",
    ),
    "doubles": ("import torch; torch.set_default_dtype(torch.float64); raise ValueError('doubled')", "doubled"),
}
IN_WORKERS = {
    "dies": ("import os; os._exit(9)", "its process died, and died again when it ran alone: exit code 9"),
    "killed": (
        "import os; os.kill(os.getpid(), 9)",
        "killed by SIGKILL, most likely for lack of memory",
    ),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
}
LEAKS = """kept = globals().setdefault('kept', [])  # and keeps it when it has failed
        for size in (2**26, 2**20):
            try:
                while True: kept.append(bytearray(size))
            except MemoryError: pass
        raise MemoryError"""
NEEDS = 'needs = ("reference",)\n    rate: float = 1.0'


def with_reference(path: str) -> str:
    """The method's file at ``path``, changed so that it is given the frozen reference."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("rate: float = 1.0", NEEDS))
    return path
