"""Experiment 1: end to end against layer by layer. Every method at its own best
sites, three concepts, three seeds. Beside them two methods whose best setting
lets the target prompts run through earlier maps, with untouched ones instead:
what they are matched to is then what is measured.
"""

from lab import CONCEPTS
from plans import BEST, METHODS, SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, best_at, grouped, one_a_seed, percent,
                    picture, plain, rise_at, series, signed_percent,
                    strength_text, strengths_of, table, there)
from tradeoff import RISE, SMALL_RISE, part, shown

UNTOUCHED = {f"{method}, untouched": method
             for method in ("linear-act", "gaussian-act")}
ROWS = (*METHODS, *UNTOUCHED)
# A topic is the rarer concept: one text in eight.
COUNTS = {"tone": 300, "sea": 500, "space": 500}
GRAMMATICAL = part("grammatical")
FREE = part("grammatical_none")
HEAD = ["method", "seeds", "rate at +3% (%)", "strength there",
        "grammatical there (%)", "rate at +0.5% (%)",
        "grammatical and free of it, best (%)", "rate at 1 (%)",
        "perplexity at 1 (%)", "grammatical at 1 (%)", "matching left at 1"]


def broken(row):
    """The share of texts that are not grammatical."""
    return 1 - GRAMMATICAL(row)


def recipe(row, concept, seed):
    if row in METHODS:
        return learn(row, concept, seed)
    method = UNTOUCHED[row]
    return learn(method, concept, seed,
                 setting=(BEST[method][0], "--target-runs untouched"))


def cells():
    for seed in SEEDS:
        for concept in CONCEPTS:
            for row in ROWS:
                key = {"method": row, "concept": concept, "seed": seed}
                yield key, {"maps": {"map": recipe(row, concept, seed)},
                            "measure": [measure(["map"], concept, seed,
                                                count=COUNTS[concept])]}


def untouched(cells_, value):
    """The line of no map."""
    none = one_a_seed(cells_)
    free, rate, whole = (percent(at_strength(none, 0, figure))
                         for figure in (FREE, value, GRAMMATICAL))
    return ["none", len(none), "", "", "", "", free, rate, "", whole, "1.00"]


def line_of(method, group, value):
    best, strength, reached = at_rise(group, value)
    small, small_at, small_reached = at_rise(group, value, rise=SMALL_RISE)
    return [
        method, len(group), percent(best), strength_text(strength, reached),
        percent(there(group, value, GRAMMATICAL)),
        f"{percent(small)} ({strength_text(small_at, small_reached)})",
        best_at(group, FREE), percent(at_strength(group, 1, value)),
        signed_percent(rise_at(group, 1)),
        percent(at_strength(group, 1, GRAMMATICAL)),
        plain(at_strength(group, 1, lambda r: r["matching"]["remaining"]))]


def table_of(concept, cells_):
    value = shown(CONCEPTS[concept]["concept"])
    by_method = grouped(cells_, "method")
    return table(HEAD, [untouched(cells_, value),
                        *(line_of(method, by_method[method], value)
                          for method in ROWS if method in by_method)])


def curve(method, group, value, cost):
    """A line from strength to strength, in cost and concept rate."""
    return series(method, style(method),
                  [(100 * cost(group, s).mean, at_strength(group, s, value))
                   for s in strengths_of(group)])


def picture_of(done, folder, name, x_label, cost, **axis):
    """Concept rate against something that steering costs, a panel a concept."""
    panels = []
    for concept, group in grouped(done, "concept").items():
        by_method = grouped(group, "method")
        about = CONCEPTS[concept]["concept"]
        panels.append(Panel(
            about, x_label, f"texts with {about} (%)",
            [curve(m, by_method[m], shown(about), cost)
             for m in METHODS if m in by_method], **axis))
    write(panels, folder / f"{name}.svg")
    return picture(name, f"Concept rate against {x_label}, all methods")


def settings_list():
    """What `make results-settings` chose."""
    return "\n".join(f"- {method}: {sites}" + (f", `{variant}`" if variant
                                               else "")
                     for method, (sites, variant) in BEST.items())


def report(done, folder):
    tables = []
    for concept, group in grouped(done, "concept").items():
        tables += [f"**{CONCEPTS[concept]['concept']}**",
                   table_of(concept, group)]
    return "\n\n".join([
        picture_of(done, folder, "methods", "perplexity, % above strength 0",
                   rise_at, x_range=(-0.5, 3.5), x_ticks=(0, 0.5, 1, 2, 3),
                   x_lines=(100 * SMALL_RISE, 100 * RISE)),
        picture_of(done, folder, "methods-text", "ungrammatical texts (%)",
                   lambda c, s: at_strength(c, s, broken),
                   x_range=(0, 100)), *tables,
        "Sites and options:", settings_list()])
