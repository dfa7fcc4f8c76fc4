"""The cells of an experiment: what was to be done, what came out, and where it
is kept, so that a stopped run goes on where it was.

A cell is a key (method, concept, seed, ...), a plan (everything that decides
the outcome) and a result. Finished cells of an experiment are the lines of one
file, which is written anew, whole or not at all, after every cell. A cell whose
plan has changed counts as not done. Knows no models and no measures.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path


def name_of(key):
    return " ".join(f"{k}={v}" for k, v in key.items())


def matches(key, words):
    """Whether a cell is among those asked for: every WORD or NAME=WORD."""
    texts = [str(v) for v in key.values()] \
        + [f"{k}={v}" for k, v in key.items()]
    return all(word in texts for word in words)


class CellFile:
    """Finished cells, one JSON line each, in the order of their names."""

    def __init__(self, path):
        self.path = Path(path)
        self.cells = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                cell = json.loads(line)
                self.cells[name_of(cell["key"])] = cell

    def get(self, key, plan):
        """The finished cell, or None where it is to be done (again)."""
        cell = self.cells.get(name_of(key))
        # As read from JSON: lists for tuples, floats as written.
        same = json.loads(json.dumps(plan))
        return cell if cell is not None and cell["plan"] == same else None

    def put(self, key, plan, seconds, result):
        self.cells[name_of(key)] = {"key": key, "plan": plan,
                                    "seconds": round(seconds, 1),
                                    "result": result}
        lines = [json.dumps(self.cells[name], separators=(",", ":"))
                 for name in sorted(self.cells)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text("\n".join(lines) + "\n")
        os.replace(temporary, self.path)


class Estimate:
    """How long cells will take: a guess in seconds each, and how wrong such
    guesses have been on the cells that are done."""

    def __init__(self, guess):
        self.guess = guess
        self.ratios = []

    def learn(self, plan, seconds):
        self.ratios.append(seconds / self.guess(plan))

    def seconds(self, plans):
        ratio = statistics.median(self.ratios) if self.ratios else 1
        return ratio * sum(map(self.guess, plans))


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_cells(cells, file, work, guess, minutes=None, clock=time.monotonic):
    """Does the cells that are not done, in order, and keeps each at once.
    cells: (key, plan) pairs; work(plan) gives the result; guess(plan) seconds.
    With `minutes` no cell is begun that would probably end later. Returns how
    many are left: 0 when everything is done."""
    open_cells = [(k, p) for k, p in cells if file.get(k, p) is None]
    estimate = Estimate(guess)
    for key, plan in cells:
        done = file.get(key, plan)
        if done is not None:
            estimate.learn(plan, done["seconds"])
    start = clock()
    say(f"{len(cells)} cells, {len(cells) - len(open_cells)} of them done; "
        f"about {estimate.seconds(p for _, p in open_cells) / 60:.0f} min to go")
    failed = 0
    for number, (key, plan) in enumerate(open_cells):
        begun = clock()
        if minutes is not None and \
                begun - start + estimate.seconds([plan]) > 60 * minutes:
            say(f"stopped after {(begun - start) / 60:.0f} min, as asked")
            return len(open_cells) - number + failed
        try:
            result = work(plan)
        except RuntimeError as error:
            failed += 1
            say(f"[{number + 1}/{len(open_cells)}] {name_of(key)}: {error}")
            continue
        seconds = clock() - begun
        file.put(key, plan, seconds, result)
        estimate.learn(plan, seconds)
        left = estimate.seconds(p for _, p in open_cells[number + 1:])
        say(f"[{number + 1}/{len(open_cells)}] {name_of(key)}: {seconds:.0f} s, "
            f"about {left / 60:.0f} min to go")
    return failed
