"""Experiment 1: end to end against layer by layer. Every method at its own best
sites, three concepts, three seeds.
"""

from lab import CONCEPTS
from plans import METHODS, SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, best_at, curve_series, grouped,
                    percent, picture, plain, rise_at, signed_percent,
                    strength_text, table, there)
from tradeoff import SMALL_RISE, part, shown

# A topic is the rarer concept: one text in eight.
COUNTS = {"tone": 300, "sea": 500, "space": 500}
GRAMMATICAL = part("grammatical")
FREE = part("grammatical_none")


def broken(row):
    """The share of texts that are not grammatical."""
    return 1 - GRAMMATICAL(row)


def cells():
    for seed in SEEDS:
        for concept in CONCEPTS:
            for method in METHODS:
                key = {"method": method, "concept": concept, "seed": seed}
                yield key, {"maps": {"map": learn(method, concept, seed)},
                            "measure": [measure(["map"], concept, seed,
                                                count=COUNTS[concept])]}


def table_of(concept, by_method):
    value = shown(CONCEPTS[concept]["concept"])
    rows = []
    everything = [cell for group in by_method.values() for cell in group]
    if everything:
        none = list({c["key"]["seed"]: c for c in everything}.values())
        rows.append(["none", len(none), "", "", "", "",
                     percent(at_strength(none, 0, FREE)),
                     percent(at_strength(none, 0, value)), "",
                     percent(at_strength(none, 0, GRAMMATICAL)),
                     "1.00"])
    for method in METHODS:
        group = by_method.get(method)
        if not group:
            continue
        best, strength, reached = at_rise(group, value)
        small, small_at, _ = at_rise(group, value, rise=SMALL_RISE)
        rows.append([
            method, len(group), percent(best),
            strength_text(strength, reached),
            percent(there(group, value, GRAMMATICAL)),
            f"{percent(small)} ({small_at.mean:.2f})", best_at(group, FREE),
            percent(at_strength(group, 1, value)),
            signed_percent(rise_at(group, 1)),
            percent(at_strength(group, 1, GRAMMATICAL)),
            plain(at_strength(group, 1, lambda r: r["matching"]["remaining"]))])
    return table(["method", "seeds", "rate at +3% (%)", "strength there",
                  "grammatical there (%)", "rate at +0.5% (%)",
                  "grammatical and free of it, best (%)", "rate at 1 (%)",
                  "perplexity at 1 (%)", "grammatical at 1 (%)",
                  "matching left at 1"], rows)


def picture_of(done, folder, name, x_label, x_of, **axis):
    """Concept rate against something that steering costs, a panel a concept."""
    panels = []
    for concept, group in grouped(done, "concept").items():
        by_method = grouped(group, "method")
        about = CONCEPTS[concept]["concept"]
        value = shown(about)
        panel = Panel(about, x_label, f"texts with {about} (%)", **axis)
        panel.series = [
            curve_series(m, style(m), by_method[m], x_of,
                         lambda c, s, value=value: at_strength(c, s, value))
            for m in METHODS if m in by_method]
        panels.append(panel)
    write(panels, folder / f"{name}.svg")
    return picture(name, f"Concept rate against {x_label}, all methods")


def report(done, folder):
    tables = []
    for concept, group in grouped(done, "concept").items():
        tables += [f"**{CONCEPTS[concept]['concept']}**",
                   table_of(concept, grouped(group, "method"))]
    return "\n\n".join([
        picture_of(done, folder, "methods", "perplexity, % above strength 0",
                   rise_at, x_range=(-0.5, 6), x_line=3),
        picture_of(done, folder, "methods-text", "ungrammatical texts (%)",
                   lambda c, s: at_strength(c, s, broken),
                   x_range=(0, 100)), *tables])
