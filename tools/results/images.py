"""Experiment 8: pictures. Styles induced, negated objects removed, both at once,
on the bundled picture model, as its oracle reads them."""

from lab import PICTURE_CONCEPTS, PICTURE_MODEL
from plans import SEEDS, TAKE
from plot import Panel, write
from report import (at_strength, grouped, percent, picture, rows_of,
                    strength_series, table)

STRENGTHS = (0, 0.25, 0.5, 0.75, 1)
FULL = ("style=sketch", "style=neon", "remove")  # three seeds
ONE_SEED = ("style=pixel",)
SITES = "unet.*norm.*"
# Of the selection prompts: see settings in docs/results/README.md.
METHODS = {
    "lineas": ["--method", "lineas", "--optimizer", "adam", "--lr", "0.01",
               "--steps", "100"],
    "linear-act": ["--method", "linear-act"],
    "mean-act": ["--method", "mean-act"],
}
OTHERS = ("mean-act", "random map")  # on one concept
TAKES = (4, 8, 16, 32, 64, 128)
STEPS = 4  # of the sampler
PROMPTS = 300
KEPT = 0.95


def recipe(method, concept, seed, take=TAKE):
    return {"learn": [*METHODS[method], "--sites", SITES, "-s", str(seed),
                      "--noise-seed", str(1000 * seed), "--sampler-steps",
                      str(STEPS)],
            "concept": concept, "take": take, "rotate": TAKE * seed}


def measure(maps, prompts, seed, strengths=STRENGTHS):
    return {"model": PICTURE_MODEL, "maps": list(maps), "seed": 10000 + seed,
            "prompts": prompts, "prompt_count": PROMPTS, "steps": STEPS,
            "strengths": list(strengths)}


def plan(method, concept, seed, take=TAKE):
    maps = {"map": recipe("lineas" if method == "random map" else method,
                          concept, seed, take)}
    if method == "random map":
        maps = {"learned": maps["map"],
                "map": {"shuffled": "learned", "seed": seed}}
    prompts = PICTURE_CONCEPTS[concept]["prompts"]
    return {"maps": maps, "measure": [measure(["map"], prompts, seed)]}


def keys():
    for seed in SEEDS:
        for concept in FULL:
            for method in ("lineas", "linear-act"):
                yield method, concept, seed, TAKE
    for method in OTHERS:
        for concept in ("style=sketch", "remove"):
            yield method, concept, 0, TAKE
    for concept in ONE_SEED:
        yield "lineas", concept, 0, TAKE
    for take in TAKES:
        if take != TAKE:
            yield "lineas", "style=sketch", 0, take


def cells():
    for method, concept, seed, take in keys():
        yield {"method": method, "concept": concept, "seed": seed,
               "take": take}, plan(method, concept, seed, take)
    both = {"style": recipe("lineas", "style=sketch", 0),
            "remove": recipe("lineas", "remove", 0)}
    yield {"method": "lineas", "concept": "style=sketch + remove", "seed": 0,
           "take": TAKE}, {
        "maps": both,
        "measure": [measure(["style", "remove"],
                            PICTURE_CONCEPTS["remove"]["prompts"], 0)]}


# The page -----------------------------------------------------------------
def effect(concept):
    """The share that is to rise (a style), or to fall (a negated object)."""
    if concept.startswith("style="):
        style = concept.split("=")[1].split(" ")[0]
        return lambda row: row["styles"].get(style, 0)
    return lambda row: row["negated"]


def kept(row):
    return row["kept"]


def best_while_kept(group, concept):
    """The effect at the largest strength with 95% kept, on a line between the
    strengths measured, and that strength; means over seeds."""
    figure, found = effect(concept), []
    for cell in group:
        rows = rows_of(cell)
        last = rows[0]
        for row in rows[1:]:
            if row["kept"] < KEPT:
                part = (last["kept"] - KEPT) / (last["kept"] - row["kept"])
                found.append((last["strength"] + part *
                              (row["strength"] - last["strength"]),
                              figure(last) + part * (figure(row) -
                                                     figure(last))))
                break
            last = row
        else:
            found.append((last["strength"], figure(last)))
    strengths, values = zip(*found)
    return sum(strengths) / len(found), sum(values) / len(found)


def line_of(key, group):
    concept, method, take = key
    figure = effect(concept)
    strength, value = best_while_kept(group, concept)
    return [concept, method, take, len(group),
            percent(at_strength(group, 0, figure)),
            percent(at_strength(group, 1, figure)),
            percent(at_strength(group, 1, kept)),
            percent(at_strength(group, 1, lambda row: row["things"])),
            f"{100 * value:.1f}", f"{strength:.2f}"]


def style_of(method):
    return ("lineas", "linear-act", "mean-act", "random map").index(method)


def panels_of(found):
    panels = []
    for concept in ("style=sketch", "remove"):
        groups = {key[1]: group for key, group in found.items()
                  if key[0] == concept and key[2] == TAKE}
        figure = effect(concept)
        for label, value in ((concept, figure), ("kept", kept)):
            panels.append(Panel(
                f"{label}, {concept}" if label == "kept" else label,
                "strength", f"{label} (%)",
                [strength_series(method, style_of(method), group,
                                 lambda c, s, v=value: at_strength(c, s, v))
                 for method, group in groups.items()], x_lines=(1,)))
    return panels


def report(done, folder):
    found = grouped(done, "concept", "method", "take")
    write(panels_of(found), folder / "images.svg", columns=2)
    head = ["concept", "method", "prompts a side", "seeds", "effect at 0",
            "at 1", "kept at 1", "objects right at 1",
            "effect at 95% kept", "strength"]
    return "\n\n".join([
        picture("images", "Effect and what is kept, over strength"),
        table(head, [line_of(key, group) for key, group in found.items()])])
