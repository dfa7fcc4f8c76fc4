#!/usr/bin/env python3
"""Runs one of the experiments of docs/results, cell by cell.

    tools/results/run.py EXPERIMENT BUILD [--only WORD ...] [--minutes M]
    tools/results/run.py EXPERIMENT BUILD --list

A cell a core at once. Finished cells are in docs/results/cells/EXPERIMENT.jsonl
and are not done again; ctrl-C loses the cells at hand only, and the same command
goes on. To do a cell again, delete its line. Afterwards the page is made anew.
Standard library only.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import page
import plans
import settings
from cells import (CellFile, Limits, alone_in, matches, name_of, run_cells,
                   say)
from lab import ROOT, Lab
from sources import hash_of_sources


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("experiment", choices=page.EXPERIMENTS)
    parser.add_argument("build", type=Path)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD",
                        help="cells that have these values, e.g. lineas seed=0")
    parser.add_argument("--minutes", type=float, default=95,
                        help="begin no cell that would end later")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(),
                        help="cells at once, which share the cores (default: "
                        "one a core)")
    parser.add_argument("--list", action="store_true",
                        help="show the cells, do nothing")
    options = parser.parse_args()
    every_cell = list(page.EXPERIMENTS[options.experiment].cells())
    cells = [(k, p) for k, p in every_cell if matches(k, options.only)]
    path = page.cell_path(options.experiment)
    if options.list:
        list_cells(cells, CellFile(path))
        return 0
    build_program(options.build)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with alone_in(path.parent):
        file = CellFile(path, hash_of_sources(ROOT))
        file.keep_only(key for key, _ in every_cell)
        return run(options, cells, file)


def build_program(build):
    """The cells say which sources made them, so it is built from those."""
    if subprocess.run(["ninja", "-C", build, "--quiet", "lineas_program",
                       "bench_measure"], check=False).returncode:
        raise SystemExit(f"{build}: the program cannot be built: run cmake "
                         "--preset release, mend what the compiler says")


def list_cells(cells, file):
    for key, plan in cells:
        state = "done" if file.get(key, plan) else \
            f"about {plans.guess(plan):.0f} s"
        print(f"{name_of(key)}: {state}")


def run(options, cells, file):
    """The exit status: 0 when everything is done."""
    lab = Lab(options.build, max(1, os.cpu_count() // options.jobs))
    limits = Limits(options.jobs, options.minutes)
    try:
        left = run_cells(cells, file, lab.carry_out, plans.guess, limits,
                         lab.stop)
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        return 130
    finally:
        page.write_page()
    if options.experiment == "settings" and not left and not options.only:
        best = settings.choose(file.cells.values())
        plans.BEST_FILE.write_text(json.dumps(best, indent=1) + "\n")
        say(f"wrote {plans.BEST_FILE.name}: the other experiments use it")
    if left:
        say(f"{left} cells are left; the same command goes on")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
