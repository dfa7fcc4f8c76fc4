"""Draws a scene as 64x64 pixels.

Every shape is a signed distance field (negative inside), so edges are smooth
and outlines, glow and shadow come for free. Pixel art uses fixed bitmaps.

    python draw.py sheet.png    # a contact sheet
"""

import random
import sys

import numpy as np

from world import BACKGROUNDS, COLOURS, KINDS, STYLES, Scene, Thing

SIZE = 64
BLOCK = 4  # of pixel art: the factor of the autoencoder
Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + 0.5

RGB = {name: np.array(value, np.float32) / 255 for name, value in {
    "red": (226, 44, 48), "yellow": (253, 205, 32), "green": (22, 142, 66),
    "blue": (30, 118, 240), "purple": (142, 48, 184),
    "white": (250, 250, 252)}.items()}
INK = np.array((45, 40, 52), np.float32) / 255
PAPER = np.array((240, 230, 208), np.float32) / 255


def rgb(r, g, b):
    return np.array((r, g, b), np.float32) / 255


# Signed distances ---------------------------------------------------------
def disc(x, y, r):
    return np.hypot(x, y) - r


def ellipse(x, y, a, b):
    """Near enough to the true distance for anti-aliasing."""
    k = np.hypot(x / a, y / b)
    g = np.hypot(x / a ** 2, y / b ** 2)
    return k * (k - 1) / np.maximum(g, 1e-6)


def polygon(x, y, points):
    p = np.asarray(points, np.float32)
    best = np.full(x.shape, 1e9, np.float32)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(p, np.roll(p, -1, 0)):
        ex, ey = bx - ax, by - ay
        wx, wy = x - ax, y - ay
        t = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
        best = np.minimum(best, (wx - t * ex) ** 2 + (wy - t * ey) ** 2)
        if ay != by:
            inside ^= ((y < ay) != (y < by)) & (x < ax + (y - ay) * ex / ey)
    return np.sqrt(best) * np.where(inside, -1, 1)


def union(*fields):
    return np.minimum.reduce(fields)


def star_points(r, inner, count=5):
    angles = np.arange(2 * count) * np.pi / count - np.pi / 2
    radii = np.where(np.arange(2 * count) % 2, inner, r)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)


def heart_points():
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x / 16.5, -(y + 2) / 16], 1)


STAR, HEART = star_points(1.02, 0.5), heart_points()


# Kinds: (body, details); details are (field, "ink" | "light" | "soft") -----
def cat(x, y):
    head = ellipse(x, y - 0.12, 0.95, 0.80)
    ears = [polygon(x, y, [(s * 0.92, -0.98), (s * 0.90, 0.0),
                           (s * 0.15, -0.55)]) for s in (-1, 1)]
    inner = [(polygon(x, y, [(s * 0.80, -0.72), (s * 0.76, -0.32),
                             (s * 0.42, -0.50)]), "soft") for s in (-1, 1)]
    eyes = [(ellipse(x - s * 0.36, y - 0.02, 0.13, 0.2), "ink")
            for s in (-1, 1)]
    nose = (polygon(x, y, [(-0.13, 0.3), (0.13, 0.3), (0, 0.46)]), "ink")
    return union(head, *ears), inner + eyes + [nose]


def fish(x, y):
    body = ellipse(x + 0.17, y, 0.82, 0.58)
    tail = polygon(x, y, [(0.45, 0), (1.02, -0.55), (0.88, 0), (1.02, 0.55)])
    fin = polygon(x, y, [(-0.3, -0.45), (0.3, -0.82), (0.3, -0.4)])
    eye = [(disc(x + 0.55, y + 0.12, 0.19), "light"),
           (disc(x + 0.57, y + 0.12, 0.11), "ink")]
    gill = np.maximum(np.abs(disc(x + 0.72, y, 0.62)) - 0.05, body + 0.12)
    stripe = (np.maximum(gill, -0.3 - x), "soft")
    return union(body, tail, fin), [stripe] + eye


