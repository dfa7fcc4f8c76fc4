"""Which sites every method is given: chosen on selection openings and prompts
that no other experiment uses, one seed. Its winners stand in plans.BEST_SITES.
"""

from lab import CONCEPTS
from plans import (METHODS, SELECTION_SEED, SITES, STRENGTHS, learn, measure)
from report import at_rise, grouped, percent, table
from tradeoff import shown

CONCEPT = "tone"


def cells():
    for sites in SITES:
        for method in METHODS:
            key = {"method": method, "sites": sites}
            yield key, {
                "maps": {"map": learn(method, CONCEPT, SELECTION_SEED,
                                      sites=sites)},
                "measure": [measure(["map"], CONCEPT, SELECTION_SEED, STRENGTHS,
                                    CONCEPTS[CONCEPT]["selection"], 200,
                                    held=False, neutral=150)]}


def report(done, _folder):
    by_key = grouped(done, "method", "sites")
    value = shown(CONCEPTS[CONCEPT]["concept"])
    rows = []
    for method in METHODS:
        row = [method]
        for sites in SITES:
            group = by_key.get((method, sites))
            row.append(percent(at_rise(group, value)[0]) if group else "")
        rows.append(row)
    return table(["rude texts at +3% (%)", *SITES], rows)
