"""Draws a scene as 64x64 pixels.

Every shape is a signed distance field (negative inside), so edges are smooth
and outlines, glow and shadow come for free. Pixel art uses fixed bitmaps.

    python draw.py sheet.png    # a contact sheet
"""

import random
import sys

import numpy as np

from backgrounds import BACKDROP, Setting
from canvas import BLOCK, INK, PAPER, SIZE, X, Y, band, cover, glow, hatch, \
    mix, rgb
from shapes import BITMAPS, BITMAPS_LARGE, SHAPES, ellipse
from world import BACKGROUNDS, COLOURS, KINDS, STYLES, Scene, Thing

RGB = {"red": rgb(226, 44, 48), "yellow": rgb(253, 205, 32),
       "green": rgb(22, 142, 66), "blue": rgb(30, 118, 240),
       "purple": rgb(142, 48, 184), "white": rgb(250, 250, 252)}


def plain_object(picture, colour, body, details, r, x, y):
    shadow = ellipse(X - x, Y - y - 0.98 * r, 0.85 * r, 0.16 * r)
    picture = mix(picture, rgb(20, 20, 40), 0.28 * np.clip(0.6 - shadow / 2,
                                                            0, 1))
    dark = colour * 0.42 if colour.min() < 0.8 else rgb(96, 100, 128)
    light = np.clip((Y - y) / r, -1, 1)
    fill = mix(colour, 1.0, np.clip(-0.30 * light, 0, 1))
    fill = mix(fill, dark, np.clip(0.28 * light, 0, 1))
    picture = mix(picture, fill, cover(body, r))
    shine = ellipse(X - x + 0.34 * r, Y - y + 0.42 * r, 0.2 * r, 0.12 * r)
    inside = cover(body + 0.12, r)
    for field, role in details:
        paint = {"ink": INK, "light": rgb(255, 250, 225), "soft": dark}[role]
        picture = mix(picture, paint,
                      cover(field, r) * (0.5 if role == "soft" else 1))
    if not any(role == "ink" for _, role in details):
        picture = mix(picture, 1.0 + 0 * colour, 0.75 * cover(shine) * inside)
    return mix(picture, dark, band(body, 1.3, r))


def sketch_object(picture, colour, body, details, r, x, y):
    inside = cover(body, r)
    strokes = hatch(False, 0.6)
    picture = mix(picture, PAPER if colour.min() < 0.8 else rgb(255, 255, 255),
                  inside)
    if colour.min() < 0.8:
        picture = mix(picture, colour, inside * (0.45 + 0.5 * strokes))
    else:
        picture = mix(picture, rgb(206, 208, 216), inside * 0.5 * strokes)
    for field, role in details:
        if role == "light":
            picture = mix(picture, PAPER, cover(field, r))
        picture = mix(picture, INK, cover(field, r) if role == "ink"
                      else 0.7 * band(field, 0.9, r))
    return mix(picture, INK, 0.95 * band(body, 1.5, r))


def neon_object(picture, colour, body, details, r, x, y):
    lit = np.clip(mix(colour, 1.0, 0.08), 0, 1)
    lit = lit / lit.max()
    picture = mix(picture, rgb(12, 8, 28) + 0.16 * lit, cover(body, r))
    for field, role in details:
        if role == "soft":
            picture = mix(picture, lit, 0.5 * cover(field, r))
        else:
            picture = glow(picture, field * r, lit, 0.6, 0.6)
    return glow(picture, body * r, lit, 1.0, 2.4)


def pixel_object(picture, colour, kind, large, x, y):
    bitmap = (BITMAPS_LARGE if large else BITMAPS)[kind]
    n = len(bitmap)
    if not large:
        x += 2 if x > SIZE / 2 else -3  # a column between the two
    left, top = (min(max(round(v / BLOCK - n / 2), 0), SIZE // BLOCK - n)
                 for v in (x, y))
    shade = colour * 0.72
    for dy, row in enumerate(bitmap):
        for dx, mark in enumerate(row):
            if mark == " ":
                continue
            paint = {"#": colour, "+": shade, "o": INK,
                     ".": rgb(255, 244, 200)}[mark]
            y0, x0 = (top + dy) * BLOCK, (left + dx) * BLOCK
            picture[y0:y0 + BLOCK, x0:x0 + BLOCK] = paint
    return picture


PAINT = {"plain": plain_object, "sketch": sketch_object, "neon": neon_object}


def places(rng, count):
    """(x, y, radius) of each object; the first named is on the left."""
    if count == 1:
        return [(rng.uniform(29, 35), rng.uniform(33, 37),
                 rng.uniform(15, 17.5))]
    return [(x + rng.uniform(-1.5, 1.5), rng.uniform(32, 38),
             rng.uniform(11.8, 13.2)) for x in (17, 47)]


def put(picture, thing, style, place, large, colour=None):
    x, y, r = place
    colour = RGB[thing.colour] if colour is None else colour
    if style == "pixel":
        return pixel_object(picture, colour, thing.kind, large, x, y)
    body, details = SHAPES[thing.kind]((X - x) / r, (Y - y) / r)
    return PAINT[style](picture, colour, body, details, r, x, y)


def to_bytes(picture):
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def background(scene, rng):
    """Floats [64, 64, 3]."""
    return BACKDROP[scene.style](scene.background, Setting(rng))


def draw_on(picture, scene, spots):
    """The objects of a scene on a background; uint8 [64, 64, 3]."""
    for thing, place in zip(scene.things, spots):
        picture = put(picture, thing, scene.style, place,
                      len(scene.things) == 1)
    return to_bytes(picture)


def draw(scene, rng):
    """uint8 [64, 64, 3]."""
    picture = background(scene, rng)
    return draw_on(picture, scene, places(rng, len(scene.things)))


def tile(pictures, columns, gap=2):
    """A contact sheet of equal pictures."""
    rows = -(-len(pictures) // columns)
    h, w = pictures[0].shape[:2]
    sheet = np.full((rows * (h + gap) + gap, columns * (w + gap) + gap, 3),
                    255, np.uint8)
    for i, p in enumerate(pictures):
        y, x = divmod(i, columns)
        sheet[gap + y * (h + gap):, gap + x * (w + gap):][:h, :w] = p
    return sheet


def main(path):
    from PIL import Image
    rng, pictures = random.Random(1), []
    for style in STYLES:
        for b in BACKGROUNDS:
            for i in range(5):
                pictures.append(draw(Scene((Thing(KINDS[i], COLOURS[
                    (i + BACKGROUNDS.index(b) * 2) % 6]),), b, style), rng))
            for i in range(5):
                pictures.append(draw(Scene((
                    Thing(KINDS[i], COLOURS[(i + 3) % 6]),
                    Thing(KINDS[(i + 2) % 5], COLOURS[i])), b, style), rng))
    sheet = Image.fromarray(tile(pictures, 10))
    sheet.resize((sheet.width * 2, sheet.height * 2), 0).save(path)


if __name__ == "__main__":
    main(sys.argv[1])