def house(x, y):
    walls = polygon(x, y, [(-0.72, -0.1), (0.72, -0.1), (0.72, 0.85),
                           (-0.72, 0.85)])
    roof = polygon(x, y, [(-1.02, -0.08), (0, -0.98), (1.02, -0.08)])
    chimney = polygon(x, y, [(0.4, -0.9), (0.68, -0.9), (0.68, -0.2),
                             (0.4, -0.2)])
    eaves = (polygon(x, y, [(-0.95, -0.13), (0.95, -0.13), (0.95, -0.03),
                            (-0.95, -0.03)]), "soft")
    door = (polygon(x, y, [(-0.5, 0.22), (-0.08, 0.22), (-0.08, 0.85),
                           (-0.5, 0.85)]), "ink")
    window = (polygon(x, y, [(0.16, 0.16), (0.52, 0.16), (0.52, 0.5),
                             (0.16, 0.5)]), "light")
    return union(walls, roof, chimney), [eaves, door, window]


def star(x, y):
    return polygon(x, y - 0.06, STAR) - 0.06, []


def heart(x, y):
    return polygon(x, y, HEART), []


SHAPES = {"cat": cat, "fish": fish, "house": house, "star": star,
          "heart": heart}

# Bitmaps of pixel art: '#' colour, '+' shade, 'o' ink, '.' light, ' ' nothing
BITMAPS = {
    "cat": ("#     #", "##   ##", "#######", "#o###o#", "###o###", "#######",
            " +++++ "),
    "fish": ("       ", "  ##  #", " #### #", "#o#####", "#######",
             " ++++ +", "  ++  +"),
    "house": ("   #   ", "  ###  ", " ##### ", "#######", " #.### ",
              " ###o# ", " +++o+ "),
    "star": ("   #   ", "   #   ", "#######", " ##### ", "  ###  ",
             " ## ## ", " +   + "),
    "heart": (" ## ## ", "#######", "#######", "#######", " ##### ",
              "  +++  ", "   +   "),
}
BITMAPS_LARGE = {
    "cat": ("#       #", "##     ##", "#########", "#########", "##o###o##",
            "#########", "####o####", " ####### ", "  +++++  "),
    "fish": ("         ", "   ###   ", "  ##### #", " #o#### #", "#########",
             "#########", " ++++++ +", "  ++++  +", "         "),
    "house": ("    #    ", "   ###   ", "  #####  ", " ####### ",
              "#########", " ####### ", " #..#oo# ", " #..#oo# ",
              " ++++oo+ "),
    "star": ("    #    ", "    #    ", "   ###   ", "#########", " ####### ",
             "  #####  ", "  #####  ", " ### ### ", " +     + "),
    "heart": (" ##   ## ", "#### ####", "#########", "#########",
              "#########", " ####### ", "  #####  ", "   +++   ",
              "    +    "),
}


def mix(a, b, amount):
    """From a to b, by a picture or a number."""
    amount = np.asarray(amount, np.float32)
    if amount.ndim == 2:
        amount = amount[..., None]
    return a + (b - a) * amount


def cover(field, radius=1.0):
    """The part of a pixel inside: a field in units of the radius."""
    return np.clip(0.5 - field * radius, 0, 1)


def band(field, width, radius=1.0):
    """The part of a pixel on the outline."""
    return np.clip(0.5 + width / 2 - np.abs(field * radius), 0, 1)


# Backgrounds ----------------------------------------------------------------
DOTS = ((7, 8), (20, 4), (33, 10), (12, 19), (27, 17), (58, 25), (40, 4),
        (4, 30))


def hills(horizon, height, wave, phase):
    return Y - (horizon - height * np.sin(X * wave + phase))


def moon(x, y, r=5):
    bite = disc(X - x + 3, Y - y + 1, r - 0.5)
    return np.maximum(disc(X - x, Y - y, r), -bite)


