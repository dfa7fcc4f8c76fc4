#!/usr/bin/env python3
"""Makes the generated parts of docs/results/README.md, and its pictures, from
the committed cells.

    tools/results/page.py [--check]    --check: only say whether it is up to date

A generated part stands between `<!-- NAME: made by make results -->` and
`<!-- NAME: end -->`; all other text of the page is written by hand and kept.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import composition
import images
import methods
import optimizers
import prompts
import settings
import slider
import sparsity
from cells import CellFile
from lab import ROOT
from sources import hash_of_sources

FOLDER = ROOT / "docs" / "results"
EXPERIMENTS = {"methods": methods, "slider": slider, "prompts": prompts,
               "sparsity": sparsity, "composition": composition,
               "optimizers": optimizers, "settings": settings,
               "images": images}


def cell_path(name):
    return FOLDER / "cells" / f"{name}.jsonl"


def finished(name):
    """The finished cells of an experiment's present plan, in its order."""
    file = CellFile(cell_path(name))
    found = [file.get(key, plan) for key, plan in EXPERIMENTS[name].cells()]
    return [cell for cell in found if cell]


def said_of_sources(done):
    """How many cells another program than this tree's made, in words."""
    present = hash_of_sources(ROOT)
    others = sum(cell.get("sources") != present for cell in done)
    return f"{others} made by other sources of `lineas/` than these" \
        if others else "all made by these sources of `lineas/`"


def block(name, folder):
    """The generated Markdown of an experiment; its pictures go to `folder`."""
    total = sum(1 for _ in EXPERIMENTS[name].cells())
    done = finished(name)
    minutes = sum(cell["seconds"] for cell in done) / 60
    head = f"`make results-{name}`: {len(done)} of {total} cells"
    if not done:
        return head + "."
    return f"{head}, {minutes:.0f} minutes; {said_of_sources(done)}.\n\n" \
        + EXPERIMENTS[name].report(done, folder)


def with_blocks(text, blocks):
    """The page's text with every generated part replaced."""
    for name, content in blocks.items():
        begin = f"<!-- {name}: made by make results -->"
        end = f"<!-- {name}: end -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
        if not pattern.search(text):
            raise SystemExit(f"README.md of the results lacks {begin} ... "
                             f"{end}")
        text = pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)
    return text


def write_page(folder=FOLDER):
    """Writes page and pictures into `folder`; returns the page's text."""
    blocks = {name: block(name, folder) for name in EXPERIMENTS}
    text = with_blocks((FOLDER / "README.md").read_text(), blocks)
    (folder / "README.md").write_text(text)
    return text


def is_up_to_date():
    with tempfile.TemporaryDirectory() as name:
        write_page(Path(name))
        return all((FOLDER / made.name).exists() and
                   made.read_bytes() == (FOLDER / made.name).read_bytes()
                   for made in Path(name).iterdir())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        if is_up_to_date():
            return 0
        print("docs/results is not what its cells say: make results")
        return 1
    write_page()
    return 0


if __name__ == "__main__":
    sys.exit(main())
