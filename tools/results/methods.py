"""Experiment 1: end to end against layer by layer. Every method at its own best
sites, three concepts, three seeds.
"""

from lab import CONCEPTS
from plans import METHODS, SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, best_at, grouped, percent, picture,
                    plain, rise_at, signed_percent, strength_text, table,
                    tradeoff_series)
from tradeoff import part, shown

FREE = part("grammatical_none")


def cells():
    for seed in SEEDS:
        for concept in CONCEPTS:
            for method in METHODS:
                key = {"method": method, "concept": concept, "seed": seed}
                yield key, {"maps": {"map": learn(method, concept, seed)},
                            "measure": [measure(["map"], concept, seed)]}


def table_of(concept, by_method):
    value = shown(CONCEPTS[concept]["concept"])
    rows = []
    everything = [cell for group in by_method.values() for cell in group]
    if everything:
        none = list({c["key"]["seed"]: c for c in everything}.values())
        rows.append(["none", len(none), "", "",
                     percent(at_strength(none, 0, FREE)),
                     percent(at_strength(none, 0, value)), "",
                     percent(at_strength(none, 0, part("grammatical"))),
                     "1.00"])
    for method in METHODS:
        group = by_method.get(method)
        if not group:
            continue
        best, strength, reached = at_rise(group, value)
        rows.append([
            method, len(group), percent(best),
            strength_text(strength, reached), best_at(group, FREE),
            percent(at_strength(group, 1, value)),
            signed_percent(rise_at(group, 1)),
            percent(at_strength(group, 1, part("grammatical"))),
            plain(at_strength(group, 1, lambda r: r["matching"]["remaining"]))])
    return table(["method", "seeds", "rate at +3% (%)", "strength there",
                  "grammatical and free of it, best (%)", "rate at 1 (%)",
                  "perplexity at 1 (%)", "grammatical at 1 (%)", "matching left at 1"], rows)


def report(done, folder):
    blocks, panels = [], []
    for concept, group in grouped(done, "concept").items():
        by_method = grouped(group, "method")
        name = CONCEPTS[concept]["concept"]
        blocks += [f"**{name}**", table_of(concept, by_method)]
        panel = Panel(name, "perplexity, % above strength 0",
                      f"texts with {name} (%)", x_range=(-1, 12), x_line=3)
        panel.series = [tradeoff_series(m, style(m), by_method[m], shown(name))
                        for m in METHODS if m in by_method]
        panels.append(panel)
    write(panels, folder / "methods.svg")
    return "\n\n".join([picture("methods", "Concept rate against perplexity, "
                                "every method, three concepts"), *blocks])
