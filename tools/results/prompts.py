"""Experiment 3: how few prompts. 4 to 128 a side, one concept."""

from lab import CONCEPTS
from plans import SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, grouped, percent, picture, plain,
                    rise_at, signed_percent, table)
from plot import Series
from tradeoff import shown

CONCEPT = "tone"
VALUE = shown(CONCEPTS[CONCEPT]["concept"])
METHODS = ("lineas", "linear-act", "mean-act")
COUNTS = (32, 4, 8, 16, 64, 128)
STRENGTHS = (0, 0.5, 1, 1.5, 2, 3)


def cells():
    for seed in SEEDS:
        for count in COUNTS:
            for method in METHODS:
                key = {"method": method, "prompts": count, "seed": seed}
                yield key, {
                    "maps": {"map": learn(method, CONCEPT, seed, take=count)},
                    "measure": [measure(["map"], CONCEPT, seed, STRENGTHS)]}


def remaining(row):
    return row["matching"]["remaining"]


def report(done, folder):
    by_key = grouped(done, "method", "prompts")
    figures = (lambda c: at_rise(c, VALUE)[0],
               lambda c: at_strength(c, 1, VALUE),
               lambda c: at_strength(c, 1, remaining))
    panels = [Panel(title, "prompts a side", label, x_log=True, y_log=log)
              for title, label, log in
              (("at +3% perplexity", "rude texts (%)", False),
               ("at strength 1", "rude texts (%)", False),
               ("at strength 1", "matching loss left (%)", True))]
    rows = []
    for method in METHODS:
        points = [[] for _ in panels]
        for count in sorted(COUNTS):
            group = by_key.get((method, count))
            if not group:
                continue
            values = [figure(group) for figure in figures]
            for line, value in zip(points, values):
                line.append((count, 100 * value.mean,
                             value.error and 100 * value.error))
            rows.append([method, count, len(group), percent(values[0]),
                         percent(values[1]),
                         signed_percent(rise_at(group, 1)),
                         plain(values[2])])
        for panel, line in zip(panels, points):
            panel.series.append(Series(method, line, style(method)))
    write(panels, folder / "prompts.svg")
    return "\n\n".join([
        picture("prompts", "Effect by number of prompts"),
        table(["method", "prompts a side", "seeds", "rude at +3% (%)",
               "rude at 1 (%)", "perplexity at 1 (%)", "matching left at 1"],
              rows)])
