"""Which sites and variant every method is given: chosen on selection openings
and prompts that no other experiment uses, one concept, one seed. The winners
stand in best.json.
"""

from lab import CONCEPTS
from plans import METHODS, SELECTION_SEED, SITES, VARIANTS, learn, measure
from report import at_rise, grouped, percent, rows_of, table
from tradeoff import RISE, SMALL_RISE, best_within, shown

CONCEPT = "tone"
COUNT, NEUTRAL = 150, 150
STRENGTHS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3)


def cells():
    for sites in SITES:
        for method in METHODS:
            for variant in VARIANTS.get(method, ("",)):
                key = {"method": method, "variant": variant, "sites": sites}
                yield key, {
                    "maps": {"map": learn(method, CONCEPT, SELECTION_SEED,
                                          setting=(sites, variant))},
                    "measure": [measure(
                        ["map"], CONCEPT, SELECTION_SEED, STRENGTHS,
                        openings=CONCEPTS[CONCEPT]["selection"], count=COUNT,
                        neutral=NEUTRAL, held=False)]}


def choose(done):
    """{method: [sites, variant]}: the lowest rate at +0.5%."""
    value = shown(CONCEPTS[CONCEPT]["concept"])
    by_method = grouped(done, "method")

    def rate(cell):
        return best_within(rows_of(cell), value, SMALL_RISE).value

    best = {method: min(by_method[method], key=rate)["key"]
            for method in METHODS}
    return {method: [key["sites"], key["variant"]]
            for method, key in best.items()}


def table_of(done, rise, head):
    value = shown(CONCEPTS[CONCEPT]["concept"])
    rows = []
    for (method, variant), group in grouped(done, "method", "variant").items():
        by_sites = grouped(group, "sites")
        rows.append([f"{method} {variant}".strip(),
                     *(percent(at_rise(by_sites[sites], value, rise=rise)[0])
                       if sites in by_sites else "" for sites in SITES)])
    return table([head, *SITES], rows)


def report(done, _folder):
    return "\n\n".join([
        table_of(done, SMALL_RISE, "rude texts at +0.5% (%)"),
        table_of(done, RISE, "rude texts at +3% (%)")])
