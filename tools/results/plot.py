"""Line plots as SVG text: panels side by side, series with error bars, one
legend. The same input gives the same bytes. Standard library only; knows
nothing of what is plotted.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

# Okabe and Ito's colours, which stay apart for colour-blind eyes; every series
# also has a marker of its own.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
           "#000000", "#7F7F7F", "#8C6D31", "#5B3A8C")
MARKERS = "ostdvxp+"
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"
WIDTH, HEIGHT = 330, 270  # of a panel, its labels within
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 30, 46
LEGEND_ROW, LEGEND_COLUMN = 20, 150


@dataclass
class Series:
    name: str
    points: list  # (x, y) or (x, y, error)
    style: int = 0  # number of its colour and marker


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
    x_line: float | None = None  # a marked place on the x axis


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def tick_text(value):
    return f"{value:.6g}" if abs(value) >= 1e-4 or value == 0 \
        else f"{value:.0e}"


def linear_ticks(low, high, about=6):
    """Round numbers within [low, high]."""
    raw = (high - low) / about
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

    def at(self, value):
        place = math.log10 if self.log else float
        t = (place(value) - place(self.low)) / \
            (place(self.high) - place(self.low))
        return self.begin + t * (self.end - self.begin)

    def holds(self, value):
        return math.isfinite(value) and \
            min(self.low, self.high) <= value <= max(self.low, self.high)

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


def axes(panel, left):
    points = [p for s in panel.series for p in s.points]
    x_range = panel.x_range or fitted([p[0] for p in points], panel.x_log)
    errors = [p[2] if len(p) > 2 and p[2] and not panel.y_log else 0
              for p in points]
    y_range = panel.y_range or fitted(
        [p[1] + sign * e for p, e in zip(points, errors) for sign in (-1, 1)],
        panel.y_log)
    return (Axis(*x_range, left + LEFT, left + WIDTH - RIGHT, panel.x_log),
            Axis(*y_range, HEIGHT - BOTTOM, TOP, panel.y_log))


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


def frame(panel, x, y):
    parts = [text((x.begin + x.end) / 2, TOP - 12, panel.title, size=13,
                  extra='font-weight="bold"')]
    for tick in x.ticks():
        at = x.at(tick)
        parts += [line(at, y.begin, at, y.end, "#e4e4e4"),
                  text(at, y.begin + 16, tick_text(tick), size=11)]
    for tick in y.ticks():
        at = y.at(tick)
        parts += [line(x.begin, at, x.end, at, "#e4e4e4"),
                  text(x.begin - 6, at + 4, tick_text(tick), "end", 11)]
    if panel.x_line is not None:
        at = x.at(panel.x_line)
        parts.append(line(at, y.begin, at, y.end, "#888",
                          'stroke-dasharray="4 3"'))
    middle = (y.begin + y.end) / 2
    side = x.begin - 44
    return parts + [
        f'<rect x="{number(x.begin)}" y="{number(y.end)}" '
        f'width="{number(x.end - x.begin)}" '
        f'height="{number(y.begin - y.end)}" fill="none" stroke="#555"/>',
        text((x.begin + x.end) / 2, y.begin + 36, panel.x_label),
        text(side, middle, panel.y_label,
             extra=f'transform="rotate(-90 {number(side)} {number(middle)})"')]


def draw_series(series, x, y):
    """Points inside the axes; a line leads to the last of them only."""
    colour = COLOURS[series.style % len(COLOURS)]
    parts, places = [], []
    for point in series.points:
        if not (x.holds(point[0]) and y.holds(point[1])):
            continue
        px, py = x.at(point[0]), y.at(point[1])
        places.append((px, py))
        if len(point) > 2 and point[2]:
            ends = [y.at(min(max(point[1] + sign * point[2],
                                 min(y.low, y.high)), max(y.low, y.high)))
                    for sign in (-1, 1)]
            parts.append(line(px, ends[0], px, ends[1], colour))
    if len(places) > 1:
        path = " ".join(f"{number(a)},{number(b)}" for a, b in places)
        parts.append(f'<polyline points="{path}" fill="none" '
                     f'stroke="{colour}" stroke-width="1.6"/>')
    return parts + [marker(a, b, series.style) for a, b in places]


def legend(panels, width):
    """Every series once, below the panels, in rows."""
    names = {}
    for panel in panels:
        for series in panel.series:
            names.setdefault(series.name, series.style)
    columns = max(1, (width - 2 * RIGHT) // LEGEND_COLUMN)
    parts = []
    for i, (name, style) in enumerate(names.items()):
        x = LEFT / 2 + (i % columns) * LEGEND_COLUMN
        y = HEIGHT + 14 + (i // columns) * LEGEND_ROW
        parts += [line(x, y, x + 22, y, COLOURS[style % len(COLOURS)],
                       'stroke-width="1.6"'),
                  marker(x + 11, y, style),
                  text(x + 28, y + 4, name, "start", 12)]
    return parts, HEIGHT + 14 + LEGEND_ROW * math.ceil(len(names) / columns)


def draw(panels):
    """The whole picture as SVG text."""
    width = WIDTH * len(panels)
    body = []
    for i, panel in enumerate(panels):
        x, y = axes(panel, i * WIDTH)
        body += frame(panel, x, y)
        for series in panel.series:
            body += draw_series(series, x, y)
    below, height = legend(panels, width)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" ' \
        f'height="{height}" viewBox="0 0 {width} {height}" {FONT}>'
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *body, *below, "</svg>"]) + "\n"


def write(panels, path):
    Path(path).write_text(draw(panels))
