#!/usr/bin/env python3
"""Does one cheap cell of every experiment again, and compares it with what is
committed: whether the present program still makes the committed results.

    tools/results/recheck.py BUILD

Of each experiment the cell is taken that is expected to be the cheapest; of
equally cheap ones that of a method which no other experiment has shown yet.
It is learned as it was, and measured at strength 1 alone, all texts; of a cell
that measures several things the last. No cell is written. Exit code 1 when a
figure differs by more than `differences` allows, or a cell fails.
Standard library only.
"""

import collections
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import page
import plans
from cells import name_of
from lab import DATA, STORIES, Lab
from tradeoff import row_at

STRENGTH = 1
# Figures differ in the last digits from machine to machine, and a text that
# takes another turn there is another text.
RELATIVE = 0.01  # perplexity, and the loss before the first step
LEFT = 0.02  # of the matching, 1 without a map
MOVED = 0.01  # of all neurons
ERRORS = 3  # standard errors of the difference between two counts of texts


def cut(plan):
    """The part of a plan that is done again."""
    # Pictures are compared with those of strength 0.
    strengths = [0, STRENGTH] if "prompt_count" in plan["measure"][-1] \
        else [STRENGTH]
    request = plan["measure"][-1] | {"strengths": strengths}
    if "questions" in request:
        request["questions"] = 0
    return {"maps": plan["maps"], "measure": [request]}


def needs_data(plan):
    return any(recipe.get("concept") == STORIES
               for recipe in plan["maps"].values())


def choose(experiments, has_data):
    """[(experiment, finished cell)]: one of each that has any."""
    chosen, shown = [], collections.Counter()
    for name, done in experiments.items():
        possible = [cell for cell in done
                    if has_data or not needs_data(cell["plan"])]
        if not possible:
            continue
        cell = min(possible, key=lambda cell: (
            round(plans.guess(cut(cell["plan"]))),
            shown[cell["key"].get("method")]))
        shown[cell["key"].get("method")] += 1
        chosen.append((name, cell))
    return chosen


def differences(before, now):
    """What is too different between two results, in words. `before`: the
    committed result, of all measurements; `now`: of the cut plan."""
    found = []

    def hold(what, old, new, allowed):
        if not abs(new - old) <= allowed:
            found.append(f"{what}: {old:g} is committed, now {new:g} "
                         f"(+-{allowed:.2g} allowed)")

    for name, old in before["learned"].items():
        new = now["learned"][name]
        if "support" in old:
            hold(f"neurons moved by {name}", old["support"], new["support"],
                 MOVED * old["neurons"])
        if "curve" in old:
            hold(f"loss of {name} before its first step", old["curve"][0][1],
                 new["curve"][0][1], RELATIVE * old["curve"][0][1])
    old = row_at(before["measured"][-1], STRENGTH)
    new = row_at(now["measured"][-1], STRENGTH)
    if old.get("perplexity") is not None:
        hold("perplexity", old["perplexity"], new["perplexity"] or math.inf,
             RELATIVE * old["perplexity"])
    if "matching" in old:
        hold("matching left", old["matching"]["remaining"],
             new["matching"]["remaining"], LEFT)
    total = old.get("texts", old.get("pictures"))
    for what, count in counts_of(old).items():
        # None and all of them have an error of 0 by this formula alone.
        likely = min(max(count, 1), total - 1)
        error = math.sqrt(2 * likely * (1 - likely / total))
        hold(f"counted, {what}", count, counts_of(new)[what], ERRORS * error)
    return found


def counts_of(row):
    """Texts or pictures of a row by what they are counted for."""
    if "pictures" in row:
        return {what: row["pictures"] * row[what]
                for what in ("things", "kept", "negated")}
    if "texts" not in row:
        return {}
    return row["shown"] | {"grammatical": row["grammatical"]}


def again(lab, cell):
    """What is wrong with a cell, in words."""
    try:
        return differences(cell["result"], lab.carry_out(cut(cell["plan"])))
    except (RuntimeError, LookupError, OSError) as error:
        return [f"failed: {error}"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lab = Lab(Path(sys.argv[1]))
    has_data = (DATA / "models" / "stories260K").exists()
    chosen = choose({name: page.finished(name) for name in page.EXPERIMENTS},
                    has_data)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda pair: again(lab, pair[1]), chosen))
    for (name, cell), wrong in zip(chosen, found):
        print(f"{name}, {name_of(cell['key'])}: "
              + ("; ".join(wrong) if wrong else "as committed"))
    if any(found):
        print("Either the program does not compute what it did, or the cells "
              "of docs/results are to be done again.")
    for name in page.EXPERIMENTS.keys() - dict(chosen).keys():
        print(f"{name}: has no cell that could be done again")
    expected = sum(any(True for _ in page.finished(name))
                   for name in page.EXPERIMENTS)
    return int(any(found) or len(chosen) < expected)


if __name__ == "__main__":
    sys.exit(main())
