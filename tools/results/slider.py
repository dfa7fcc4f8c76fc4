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


def report(done, folder):
    by_method = grouped(done, "method")
    rows = []
    panels = [Panel("concept", "strength", "rude texts (%)", x_line=1),
              Panel("other text", "strength", "perplexity, % above 0", x_line=1,
                    y_range=(-2, 15)),
              Panel("both", "strength", "grammatical and not rude (%)",
                    x_line=1)]
    for method in filter(by_method.get, METHODS):
        group = by_method[method]
        best, strength, reached = at_rise(group, VALUE)
        rows.append([method, len(group),
                     percent(at_strength(group, 1, VALUE)),
                     signed_percent(rise_at(group, 1)),
                     percent(best), strength_text(strength, reached),
                     plain(over_seeds(map(best_strength, group))),
                     percent(at_strength(group, 1, FREE))])
        figures = (lambda c, s: at_strength(c, s, VALUE), rise_at,
                   lambda c, s: at_strength(c, s, FREE))
        for panel, figure in zip(panels, figures):
            panel.series.append(
                strength_series(method, style(method), group, figure))
    write(panels, folder / "slider.svg")
    return "\n\n".join([
        picture("slider", "Effect and perplexity over strength"),
        table(["method", "seeds", "rude at 1 (%)", "perplexity at 1 (%)",
               "rude at +3% (%)", "strength there",
               "strength with most grammatical texts that are not rude",
               "those at 1 (%)"], rows)])
