"""Experiment 6: `--optimizer auto` against the published program's optimizers,
loss over time, on two models.
"""

from lab import CONCEPTS, STORIES
from plans import SEEDS, learn, match_stories, measure
from plot import Panel, Series, write
from report import (at_strength, grouped, percent, picture, plain, rise_at,
                    rows_of, signed_percent, table)
from tradeoff import over_seeds, part, row_at, shown

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


def seconds(cell_):
    return curve(cell_)[-1][0]


def steps_of(cell_):
    learned = cell_["result"]["learned"]["map"]
    return learned.get("steps", STEPS)  # cells of before it was kept


def step_seconds(cell_):
    """Of one step, on average, without what is done before the first."""
    return (seconds(cell_) - curve(cell_)[0][0]) / max(1, steps_of(cell_) - 1)


def share(cell_, time):
    """A time of a run as a share of STEPS of its steps: all optimizers' steps
    are the same work, and runs on other machines, or beside other work, can be
    compared. What comes before the first step is in it."""
    return time / step_seconds(cell_) / STEPS


def cost(cell_):
    return share(cell_, seconds(cell_))


def loss(cell_):
    return curve(cell_)[-1][1]


def held_out(cell_):
    return row_at(rows_of(cell_), 1)["matching"]["loss"]


def best_reference(cells_):
    """The reference that ends lowest, or None."""
    return min((c for c in cells_ if c["key"]["optimizer"] != OURS),
               key=loss, default=None)


def against_best(by_seed, group, ratio):
    """ratio(cell, the best reference of its seed), over the seeds; None where
    one has none."""
    pairs = [(c, best_reference(by_seed[c["key"]["seed"]])) for c in group]
    found = [best and ratio(c, best) for c, best in pairs]
    return None if None in found else over_seeds(found)


def time_to_its_loss(cell_, best):
    found = time_to(curve(cell_), loss(best))
    return found and share(cell_, found)


def of_texts(model, group):
    """What texts are like at strength 1; stories260K's are not counted."""
    if model != "tinytown":
        return [""] * 4
    rude, whole, free = (percent(at_strength(group, 1, value)) for value in
                         (VALUE, part("grammatical"), part("grammatical_none")))
    return [rude, signed_percent(rise_at(group, 1)), whole, free]


def lines(model, cells_):
    """A line an optimizer."""
    by_seed = grouped(cells_, "seed")
    by_name = grouped(cells_, "optimizer")
    for name in filter(by_name.get, OPTIMIZERS):
        group = by_name[name]

        def against(ratio, say):
            found = against_best(by_seed, group, ratio)
            return "-" if found is None else say(found)

        def digits(value):
            return plain(value, 3)

        yield [
            model, name, len(group),
            plain(over_seeds(map(loss, group)), 5),
            against(lambda c, best: loss(c) / loss(best) - 1, signed_percent),
            plain(over_seeds(map(held_out, group)), 5),
            against(lambda c, best: held_out(c) / held_out(best) - 1,
                    signed_percent),
            plain(over_seeds(map(steps_of, group)), 0),
            digits(over_seeds(map(cost, group))),
            against(time_to_its_loss, digits),
            *of_texts(model, group)]


def in_steps(cell_):
    """The curve, with times in steps."""
    return [(STEPS * share(cell_, s), value) for s, value in curve(cell_)]


def panel_of(title, y_label, cells_, points_of, **axis):
    by_name = grouped(cells_, "optimizer")
    return Panel(title, "time, in steps", y_label,
                 [Series(name, points_of(c), number, mark_every=6)
                  for number, name in enumerate(OPTIMIZERS)
                  for c in by_name.get(name, [])], x_log=True, **axis)


def whole(model, cells_):
    return panel_of(f"{model}, seed {SEEDS[0]}", "learned loss", cells_, in_steps,
                    y_log=True)


def ends(model, cells_):
    """The last parts of the curves that end low: where all is shown, these
    cover one another."""
    least = min(map(loss, cells_))
    times = [STEPS * cost(c) for c in cells_]
    return panel_of(f"{model}, seed {SEEDS[0]}: lowest ends",
                    "learned loss, % above the lowest", cells_,
                    lambda c: [(s, 100 * (value / least - 1))
                               for s, value in in_steps(c)],
                    x_range=(min(times) / 10, 1.2 * max(times)),
                    y_range=(-1, 30))


def panels_of(done):
    """A row of whole curves, and one of their ends."""
    by_model = grouped((c for c in done if c["key"]["seed"] == SEEDS[0]),
                       "model")
    return [of(*both) for of in (whole, ends) for both in by_model.items()]


def report(done, folder):
    by_model = grouped(done, "model")
    write(panels_of(done), folder / "optimizers.svg", columns=len(by_model))
    return "\n\n".join([
        picture("optimizers", f"Learned loss over time, seed {SEEDS[0]}"),
        "Against the best reference: of each seed, the one that ends at the "
        "least loss.",
        table(["model", "optimizer", "seeds", "final loss",
               "against the best (%)", "held-out matching loss",
               "against the best (%)", "steps",
               f"time, in {STEPS} steps", "time to the best's loss",
               "rude at 1 (%)",
               "perplexity at 1 (%)", "grammatical at 1 (%)",
               "grammatical and free of it at 1 (%)"],
              [row for both in by_model.items() for row in lines(*both)])])
