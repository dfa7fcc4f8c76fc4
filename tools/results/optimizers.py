"""Experiment 6: `--optimizer auto` against the published program's optimizers,
loss over time, on two models.
"""

from lab import CONCEPTS, STORIES
from plans import SEEDS, learn, match_stories, measure
from plot import Panel, Series, write
from report import (at_strength, grouped, percent, picture, plain, table)
from tradeoff import over_seeds, shown

CONCEPT = "tone"
VALUE = shown(CONCEPTS[CONCEPT]["concept"])
REFERENCES = {
    **{f"adam {lr}": ["--optimizer", "adam", "--lr", lr]
       for lr in ("0.01", "0.003", "0.03", "0.001")},
    **{f"sgd {lr}": ["--optimizer", "sgd", "--lr", lr]
       for lr in ("0.1", "0.03", "0.3")},
}
STEPS = 1000
OURS = "auto"
OPTIMIZERS = {OURS: ["--optimizer", "auto"],
              **{name: [*options, "--steps", STEPS]
                 for name, options in REFERENCES.items()}}
SETTING = ("all norms", "")
# Losses of bfloat16 responses differ by so much of themselves between points
# that are next to each other.
ROUNDING = 1e-3


def cell(model, name, seed):
    concept = {"tinytown": CONCEPT, "stories260K": STORIES}[model]
    request = match_stories(["map"], seed) if concept == STORIES \
        else measure(["map"], concept, seed, (0, 1))
    return {"model": model, "optimizer": name, "seed": seed}, {
        "maps": {"map": learn("lineas", concept, seed, setting=SETTING,
                              options=OPTIMIZERS[name])},
        "measure": [request]}


def cells():
    for seed in SEEDS:
        for model in ("tinytown", "stories260K"):
            yield from (cell(model, name, seed) for name in OPTIMIZERS)


def curve(cell):
    return cell["result"]["learned"]["map"]["curve"]


def time_to(points, loss):
    """Seconds until a curve is at that loss for good, or None."""
    below = None
    for seconds, value in points:
        if value > loss:
            below = None
        elif below is None:
            below = seconds
    return below


def best_reference(cells_):
    """Final loss and seconds of the reference that ends lowest."""
    ends = [curve(c)[-1] for c in cells_ if c["key"]["optimizer"] != OURS]
    return min(((loss, seconds) for seconds, loss in ends), default=None)


def share_of_time(by_seed, cell_, slack=0.0):
    """How long a cell takes to the best reference's final loss (or `slack` of
    it above), as a share of that reference's time; None where it does not get
    there."""
    best = best_reference(by_seed[cell_["key"]["seed"]])
    seconds = best and time_to(curve(cell_), best[0] * (1 + slack))
    return seconds and seconds / best[1]


def shares(by_seed, group, slack=0.0):
    found = [share_of_time(by_seed, c, slack) for c in group]
    return "-" if None in found else plain(over_seeds(found), 3)


def lines(model, cells_):
    """A line an optimizer."""
    by_seed = grouped(cells_, "seed")
    by_name = grouped(cells_, "optimizer")
    for name in filter(by_name.get, OPTIMIZERS):
        group = by_name[name]
        yield [
            model, name, len(group),
            plain(over_seeds(curve(c)[-1][1] for c in group), 5),
            plain(over_seeds(curve(c)[-1][0] for c in group), 1),
            shares(by_seed, group), shares(by_seed, group, ROUNDING),
            plain(at_strength(group, 1, lambda r: r["matching"]["loss"]), 4),
            "" if model != "tinytown"
            else percent(at_strength(group, 1, VALUE))]


def panel_of(model, cells_):
    panel = Panel(f"{model}, seed 0", "seconds of learning", "loss",
                  x_log=True, y_log=True)
    panel.series = [
        Series(name, curve(c), number) for number, name in enumerate(OPTIMIZERS)
        for c in cells_ if (c["key"]["optimizer"], c["key"]["seed"]) ==
        (name, SEEDS[0])]
    return panel


def report(done, folder):
    by_model = grouped(done, "model")
    write([panel_of(*both) for both in by_model.items()],
          folder / "optimizers.svg")
    return "\n\n".join([
        picture("optimizers", "Loss over time"),
        table(["model", "optimizer", "seeds", "final loss", "seconds",
               "time to the best reference's loss / its time",
               "to 0.1% above it", "held-out matching loss",
               "rude at 1 (%)"],
              [row for both in by_model.items() for row in lines(*both)])])
