"""Numbers out of measured rows: shares with their errors, means over seeds,
and the trade-off figure, the effect where perplexity has risen by 3%.

A row is what `bench_measure` prints for one strength. Nothing here knows of
files, methods or plots.
"""

import math
from dataclasses import dataclass

RISE = 0.03  # of perplexity, against strength 0
# In the bundled world, of 0.9 nat a token, +3% makes a text of 64 tokens 7 times
# less likely; at this rise it is 1.4 times.
SMALL_RISE = 0.005


@dataclass(frozen=True)
class Value:
    """A figure and its standard error (None where it cannot be told)."""
    mean: float
    error: float | None = None


def over_seeds(numbers):
    """Mean and standard error of the mean over seeds."""
    numbers = list(numbers)
    mean = sum(numbers) / len(numbers)
    if len(numbers) < 2:
        return Value(mean)
    variance = sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)
    return Value(mean, math.sqrt(variance / len(numbers)))


def row_at(rows, strength):
    for row in rows:
        if abs(row["strength"] - strength) < 1e-9:
            return row
    raise KeyError(f"no row of strength {strength}")


def relative_perplexity(rows, row):
    """The rise of perplexity against strength 0: 0.03 is +3%. Infinite where
    text is impossible: JSON has null for that."""
    if row["perplexity"] is None:
        return math.inf
    return row["perplexity"] / row_at(rows, 0)["perplexity"] - 1


@dataclass(frozen=True)
class AtRise:
    """The best value within the allowed rise, and the strength that has it.
    `reached`: whether some strength went beyond the allowance; where none did,
    a stronger map might do more."""
    value: float
    strength: float
    reached: bool


def best_within(rows, value_of, rise=RISE, highest=False):
    """The lowest (or highest) value of any strength whose perplexity is within
    `rise`, with straight lines between the measured strengths. Strength 0 is
    always within."""
    rows = sorted(rows, key=lambda row: row["strength"])
    points = [(row["strength"], relative_perplexity(rows, row), value_of(row))
              for row in rows]
    points = [p for p in points if all(map(math.isfinite, p))]
    within = [(v, s) for s, r, v in points if r <= rise]
    for (s1, r1, v1), (s2, r2, v2) in zip(points, points[1:]):
        if (r1 <= rise) != (r2 <= rise):
            t = (rise - r1) / (r2 - r1)
            within.append((v1 + t * (v2 - v1), s1 + t * (s2 - s1)))
    # Of equal values that of the least strength.
    value, strength = min(within, key=lambda found: (
        -found[0] if highest else found[0], found[1]))
    reached = len(points) < len(rows) or any(r > rise for _, r, _ in points)
    return AtRise(value, strength, reached)


def value_at(rows, strength, value_of):
    """A figure at a strength between the measured ones, on a straight line."""
    points = sorted((row["strength"], value_of(row)) for row in rows)
    for (s1, v1), (s2, v2) in zip(points, points[1:]):
        if s1 <= strength <= s2:
            return v1 + (v2 - v1) * (strength - s1) / (s2 - s1)
    raise ValueError(f"strength {strength} was not measured")


def shown(concept):
    """The share of texts that show the concept, of a row."""
    return lambda row: row["shown"][concept] / row["texts"]


def part(name):
    """The share of texts counted under `name`, of a row."""
    return lambda row: row[name] / row["texts"]