class Setting:
    """Where the horizon is; drawn once for a picture, used by every style."""

    def __init__(self, rng):
        self.horizon = rng.uniform(38, 42)
        self.phase = rng.uniform(-0.6, 0.6)
        self.shift = rng.uniform(-2, 2)

    def ground(self, name):
        if name == "grass":
            return hills(self.horizon, 2.5, 0.085, self.phase)
        if name == "beach":
            return hills(self.horizon + 4, 1.5, 0.1, self.phase + 2)
        return hills(self.horizon + 6, 4, 0.13, self.phase + 1)


def plain_background(name, s):
    t = np.clip(Y / SIZE, 0, 1)
    ground = cover(s.ground(name))
    ground = 1 - ground
    if name == "grass":
        picture = mix(rgb(150, 210, 246), rgb(222, 242, 252), t * 1.5)
        for cx, cy, a in ((12, 9, 6), (18, 7, 5), (50, 13, 6), (56, 11, 4)):
            cloud = ellipse(X - cx - s.shift, Y - cy, a, 3.2)
            picture = mix(picture, rgb(255, 255, 255), 0.85 * cover(cloud))
        far = 1 - cover(hills(s.horizon - 3, 3, 0.07, s.phase + 2.5))
        picture = mix(picture, rgb(172, 218, 140), far)
        return mix(picture, mix(rgb(150, 208, 98), rgb(112, 184, 76),
                                (t - 0.55) * 2), ground)
    if name == "beach":
        picture = mix(rgb(255, 214, 170), rgb(255, 240, 214), t * 1.8)
        sun = disc(X - 50 - s.shift, Y - 12, 6)
        picture = mix(picture, rgb(255, 246, 200), cover(sun))
        sea = cover(s.horizon - 8 - Y)
        picture = mix(picture, mix(rgb(70, 190, 200), rgb(140, 222, 216),
                                   (t - 0.5) * 6), sea)
        foam = band(s.ground(name), 2.2)
        picture = mix(picture, mix(rgb(246, 222, 168), rgb(232, 198, 138),
                                   (t - 0.6) * 2.5), ground)
        return mix(picture, rgb(255, 255, 255), 0.9 * foam)
    picture = mix(rgb(18, 20, 62), rgb(70, 58, 120), t * 1.4)
    for dx, dy in DOTS:
        picture = mix(picture, rgb(255, 250, 220),
                      cover(disc(X - dx, Y - dy, 0.8)))
    picture = mix(picture, rgb(255, 244, 196), cover(moon(54 + s.shift, 10)))
    far = 1 - cover(hills(s.horizon, 4, 0.1, s.phase + 3))
    picture = mix(picture, rgb(52, 48, 104), far)
    return mix(picture, mix(rgb(34, 40, 84), rgb(22, 26, 58), (t - 0.6) * 2.5),
               ground)


def hatch(rising, thickness=0.5):
    """Diagonal strokes, 8 pixels from one to the next."""
    wave = np.sin((X + (Y if rising else -Y)) * 2 * np.pi / 8)
    return np.clip(wave * 1.6 + thickness, 0, 1)


def sketch_background(name, s):
    picture = np.broadcast_to(PAPER, (SIZE, SIZE, 3)).copy()
    ground = 1 - cover(s.ground(name))
    sky, land = {"grass": (rgb(170, 205, 225), rgb(120, 170, 90)),
                 "beach": (rgb(120, 195, 205), rgb(226, 178, 104)),
                 "night": (rgb(88, 84, 138), rgb(66, 62, 108))}[name]
    strokes = hatch(True, 0.35)
    top = 1 - ground
    if name == "beach":
        top = top * cover(s.horizon - 8 - Y)
    depth = 0.85 if name == "night" else 0.6
    picture = mix(picture, sky, depth * top * (0.35 + 0.65 * strokes))
    picture = mix(picture, land, 0.75 * ground * (0.35 + 0.65 * strokes))
    if name == "night":
        paper = cover(moon(54 + s.shift, 10))
        picture = mix(picture, PAPER, paper)
        picture = mix(picture, INK, 0.6 * band(moon(54 + s.shift, 10), 0.8))
    if name == "beach":
        sun = disc(X - 50 - s.shift, Y - 12, 6)
        picture = mix(picture, INK, 0.55 * band(sun, 0.9))
        picture = mix(picture, INK, 0.45 * band(s.horizon - 8 - Y, 0.9))
    if name == "grass":
        cloud = union(ellipse(X - 14 - s.shift, Y - 9, 7, 4),
                      ellipse(X - 20 - s.shift, Y - 8, 5, 3))
        picture = mix(picture, PAPER, cover(cloud))
        picture = mix(picture, INK, 0.5 * band(cloud, 0.9))
    return mix(picture, INK, 0.7 * band(s.ground(name), 1.1))


