"""The kinds of objects: signed distance fields, and bitmaps for pixel art.

A field is negative inside; lengths are in radii of the object.
"""

import numpy as np

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
