"""Experiment 6: the default optimizer against the published program's, loss
over time, one concept.
"""

from lab import CONCEPTS
from plans import SEEDS, learn, measure
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


def cells():
    chosen = {OURS: ["--optimizer", "auto"],
              **{name: [*options, "--steps", STEPS]
                 for name, options in REFERENCES.items()}}
    for seed in SEEDS:
        for name, options in chosen.items():
            recipe = learn("lineas", CONCEPT, seed, options=options)
            if name == OURS:  # it has its own rate and number of steps
                recipe["learn"] = without(recipe["learn"], "--lr", "--steps")
            yield {"optimizer": name, "seed": seed}, {
                "maps": {"map": recipe},
                "measure": [measure(["map"], CONCEPT, seed, (0, 1))]}


def without(flags, *names):
    """A list of flags without some of them and what follows each."""
    return [word for i, word in enumerate(flags)
            if word not in names and (i == 0 or flags[i - 1] not in names)]


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


def reference_loss(done, seed):
    """The lowest final loss of the references of a seed, and its seconds."""
    ends = [curve(c)[-1] for c in done
            if c["key"]["seed"] == seed and c["key"]["optimizer"] != OURS]
    return min(((loss, seconds) for seconds, loss in ends), default=None)


def share_of_time(done, cell):
    """How long a cell takes to the best reference's final loss, as a share of
    that reference's time; None where it does not get there."""
    best = reference_loss(done, cell["key"]["seed"])
    seconds = best and time_to(curve(cell), best[0])
    return seconds and seconds / best[1]


def report(done, folder):
    rows = []
    by_name = grouped(done, "optimizer")
    first = [c for c in done if c["key"]["seed"] == SEEDS[0]]
    panel = Panel("matching loss, seed 0", "seconds of learning", "loss",
                  x_log=True, y_log=True)
    for number, name in enumerate([OURS, *REFERENCES]):
        group = by_name.get(name)
        if not group:
            continue
        shares = [share_of_time(done, c) for c in group]
        rows.append([
            name, len(group), plain(over_seeds(curve(c)[-1][1] for c in group),
                                    4),
            plain(over_seeds(curve(c)[-1][0] for c in group), 1),
            "-" if None in shares else plain(over_seeds(shares)),
            plain(at_strength(group, 1, lambda r: r["matching"]["loss"]), 4),
            percent(at_strength(group, 1, VALUE))])
        panel.series += [Series(name, curve(c), number) for c in first
                         if c["key"]["optimizer"] == name]
    write([panel], folder / "optimizers.svg")
    return "\n\n".join([
        picture("optimizers", "Loss over time"),
        table(["optimizer", "seeds", "final loss", "seconds",
               "time to the best reference's loss / its time",
               "held-out matching loss", "rude at 1 (%)"], rows)])
