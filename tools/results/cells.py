"""The cells of an experiment: what was to be done, what came out, and where it
is kept, so that a stopped run goes on where it was.

A cell is a key (method, concept, seed, ...), a plan (what is asked for), a
result and a hash of the program's sources that made it. Finished cells of an
experiment are the lines of one file, which is written anew, whole or not at all,
after every cell. A cell whose plan has changed counts as not done; one of other
sources as done, until its line is deleted. Knows no models and no measures.
"""

import fcntl
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def name_of(key):
    return " ".join(f"{k}={v}" for k, v in key.items())


def matches(key, words):
    """Whether a cell is among those asked for: every WORD or NAME=WORD."""
    texts = [str(v) for v in key.values()] \
        + [f"{k}={v}" for k, v in key.items()]
    return all(word in texts for word in words)


def write_whole(path, text):
    """The whole text or, when stopped, what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


@contextmanager
def alone_in(folder):
    """Two runs at once would write over each other's cells."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SystemExit(f"{folder}: another run is at work here") from None
    finally:
        os.close(handle)


class CellFile:
    """Finished cells, one JSON line each, in the order of their names.
    `sources`: the hash that new ones get."""

    def __init__(self, path, sources=None):
        self.path = Path(path)
        self.sources = sources
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

    def keep_only(self, keys):
        """Forgets cells that the experiment no longer has; the next put writes
        that."""
        names = {name_of(key) for key in keys}
        self.cells = {n: c for n, c in self.cells.items() if n in names}

    def put(self, key, plan, seconds, result):
        self.cells[name_of(key)] = {"key": key, "plan": plan,
                                    "seconds": round(seconds, 1),
                                    "sources": self.sources,
                                    "result": result}
        lines = [json.dumps(self.cells[name], separators=(",", ":"))
                 for name in sorted(self.cells)]
        write_whole(self.path, "\n".join(lines) + "\n")


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


@dataclass
class Limits:
    """How cells are done: several at once, and none begun that would probably
    end later than so many minutes after the start."""
    jobs: int = 1
    minutes: float | None = None
    clock: Callable = time.monotonic


class Runner:
    """Does the open cells of an experiment and keeps each at once."""

    def __init__(self, file, work, guess, limits, stop):
        self.file, self.work, self.limits = file, work, limits
        self.stop = stop
        self.estimate = Estimate(guess)
        self.failed = 0

    def left(self, plans):
        return self.estimate.seconds(plans) / self.limits.jobs / 60

    def timed(self, plan):
        begun = self.limits.clock()
        return self.work(plan), self.limits.clock() - begun

    def finish(self, key, plan, future, rest):
        """Keeps what a cell gave, and says so; `rest`: plans still to do."""
        try:
            result, seconds = future.result()
        except (RuntimeError, LookupError, ValueError, OSError) as error:
            self.failed += 1
            say(f"{name_of(key)}: {error or type(error).__name__}")
            return
        self.file.put(key, plan, seconds, result)
        self.estimate.learn(plan, seconds)
        say(f"{name_of(key)}: {seconds:.0f} s; {len(rest)} cells left, "
            f"about {self.left(rest):.0f} min")

    def fits(self, plan, start):
        end = self.limits.clock() - start + self.estimate.seconds([plan])
        return self.limits.minutes is None or end <= 60 * self.limits.minutes

    def run(self, cells):
        """Returns how many are left."""
        start = self.limits.clock()
        waiting, running = list(cells), {}
        pool = ThreadPoolExecutor(self.limits.jobs)
        try:
            while waiting or running:
                while waiting and len(running) < self.limits.jobs \
                        and self.fits(waiting[0][1], start):
                    cell = waiting.pop(0)
                    running[pool.submit(self.timed, cell[1])] = cell
                if not running:
                    say(f"stopped after {self.limits.minutes:g} min, as asked")
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    cell = running.pop(future)
                    rest = [p for _, p in [*waiting, *running.values()]]
                    self.finish(*cell, future, rest)
        except KeyboardInterrupt:
            self.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return len(waiting) + self.failed


def run_cells(cells, file, work, guess, limits=Limits(), stop=lambda: None):
    """Does the cells that are not done, in order. cells: (key, plan) pairs;
    work(plan) gives the result, and may run in several threads at once;
    guess(plan) says about how many seconds; stop() makes work end at once.
    Returns how many are left: 0 when everything is done."""
    runner = Runner(file, work, guess, limits, stop)
    waiting = []
    for key, plan in cells:
        done = file.get(key, plan)
        if done is None:
            waiting.append((key, plan))
        else:
            runner.estimate.learn(plan, done["seconds"])
    say(f"{len(cells)} cells, {len(cells) - len(waiting)} of them done; about "
        f"{runner.left([p for _, p in waiting]):.0f} min to go, "
        f"{limits.jobs} at once")
    return runner.run(waiting)