def neon_background(name, s):
    t = Y / SIZE
    picture = mix(rgb(10, 8, 28), rgb(24, 12, 44), t)
    line, land = {"grass": (rgb(70, 240, 120), rgb(6, 46, 30)),
                  "beach": (rgb(255, 160, 60), rgb(56, 32, 16)),
                  "night": (rgb(120, 110, 255), rgb(16, 16, 66))}[name]
    field = s.ground(name)
    ground = 1 - cover(field)
    picture = mix(picture, land, 0.8 * ground)
    if name == "beach":
        for dy in (5, 10):
            sea = hills(s.horizon - dy + 2, 1, 0.4, s.phase)
            picture = glow(picture, sea, rgb(40, 200, 220), 0.55, 1.0)
    if name == "night":
        for dx, dy in DOTS:
            picture = mix(picture, rgb(220, 220, 255),
                          0.8 * cover(disc(X - dx, Y - dy, 0.8)))
        picture = glow(picture, moon(54 + s.shift, 10), rgb(255, 236, 170),
                       0.6, 1.2)
    return glow(picture, field, line, 0.75, 1.6)


def glow(picture, field, colour, strength, reach):
    """A lit tube along the outline of a field given in pixels."""
    distance = np.abs(field)
    halo = np.exp(-distance / reach)
    picture = picture + strength * 0.75 * halo[..., None] * colour
    core = np.clip(1.25 - distance, 0, 1) * strength
    return np.clip(mix(picture, mix(colour, 1.0, 0.45), core), 0, 1)


def pixel_background(name, s):
    """One colour a block, drawn on the 16x16 grid."""
    n = SIZE // BLOCK
    y, x = np.mgrid[0:n, 0:n]
    picture = np.zeros((n, n, 3), np.float32)
    top = round(s.horizon / BLOCK)
    if name == "grass":
        picture[:] = rgb(158, 214, 246)
        picture[top:] = rgb(134, 200, 88)
        picture[top:][(x + 2 * y)[top:] % 5 == 0] = rgb(104, 174, 70)
        for cy, cx in ((2, 1), (2, 2), (2, 3), (1, 2), (3, 12), (3, 13)):
            picture[cy, cx] = rgb(255, 255, 255)
    elif name == "beach":
        picture[:] = rgb(255, 226, 186)
        picture[top - 2:] = rgb(86, 198, 206)
        picture[top + 1:] = rgb(240, 212, 154)
        picture[top + 1:][(x + 3 * y)[top + 1:] % 7 == 0] = rgb(222, 186, 124)
        picture[2:4, 12:14] = rgb(255, 250, 210)
    else:
        picture[:] = rgb(30, 28, 80)
        picture[:4] = rgb(20, 20, 62)
        picture[top + 1:] = rgb(44, 48, 100)
        picture[top + 2:] = rgb(30, 34, 74)
        for cy, cx in ((1, 2), (4, 1), (2, 7), (5, 14), (4, 9)):
            picture[cy, cx] = rgb(235, 230, 210)
        picture[1:3, 12:14] = rgb(255, 240, 190)
        picture[1, 12] = rgb(20, 20, 62)
    return picture.repeat(BLOCK, 0).repeat(BLOCK, 1)


# Objects --------------------------------------------------------------------
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


BACKDROP = {"plain": plain_background, "sketch": sketch_background,
            "pixel": pixel_background, "neon": neon_background}
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
