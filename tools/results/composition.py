"""Experiment 5: composition. Two removals at once (rude texts, texts of the
sea), and the inverses of both, which ought to induce what the maps remove.
"""

from lab import CONCEPTS
from plans import SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, best_at, grouped, percent, picture,
                    rise_at, signed_percent, strength_series, strength_text,
                    table)
from tradeoff import part, shown

FIRST, SECOND = "tone", "sea"
NAMES = [CONCEPTS[name]["concept"] for name in (FIRST, SECOND)]
METHODS = ("lineas", "linear-act")
STRENGTHS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2)
SETS = (["first"], ["second"], ["both"])
KINDS = ("removal", "inverse", "learned induction")


def maps_of(method, seed, kind):
    """Both single maps and their sum."""
    reverse = kind == "learned induction"
    single = {name: learn(method, concept, seed, reverse=reverse)
              for name, concept in (("first", FIRST), ("second", SECOND))}
    if kind == "inverse":
        single = {f"{name} map": recipe for name, recipe in single.items()} | \
            {name: {"inverse": f"{name} map"} for name in single}
    return single | {"both": {"compose": ["first", "second"]}}


def cells():
    for seed in SEEDS:
        for kind in KINDS:
            for method in METHODS:
                key = {"kind": kind, "method": method, "seed": seed}
                yield key, {
                    "maps": maps_of(method, seed, kind),
                    "measure": [
                        measure(maps, FIRST, seed, STRENGTHS,
                                CONCEPTS[SECOND]["openings"],
                                others=[SECOND], held=False)
                        for maps in SETS]}


def joint(kind):
    """Joint success, of a row: neither concept for removal, both else."""
    return part("none" if kind == "removal" else "all")


def well(kind):
    """Joint success in a grammatical text."""
    return part("grammatical_none" if kind == "removal" else "grammatical_all")


def figures(kind, group, number, strength):
    return [percent(at_strength(group, strength, value, number))
            for value in (*map(shown, NAMES), joint(kind), well(kind))]


def within_rise(kind, group, number):
    """At +3%, for removal only: text without a concept must become unlikelier
    where the concept is induced."""
    if kind != "removal":
        return ""
    best, strength, reached = at_rise(group, joint(kind), number, highest=True)
    return f"{percent(best)} ({strength_text(strength, reached)})"


def lines(kind, groups):
    """One for no map, then three a method."""
    first = next(iter(groups.values()))
    yield [kind, "none", "", len(first), *figures(kind, first, 0, 0), "", "", ""]
    for method, group in groups.items():
        for number, maps in enumerate((NAMES[:1], NAMES[1:], NAMES)):
            yield [kind, method, " + ".join(maps), len(group),
                   *figures(kind, group, number, 1),
                   best_at(group, well(kind), number),
                   signed_percent(rise_at(group, 1, number)),
                   within_rise(kind, group, number)]


def report(done, folder):
    rows, panels = [], []
    for kind, cells_ in grouped(done, "kind").items():
        groups = grouped(cells_, "method")
        rows += lines(kind, groups)
        wanted = "neither rude nor of the sea" if kind == "removal" \
            else "rude and of the sea"
        panel = Panel(f"{kind}, both maps", "strength",
                      f"grammatical and {wanted} (%)", x_lines=(1,))
        for method, group in groups.items():
            panel.series.append(strength_series(
                method, style(method), group,
                lambda c, s, kind=kind: at_strength(c, s, well(kind), 2)))
        panels.append(panel)
    write(panels, folder / "composition.svg")
    return "\n\n".join([
        picture("composition", "Joint success of two maps"),
        table(["kind", "method", "maps", "seeds", "rude at 1 (%)",
               "sea at 1 (%)", "joint success at 1 (%)",
               "and grammatical (%)", "at its best strength (%)",
               "perplexity at 1 (%)", "joint success at +3% (%)"], rows)])
