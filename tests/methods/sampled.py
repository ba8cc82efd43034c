"""A stand-in for live sampling: scripted answers to the toy's questions, and a log of what was asked for."""

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch

EOS = 3


class Script:
    """Gives each row its scripted answers, epoch after epoch; ``asked`` holds (epoch, model, rows, options).

    Args:
        answers: of each forget row, for each model asked, the lists of answer tokens of each epoch.
    """

    def __init__(self, toy, answers):
        self.toy, self.answers, self.asked = toy, answers, []

    def batch(self, numbers, epoch, state, reference=None, **more):
        tokens = {kind: collate([rows[n] for n in numbers], EOS, numbers) for kind, rows in self.toy.rows.items()}
        sampler = Scripted(self, numbers, epoch)
        return Batch(**(tokens | more), sampler=sampler, reference=reference, epoch=epoch, state=state)


class Scripted:
    def __init__(self, script, numbers, epoch):
        self.script, self.numbers, self.epoch = script, numbers, epoch

    def __call__(self, model, count, *, places=None, **options):
        rows = [self.numbers[place] for place in (range(len(self.numbers)) if places is None else places)]
        if rows:
            self.script.asked.append((self.epoch, model, rows, {"count": count} | options))
        out = []
        for row in rows:
            example = self.script.toy.rows["forget"][row]
            prompt = example.ids[: example.start]
            given = self.script.answers(model, row, self.epoch)
            out.append([TokenizedExample([*prompt, *answer, EOS], len(prompt)) for answer in given])
        return out

    def texts(self, answers):
        return [" ".join("abc"[token] for token in one.ids[one.start : -1]) for one in answers]

    def collate(self, answers):
        return collate(answers, EOS)
