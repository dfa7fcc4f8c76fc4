"""Line plots as SVG text: panels in rows, series with error bars, one legend.
The same input gives the same bytes. Standard library only; knows nothing of
what is plotted.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

# Okabe and Ito's colours, which stay apart for colour-blind eyes; every series
# also has a marker of its own.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
           "#000000", "#7F7F7F", "#8C6D31", "#5B3A8C")
MARKERS = "ostdvxp+z"
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"
WIDTH, HEIGHT = 330, 270  # of a panel, its labels within
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 30, 46
LEGEND_ROW, LEGEND_COLUMN = 20, 150


@dataclass
class Series:
    name: str
    points: list  # (x, y) or (x, y, error)
    style: int = 0  # number of its colour and marker
    mark_every: int = 1  # of so many points one is marked, and the last


@dataclass
class Panel:
    title: str
    x_label: str
    y_label: str
    series: list = field(default_factory=list)
    x_range: tuple | None = None
    y_range: tuple | None = None
    x_log: bool = False
    y_log: bool = False
    x_ticks: tuple = ()  # instead of round numbers
    x_lines: tuple = ()  # marked places on the x axis
    y_line: tuple | None = None  # a marked value on the y axis, and its name


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def tick_text(value):
    return f"{value:.6g}" if abs(value) >= 1e-4 or value == 0 \
        else f"{value:.0e}"


def linear_ticks(low, high):
    """About six round numbers within [low, high]."""
    raw = (high - low) / 6
    size = 10 ** math.floor(math.log10(raw))
    step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw - 1e-12)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]


def log_ticks(low, high):
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for mantissas in ((1,), (1, 3), (1, 2, 5)):
        ticks = [m * 10 ** p for p in powers for m in mantissas]
        ticks = [t for t in ticks if low * 0.999 <= t <= high * 1.001]
        if len(ticks) >= 3:
            break
    return ticks


@dataclass
class Axis:
    """One direction of a panel: values to pixels."""
    low: float
    high: float
    begin: float
    end: float
    log: bool

    def has_place_for(self, value):
        """Inside or outside: whether there is such a place at all."""
        return math.isfinite(value) and (value > 0 or not self.log)

    def at(self, value):
        place = math.log10 if self.log else float
        t = (place(value) - place(self.low)) / \
            (place(self.high) - place(self.low))
        return self.begin + t * (self.end - self.begin)

    def holds(self, value):
        return self.low <= value <= self.high

    def ticks(self):
        return log_ticks(self.low, self.high) if self.log \
            else linear_ticks(self.low, self.high)


def fitted(values, log):
    """A range around all values, with a little room."""
    values = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    if not values:
        return (1, 10) if log else (0, 1)
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** 0.05 if high > low else 2
        return low / room, high * room
    room = 0.05 * (high - low) or 1
    return low - room, high + room


def axes(panel, left, top):
    points = [p for s in panel.series for p in s.points]
    x_range = panel.x_range or fitted([p[0] for p in points], panel.x_log)
    errors = [p[2] if len(p) > 2 and p[2] and not panel.y_log else 0
              for p in points]
    y_range = panel.y_range or fitted(
        [p[1] + sign * e for p, e in zip(points, errors) for sign in (-1, 1)],
        panel.y_log)
    return (Axis(*x_range, left + LEFT, left + WIDTH - RIGHT, panel.x_log),
            Axis(*y_range, top + HEIGHT - BOTTOM, top + TOP, panel.y_log))


def text(x, y, content, anchor="middle", size=12, extra=""):
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" ' \
        f'text-anchor="{anchor}" {extra}>{escape(content)}</text>'


def line(x1, y1, x2, y2, stroke, extra=""):
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" ' \
        f'y2="{number(y2)}" stroke="{stroke}" {extra}/>'


def marker(x, y, style):
    colour = COLOURS[style % len(COLOURS)]
    kind = MARKERS[style % len(MARKERS)]
    shapes = {"s": ((-3, -3), (3, -3), (3, 3), (-3, 3)),
              "t": ((0, -4), (4, 3), (-4, 3)),
              "v": ((0, 4), (4, -3), (-4, -3)),
              "d": ((0, -4.5), (4, 0), (0, 4.5), (-4, 0)),
              "z": ((-4, -4), (4, -4), (-4, 4), (4, 4)),
              "p": ((0, -4), (4, -1), (2.5, 3.5), (-2.5, 3.5), (-4, -1))}
    if kind == "o":
        return f'<circle cx="{number(x)}" cy="{number(y)}" r="3.2" ' \
            f'fill="{colour}"/>'
    if kind in shapes:
        corners = " ".join(f"{number(x + dx)},{number(y + dy)}"
                           for dx, dy in shapes[kind])
        return f'<polygon points="{corners}" fill="{colour}"/>'
    arms = ((-3, -3, 3, 3), (-3, 3, 3, -3)) if kind == "x" \
        else ((-4, 0, 4, 0), (0, -4, 0, 4))
    return "".join(line(x + a, y + b, x + c, y + d, colour,
                        'stroke-width="2"') for a, b, c, d in arms)


def guides(panel, x, y):
    """Dashed lines at the marked places."""
    dashed = 'stroke-dasharray="4 3"'
    parts = [line(x.at(value), y.begin, x.at(value), y.end, "#888", dashed)
             for value in panel.x_lines]
    if panel.y_line:
        value, name = panel.y_line
        at = y.at(value)
        parts += [line(x.begin, at, x.end, at, "#888", dashed),
                  text(x.end - 4, at - 5, name, "end", 11)]
    return parts


def frame(panel, x, y):
    parts = [text((x.begin + x.end) / 2, y.end - 12, panel.title, size=13,
                  extra='font-weight="bold"')]
    for tick in panel.x_ticks or x.ticks():
        at = x.at(tick)
        parts += [line(at, y.begin, at, y.end, "#e4e4e4"),
                  text(at, y.begin + 16, tick_text(tick), size=11)]
    for tick in y.ticks():
        at = y.at(tick)
        parts += [line(x.begin, at, x.end, at, "#e4e4e4"),
                  text(x.begin - 6, at + 4, tick_text(tick), "end", 11)]
    middle = (y.begin + y.end) / 2
    side = x.begin - 44
    return parts + guides(panel, x, y) + [
        f'<rect x="{number(x.begin)}" y="{number(y.end)}" '
        f'width="{number(x.end - x.begin)}" '
        f'height="{number(y.begin - y.end)}" fill="none" stroke="#555"/>',
        text((x.begin + x.end) / 2, y.begin + 36, panel.x_label),
        text(side, middle, panel.y_label,
             extra=f'transform="rotate(-90 {number(side)} {number(middle)})"')]


def clipped(start, end, x, y):
    """Both ends of what lies within the axes of a line between two places, or
    None (Liang and Barsky)."""
    first, last = 0.0, 1.0
    for axis, a, b in zip((x, y), start, end):
        low, high = sorted((axis.begin, axis.end))
        if a == b:
            if not low <= a <= high:
                return None
            continue
        enters, leaves = sorted(((low - a) / (b - a), (high - a) / (b - a)))
        first, last = max(first, enters), min(last, leaves)
    if first >= last:
        return None
    return [tuple(a + t * (b - a) for a, b in zip(start, end))
            for t in (first, last)]


def path_of(points, x, y):
    """The line through the points, as far as it lies within the axes; it
    breaks at points that have no place."""
    steps, pen = [], None
    places = [(x.at(p[0]), y.at(p[1]))
              if x.has_place_for(p[0]) and y.has_place_for(p[1]) else None
              for p in points]
    for start, end in zip(places, places[1:]):
        ends = start and end and clipped(start, end, x, y)
        if not ends:
            continue
        texts = [f"{number(a)},{number(b)}" for a, b in ends]
        steps += [f"L{texts[1]}"] if texts[0] == pen \
            else [f"M{texts[0]}", f"L{texts[1]}"]
        pen = texts[1]
    return " ".join(steps)


def error_bar(point, x, y, colour):
    ends = [y.at(min(max(point[1] + sign * point[2], y.low), y.high))
            for sign in (-1, 1)]
    return line(x.at(point[0]), ends[0], x.at(point[0]), ends[1], colour)


def draw_series(series, x, y):
    """Points inside the axes, and the line through all, clipped there. The
    marked ones are counted from the last, where a curve ends."""
    colour = COLOURS[series.style % len(COLOURS)]
    parts, marks = [], []
    for i, point in enumerate(reversed(series.points)):
        if not (x.holds(point[0]) and y.holds(point[1])):
            continue
        if len(point) > 2 and point[2]:
            parts.append(error_bar(point, x, y, colour))
        if i % series.mark_every == 0:
            marks.append(marker(x.at(point[0]), y.at(point[1]), series.style))
    path = path_of(series.points, x, y)
    if path:
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" '
                     'stroke-width="1.6" stroke-linecap="round"/>')
    return parts + marks


def legend(panels, width, top):
    """Every series that has points, once, in rows."""
    names = {}
    for panel in panels:
        for series in filter(lambda s: s.points, panel.series):
            names.setdefault(series.name, series.style)
    columns = max(1, (width - 2 * RIGHT) // LEGEND_COLUMN)
    parts = []
    for i, (name, style) in enumerate(names.items()):
        x = LEFT / 2 + (i % columns) * LEGEND_COLUMN
        y = top + 14 + (i // columns) * LEGEND_ROW
        parts += [line(x, y, x + 22, y, COLOURS[style % len(COLOURS)],
                       'stroke-width="1.6"'),
                  marker(x + 11, y, style),
                  text(x + 28, y + 4, name, "start", 12)]
    return parts, top + 14 + LEGEND_ROW * math.ceil(len(names) / columns)


def draw(panels, columns=3):
    """The whole picture as SVG text."""
    columns = min(columns, len(panels))
    width = WIDTH * columns
    body = []
    for i, panel in enumerate(panels):
        x, y = axes(panel, i % columns * WIDTH, i // columns * HEIGHT)
        body += frame(panel, x, y)
        for series in panel.series:
            body += draw_series(series, x, y)
    below, height = legend(panels, width,
                           HEIGHT * math.ceil(len(panels) / columns))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" ' \
        f'height="{height}" viewBox="0 0 {width} {height}" {FONT}>'
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *body, *below, "</svg>"]) + "\n"


def write(panels, path, **layout):
    Path(path).write_text(draw(panels, **layout))
