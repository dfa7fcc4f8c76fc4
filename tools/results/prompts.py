"""Experiment 3: how few prompts. 4 to 128 a side, one concept."""

from lab import CONCEPTS
from plans import SEEDS, learn, measure, style
from plot import Panel, write
from report import (BROKEN, at_rise, at_strength, grouped, one_a_seed, percent,
                    picture, plain, rise_at, series, signed_percent, table)
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


def at_the_rise(group):
    return at_rise(group, VALUE)[0]


def rude(group):
    return at_strength(group, 1, VALUE)


def matching(group):
    return at_strength(group, 1, remaining)


def is_text(group):
    """Whether a model is left at strength 1 whose texts can be counted."""
    return rise_at(group, 1).mean < BROKEN


def panels_of(by_method, no_map):
    """by_method: {method: {count: cells}}; no_map: the rate without a map."""
    def panel(title, y_label, figure, scale=100, wanted=lambda group: True,
              **axis):
        lines = [series(method, style(method),
                        [(count, figure(group))
                         for count, group in groups.items() if wanted(group)],
                        scale)
                 for method, groups in by_method.items()]
        return Panel(title, "prompts a side", y_label, lines, x_log=True,
                     x_ticks=tuple(sorted(COUNTS)), **axis)

    without = {"y_range": (0, 50), "y_line": (100 * no_map.mean, "no map")}
    return [panel("rude at +3% perplexity", "rude texts (%)", at_the_rise,
                  **without),
            panel("rude at strength 1, where text is left", "rude texts (%)",
                  rude, wanted=is_text, **without),
            panel("held-out prompts at strength 1", "matching left", matching, 1,
                  y_log=True, y_line=(1, "no map"))]


def line_of(method, count, group):
    return [method, count, len(group), percent(at_the_rise(group)),
            percent(rude(group)), signed_percent(rise_at(group, 1)),
            plain(matching(group))]


def report(done, folder):
    by_key = grouped(done, "method", "prompts")
    by_method = {method: {count: by_key[method, count]
                          for count in sorted(COUNTS)
                          if (method, count) in by_key} for method in METHODS}
    no_map = at_strength(one_a_seed(done), 0, VALUE)
    write(panels_of(by_method, no_map), folder / "prompts.svg")
    return "\n\n".join([
        picture("prompts", "Effect by number of prompts"),
        table(["method", "prompts a side", "seeds", "rude at +3% (%)",
               "rude at 1 (%)", "perplexity at 1 (%)", "matching left at 1"],
              [line_of(method, count, group)
               for method, groups in by_method.items()
               for count, group in groups.items()])])
