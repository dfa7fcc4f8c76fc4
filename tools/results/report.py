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


def signed_percent(value, digits=1):
    """A change; of one that is beyond all use, only that."""
    if value.mean > BROKEN:
        return f"over +{100 * BROKEN}"
    text = percent(value, digits)
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


def rows_of(cell, number=0):
    return cell["result"]["measured"][number]


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
    """The trade-off figure of every cell: mean value, mean strength, and
    whether each cell's perplexity went beyond the allowance."""
    found = [best_within(rows_of(c, number), value_of, rise, highest)
             for c in cells]
    return (over_seeds(f.value for f in found),
            over_seeds(f.strength for f in found),
            all(f.reached for f in found))


def there(cells, value_of, also, number=0):
    """`also` at each cell's own strength of the trade-off figure."""
    return over_seeds(
        value_at(rows, best_within(rows, value_of).strength, also)
        for rows in (rows_of(c, number) for c in cells))


def best_at(cells, value_of, number=0):
    """"12.3 ± 0.4 (0.75)": the highest mean over the cells of a share, and the
    strength that has it."""
    value, strength = max(
        ((at_strength(cells, row["strength"], value_of, number),
          row["strength"]) for row in rows_of(cells[0], number)),
        key=lambda found: found[0].mean)
    return f"{percent(value)} ({strength:g})"


def strength_text(strength, reached):
    """The mean strength; "to 3" style where no cell met the allowance."""
    return f"{strength.mean:.2f}" + ("" if reached else " (+3% not met)")


def curve_series(name, style, cells, x_of, y_of):
    """x_of(cells, strength) against y_of(cells, strength), both in %, strength
    by strength."""
    points = []
    for row in rows_of(cells[0]):
        x, y = (of(cells, row["strength"]) for of in (x_of, y_of))
        points.append((100 * x.mean, 100 * y.mean,
                       None if y.error is None else 100 * y.error))
    return Series(name, points, style)


def strength_series(name, style, cells, figure):
    """Strength against figure(cells, strength), a Value in %."""
    points = []
    for row in rows_of(cells[0]):
        value = figure(cells, row["strength"])
        points.append((row["strength"], 100 * value.mean,
                       None if value.error is None else 100 * value.error))
    return Series(name, points, style)
