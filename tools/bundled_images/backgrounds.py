"""The backgrounds, in every style: sky or sea, and ground below a horizon."""

import numpy as np

from canvas import BLOCK, INK, PAPER, SIZE, X, Y, band, cover, glow, hatch, \
    mix, rgb
from shapes import disc, ellipse, union

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


BACKDROP = {"plain": plain_background, "sketch": sketch_background,
            "pixel": pixel_background, "neon": neon_background}
