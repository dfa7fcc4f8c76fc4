"""Experiment 4: sparsity. The share of neurons that a map may move, and the
number of steps, one concept. By SGD, as the published recipe: supports of
Adam's proximal steps are all or nothing, since those do not shrink with the
gradient.
"""

from lab import CONCEPTS
from plans import SEEDS, learn, measure
from plot import Panel, Series, write
from report import (at_strength, grouped, percent, picture, plain, rise_at,
                    signed_percent, table)
from tradeoff import over_seeds, part, shown

CONCEPT = "tone"
VALUE = shown(CONCEPTS[CONCEPT]["concept"])
SUPPORTS = ("100", "1", "10", "3", "0.3", "0.1")  # %, the telling ones first
SETTING = ("all norms", "")  # scales and shifts
FEW, MANY, MOST = 100, 1000, 10000
STRENGTHS = (0, 1)
QUESTIONS = 200


def recipe(support, steps, seed):
    """Seed 0 searches the penalty that leaves the support asked for; other
    seeds, and the longest runs, take the penalty found there, and report the
    support that it gave them."""
    options = ["--optimizer", "sgd", "--lr", "0.1", "--steps", steps]

    def of(*more):
        return learn("lineas", CONCEPT, seed, setting=SETTING,
                     options=[*options, *more])

    if support == "100":
        return of()
    searched = min(steps, MANY)
    if (searched, seed) == (steps, SEEDS[0]):
        return of("--support-budget", support + "%")
    return of() | {
        "penalty_of": recipe(support, searched, SEEDS[0])}


def cell(support, steps, seed):
    return {"support": support, "steps": steps, "seed": seed}, {
        "maps": {"map": recipe(support, steps, seed)},
        "measure": [measure(["map"], CONCEPT, seed, STRENGTHS,
                            count=500, questions=QUESTIONS)]}


def cells():
    """A full first seed, then the two longest, then the other seeds."""
    yield from (cell(s, n, SEEDS[0]) for n in (FEW, MANY) for s in SUPPORTS)
    yield from (cell(s, n, seed) for seed in SEEDS[1:] for n in (FEW, MANY)
                for s in SUPPORTS)
    yield from (cell(s, MOST, SEEDS[0]) for s in ("100", "1"))


def support_of(cell_):
    facts = cell_["result"]["learned"]["map"]
    return facts["support"] / facts["neurons"]


def right(row):
    return row["choices"]["right"] / row["choices"]["asked"]


def report(done, folder):
    by_key = grouped(done, "steps", "support")
    figures = (lambda c: at_strength(c, 1, VALUE), lambda c: rise_at(c, 1),
               lambda c: at_strength(c, 1, right))
    panels = [Panel(title, "neurons moved (%)", label, x_log=True)
              for title, label in
              (("concept", "rude texts (%)"),
               ("other text", "perplexity, % above strength 0"),
               ("knowledge", "multiple choice right (%)"))]
    rows = []
    for number, steps in enumerate((FEW, MANY, MOST)):
        points = [[] for _ in panels]
        for support in sorted(SUPPORTS, key=float):
            group = by_key.get((steps, support))
            if not group:
                continue
            found = over_seeds(map(support_of, group))
            values = [figure(group) for figure in figures]
            for line, value in zip(points, values):
                line.append((100 * found.mean, 100 * value.mean,
                             value.error and 100 * value.error))
            rows.append([
                steps, support, len(group), percent(found, 2),
                percent(values[0]), signed_percent(values[1]),
                percent(values[2]),
                percent(at_strength(group, 1, part("grammatical"))),
                plain(at_strength(group, 1,
                                  lambda r: r["matching"]["remaining"]))])
        for panel, line in zip(panels, points):
            panel.series.append(Series(f"{steps} steps", line, number))
    write(panels, folder / "sparsity.svg")
    return "\n\n".join([
        picture("sparsity", "Effect, perplexity and multiple choice by "
                "support"),
        table(["steps", "asked for (%)", "seeds", "neurons moved (%)",
               "rude at 1 (%)", "perplexity at 1 (%)",
               "multiple choice at 1 (%)", "grammatical at 1 (%)",
               "matching left at 1"], rows)])
