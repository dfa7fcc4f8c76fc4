#!/usr/bin/env python3
"""Draws captured terminal output as a picture (SVG), for the README.

Use: lineas demo 2>/dev/null | tools/terminal_picture.py docs/pictures/demo.svg
     tools/terminal_picture.py OUT.svg [--command TEXT] [--width COLUMNS] < TEXT

The text is drawn as it is; lines longer than the width are wrapped at spaces.
--command is shown in front, behind a prompt sign. The same text gives the same
bytes. Standard library only.
"""
import argparse
import sys
import textwrap
from xml.sax.saxutils import escape

FONT, ADVANCE, LEADING, MARGIN, BAR = 14, 8.43, 19, 16, 28
BACKGROUND, TEXT, STRONG, FAINT = "#1b1f24", "#d7dde4", "#8fd18f", "#6b7683"


def wrap(text, width):
    """The lines of a text, each at most `width` columns wide."""
    lines = []
    for line in text.rstrip("\n").split("\n"):
        line = line.expandtabs(8).rstrip()
        lines += textwrap.wrap(line, width, drop_whitespace=True,
                               replace_whitespace=False,
                               break_on_hyphens=False) or [""]
    return lines


def draw_line(text, row, colour):
    y = BAR + MARGIN + row * LEADING + FONT
    return (f'<text x="{MARGIN}" y="{y}" fill="{colour}" '
            f'xml:space="preserve">{escape(text)}</text>')


def draw(lines, command, width):
    """The whole picture as SVG text."""
    rows = ([("$ " + command, STRONG)] if command else []) \
        + [(line, TEXT) for line in lines]
    wide = round(2 * MARGIN + width * ADVANCE)
    high = BAR + 2 * MARGIN + len(rows) * LEADING
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" '
           f'height="{high}" viewBox="0 0 {wide} {high}" role="img" '
           f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
           f'font-size="{FONT}">',
           f'<title>{escape(command or "terminal output")}</title>',
           f'<rect width="{wide}" height="{high}" rx="8" '
           f'fill="{BACKGROUND}"/>']
    out += [f'<circle cx="{MARGIN + 5 + 20 * i}" cy="{BAR // 2 + 2}" r="5" '
            f'fill="{FAINT}"/>' for i in range(3)]
    out += [draw_line(text, row, colour)
            for row, (text, colour) in enumerate(rows) if text]
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--command", default="make demo")
    parser.add_argument("--width", type=int, default=88)
    arguments = parser.parse_args()
    sys.stdin.reconfigure(encoding="utf-8")
    lines = wrap(sys.stdin.read(), arguments.width)
    with open(arguments.out, "w", encoding="utf-8") as out:
        out.write(draw(lines, arguments.command, arguments.width))


if __name__ == "__main__":
    main()
