"""Parts of a report: Markdown tables of figures with their errors. Knows
nothing of single experiments.
"""

import math

from plot import Series
from tradeoff import (RISE, best_within, over_seeds, relative_perplexity, row_at,
                      value_at)

BROKEN = 10  # times the perplexity: no language model is left


def percent(value, digits=1):
    """12.3 ± 0.4, of a Value that is a share."""
    if not math.isfinite(value.mean):
        return "-"
    text = f"{100 * value.mean:.{digits}f}"
    return text if value.error is None \
        else f"{text} ± {100 * value.error:.{digits}f}"


def signed_percent(value):
    """A change; of one that is beyond all use, only that."""
    if value.mean > BROKEN:
        return f"over +{100 * BROKEN}"
    text = percent(value)
    return text if text[0] in "-" else "+" + text


def plain(value, digits=2):
    text = f"{value.mean:.{digits}f}"
    return text if value.error is None \
        else f"{text} ± {value.error:.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |"
                              for row in rows])


def picture(name, what):
    return f"![{what}]({name}.svg)"


def grouped(cells, *names):
    """{(value, ...): [cell, ...]} by the named parts of the keys, in order."""
    groups = {}
    for cell in cells:
        key = tuple(cell["key"][name] for name in names)
        groups.setdefault(key if len(names) > 1 else key[0], []).append(cell)
    return groups


def one_a_seed(cells):
    """A cell of each seed: at strength 0 all of a seed's are the same."""
    return list({cell["key"]["seed"]: cell for cell in cells}.values())


def rows_of(cell, number=0):
    return cell["result"]["measured"][number]


def strengths_of(cells):
    return [row["strength"] for row in rows_of(cells[0])]


def at_strength(cells, strength, value_of, number=0):
    """Mean over the cells of a figure of the row at a strength."""
    return over_seeds(value_of(row_at(rows_of(c, number), strength))
                      for c in cells)


def rise_at(cells, strength, number=0):
    return over_seeds(
        relative_perplexity(rows_of(c, number),
                            row_at(rows_of(c, number), strength))
        for c in cells)


def at_rise(cells, value_of, number=0, highest=False, rise=RISE):
    """The trade-off figure of every cell: mean value, mean strength, and of
    each cell whether its perplexity went beyond the allowance."""
    found = [best_within(rows_of(c, number), value_of, rise, highest)
             for c in cells]
    return (over_seeds(f.value for f in found),
            over_seeds(f.strength for f in found),
            [f.reached for f in found])


def there(cells, value_of, also):
    """`also` at each cell's own strength of the trade-off figure."""
    return over_seeds(
        value_at(rows, best_within(rows, value_of).strength, also)
        for rows in map(rows_of, cells))


def best_at(cells, value_of, number=0):
    """"12.3 ± 0.4 (0.75)": the highest mean over the cells of a share, and the
    strength that has it."""
    value, strength = max(
        ((at_strength(cells, row["strength"], value_of, number),
          row["strength"]) for row in rows_of(cells[0], number)),
        key=lambda found: found[0].mean)
    return f"{percent(value)} ({strength:g})"


def strength_text(strength, reached):
    """The mean strength, and how many of the cells did not meet the allowance:
    a stronger map might do more there."""
    missed = f", not met by {reached.count(False)} of {len(reached)}"
    return f"{strength.mean:.2f}" + ("" if all(reached) else missed)


def series(name, style, figures, scale=100):
    """A line through pairs of a place on the x axis and a Value; a share is
    shown in %."""
    return Series(name, [(x, scale * value.mean,
                          None if value.error is None else scale * value.error)
                         for x, value in figures], style)


def strength_series(name, style, cells, figure):
    """figure(cells, strength) over the strengths."""
    return series(name, style, [(s, figure(cells, s))
                                for s in strengths_of(cells)])
