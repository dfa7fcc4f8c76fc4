"""Experiment 5: composition. Two removals at once (rude texts, texts of the
sea), and the inverses of both, which ought to induce what the maps remove.
"""

from lab import CONCEPTS
from plans import SEEDS, learn, measure, style
from plot import Panel, write
from report import (at_rise, at_strength, grouped, percent, picture, rise_at,
                    signed_percent, strength_text, table, tradeoff_series)
from tradeoff import part, shown

FIRST, SECOND = "tone", "sea"
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
                openings = CONCEPTS[SECOND if kind == "removal"
                                    else FIRST]["openings"]
                key = {"kind": kind, "method": method, "seed": seed}
                yield key, {
                    "maps": maps_of(method, seed, kind),
                    "measure": [
                        measure(maps, FIRST, seed, STRENGTHS, openings,
                                others=[SECOND], held=False)
                        for maps in SETS]}


def line(kind, method, group, number, maps):
    joint = part("none" if kind == "removal" else "all")
    best, strength, reached = at_rise(group, joint, number, highest=True)
    return [kind, method, " + ".join(maps), len(group),
            *(percent(at_strength(group, 1, shown(CONCEPTS[c]["concept"]),
                                  number)) for c in (FIRST, SECOND)),
            percent(at_strength(group, 1, joint, number)),
            signed_percent(rise_at(group, 1, number)),
            percent(best), strength_text(strength, reached)]


def report(done, folder):
    by_key = grouped(done, "kind", "method")
    names = ([CONCEPTS[FIRST]["concept"]], [CONCEPTS[SECOND]["concept"]],
             [CONCEPTS[c]["concept"] for c in (FIRST, SECOND)])
    rows, panels = [], []
    for kind in KINDS:
        joint = part("none" if kind == "removal" else "all")
        panel = Panel(f"{kind}, both maps", "perplexity of other text (%)",
                      ("neither" if kind == "removal" else "both") +
                      " of the two (%)", x_range=(-1, 20), x_line=3)
        for method in METHODS:
            group = by_key.get((kind, method))
            if not group:
                continue
            if not rows or rows[-1][0] != kind:
                base = line(kind, "none", group, 0, [])
                rows.append(base[:4] + [
                    percent(at_strength(group, 0, value)) for value in
                    (shown(names[0][0]), shown(names[1][0]), joint)]
                    + [""] * 3)
            rows += [line(kind, method, group, i, names[i]) for i in range(3)]
            panel.series.append(tradeoff_series(method, style(method), group,
                                                joint, 2))
        panels.append(panel)
    write(panels, folder / "composition.svg")
    return "\n\n".join([
        picture("composition", "Joint success of two maps"),
        table(["kind", "method", "maps", "seeds", "rude at 1 (%)",
               "sea at 1 (%)", "joint success at 1 (%)", "perplexity at 1 (%)",
               "joint success at +3% (%)", "strength there"], rows)])
