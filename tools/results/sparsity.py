"""Experiment 4: sparsity. The share of neurons that a map may move, and the
number of steps, one concept. By SGD, as the published recipe: supports of
Adam's proximal steps are all or nothing, since those do not shrink with the
gradient. Beside it maps learned anew, without the penalty, on the neurons that
`--optimizer auto` finds: what the support can carry when nothing shrinks it.
"""

from lab import CONCEPTS
from plans import SEEDS, learn, measure
from plot import Panel, write
from report import (at_strength, grouped, one_a_seed, percent, picture, plain,
                    rise_at, series, signed_percent, table)
from tradeoff import over_seeds, part, shown

CONCEPT = "tone"
VALUE = shown(CONCEPTS[CONCEPT]["concept"])
SUPPORTS = ("100", "1", "10", "3", "0.3", "0.1")  # %, the telling ones first
SETTING = ("all norms", "")  # scales and shifts
FEW, MANY, MOST = 100, 1000, 10000
REFIT = "300 + 300 without penalty (auto)"
STRENGTHS = (0, 1)
QUESTIONS = 200


def recipe(support, steps, seed):
    """Seed 0 searches the penalty that leaves the support asked for; other
    seeds, and the longest runs, take the penalty found there, and report the
    support that it gave them."""
    options = ["--optimizer", "sgd", "--lr", "0.1", "--steps", steps]

    def of(*more):
        return learn("lineas", CONCEPT, seed, setting=SETTING,
                     options=[*options, *more])

    if support == "100":
        return of()
    searched = min(steps, MANY)
    if (searched, seed) == (steps, SEEDS[0]):
        return of("--support-budget", support + "%")
    return of() | {
        "penalty_of": recipe(support, searched, SEEDS[0])}


def refit_recipe(support, seed):
    """Each seed searches: the penalised descent of auto is fast."""
    return learn("lineas", CONCEPT, seed, setting=SETTING,
                 options=["--support-budget", support + "%", "--optimizer",
                          "auto", "--steps", 300, "--refit-steps", 300])


def cell(support, steps, seed):
    map_ = (refit_recipe(support, seed) if steps == REFIT
            else recipe(support, steps, seed))
    return {"support": support, "steps": steps, "seed": seed}, {
        "maps": {"map": map_},
        "measure": [measure(["map"], CONCEPT, seed, STRENGTHS,
                            count=500, questions=QUESTIONS)]}


def cells():
    """A full first seed, then the other seeds, then the two longest."""
    yield from (cell(s, n, SEEDS[0]) for n in (FEW, MANY) for s in SUPPORTS)
    yield from (cell(s, n, seed) for seed in SEEDS[1:] for n in (FEW, MANY)
                for s in SUPPORTS)
    yield from (cell("1", REFIT, seed) for seed in SEEDS)
    yield from (cell(s, MOST, SEEDS[0]) for s in ("100", "1"))


def support_of(cell_):
    facts = cell_["result"]["learned"]["map"]
    return facts["support"] / facts["neurons"]


def right(row):
    return row["choices"]["right"] / row["choices"]["asked"]


def remaining(row):
    return row["matching"]["remaining"]


def rude(group):
    return at_strength(group, 1, VALUE)


def moved(group):
    return over_seeds(map(support_of, group))


def panels_of(by_steps, no_map):
    """by_steps: {steps: {support: cells}}; no_map: the rate without a map."""
    def panel(title, y_label, figure, **axis):
        lines = [series("auto, refitted" if steps == REFIT
                        else f"{steps} steps", number,
                        [(100 * moved(group).mean, figure(group))
                         for group in groups.values()])
                 for number, (steps, groups) in enumerate(by_steps.items())]
        return Panel(title, "neurons moved (%)", y_label, lines, x_log=True,
                     **axis)

    return [panel("rude texts", "rude texts (%)", rude, y_range=(0, 50),
                  y_line=(100 * no_map.mean, "no map")),
            panel("held-out prompts", "matching left (%)",
                  lambda c: at_strength(c, 1, remaining), y_range=(0, 105)),
            panel("perplexity of neutral stories",
                  "perplexity, % above strength 0", lambda c: rise_at(c, 1),
                  y_range=(-1, 1)),
            panel("held-out questions", "multiple choice right (%)",
                  lambda c: at_strength(c, 1, right), y_range=(0, 100))]


def line_of(steps, support, group):
    return [steps, support, len(group), percent(moved(group), 2),
            percent(rude(group)), signed_percent(rise_at(group, 1)),
            percent(at_strength(group, 1, right)),
            percent(at_strength(group, 1, part("grammatical"))),
            plain(at_strength(group, 1, remaining))]


def report(done, folder):
    by_key = grouped(done, "steps", "support")
    by_steps = {steps: {support: by_key[steps, support]
                        for support in sorted(SUPPORTS, key=float)
                        if (steps, support) in by_key}
                for steps in (FEW, MANY, MOST, REFIT)}
    no_map = at_strength(one_a_seed(done), 0, VALUE)
    write(panels_of(by_steps, no_map), folder / "sparsity.svg", columns=2)
    return "\n\n".join([
        picture("sparsity", "Effect, perplexity and multiple choice by "
                "support"),
        table(["steps", "asked for (%)", "seeds", "neurons moved (%)",
               "rude at 1 (%)", "perplexity at 1 (%)",
               "multiple choice at 1 (%)", "grammatical at 1 (%)",
               "matching left at 1"],
              [line_of(steps, support, group)
               for steps, groups in by_steps.items()
               for support, group in groups.items()])])
