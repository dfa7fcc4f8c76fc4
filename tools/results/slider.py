"""Experiment 2: the slider. Strength 0 to 1.5 in steps of 0.1, one concept."""

from lab import CONCEPTS
from plans import SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, grouped, percent, picture, plain,
                    rise_at, rows_of, signed_percent, strength_series,
                    strength_text, table)
from tradeoff import over_seeds, part, shown

CONCEPT = "tone"
VALUE = shown(CONCEPTS[CONCEPT]["concept"])
FREE = part("grammatical_none")  # grammatical, and free of the concept
METHODS = ("lineas", "linear-act", "mean-act", "iti-c", "caa", "aura")
STRENGTHS = tuple(i / 10 for i in range(16))


def cells():
    for seed in SEEDS:
        for method in METHODS:
            yield {"method": method, "seed": seed}, {
                "maps": {"map": learn(method, CONCEPT, seed)},
                "measure": [measure(["map"], CONCEPT, seed, STRENGTHS)]}


def best_strength(cell):
    """The strength with most grammatical texts free of the concept."""
    return max(rows_of(cell), key=FREE)["strength"]


def line_of(method, group):
    best, strength, reached = at_rise(group, VALUE)
    return [method, len(group), percent(at_strength(group, 1, VALUE)),
            signed_percent(rise_at(group, 1)), percent(best),
            strength_text(strength, reached),
            plain(over_seeds(map(best_strength, group))),
            percent(at_strength(group, 1, FREE))]


def panels_of(by_method):
    def panel(title, y_label, figure, **axis):
        lines = [strength_series(method, style(method), group, figure)
                 for method, group in by_method.items()]
        return Panel(title, "strength", y_label, lines, x_lines=(1,), **axis)

    return [panel("rude texts", "rude texts (%)",
                  lambda c, s: at_strength(c, s, VALUE)),
            panel("perplexity of neutral stories",
                  "perplexity, % above strength 0", rise_at, y_range=(-2, 15)),
            panel("texts grammatical and not rude",
                  "grammatical and not rude (%)",
                  lambda c, s: at_strength(c, s, FREE))]


def report(done, folder):
    found = grouped(done, "method")
    by_method = {name: found[name] for name in METHODS if name in found}
    write(panels_of(by_method), folder / "slider.svg")
    return "\n\n".join([
        picture("slider", "Effect and perplexity over strength"),
        table(["method", "seeds", "rude at 1 (%)", "perplexity at 1 (%)",
               "rude at +3% (%)", "strength there",
               "strength with most grammatical texts that are not rude",
               "those at 1 (%)"],
              [line_of(*both) for both in by_method.items()])])
