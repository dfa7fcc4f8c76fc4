"""The canvas: its pixels, colours, and how fields are put on it."""

import numpy as np

SIZE = 64
BLOCK = 4  # of pixel art: the factor of the autoencoder
Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + 0.5


def rgb(r, g, b):
    return np.array((r, g, b), np.float32) / 255


INK, PAPER = rgb(45, 40, 52), rgb(240, 230, 208)


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


def hatch(rising, thickness=0.5):
    """Diagonal strokes, 8 pixels from one to the next."""
    wave = np.sin((X + (Y if rising else -Y)) * 2 * np.pi / 8)
    return np.clip(wave * 1.6 + thickness, 0, 1)


def glow(picture, field, colour, strength, reach):
    """A lit tube along the outline of a field given in pixels."""
    distance = np.abs(field)
    halo = np.exp(-distance / reach)
    picture = picture + strength * 0.75 * halo[..., None] * colour
    core = np.clip(1.25 - distance, 0, 1) * strength
    return np.clip(mix(picture, mix(colour, 1.0, 0.45), core), 0, 1)
