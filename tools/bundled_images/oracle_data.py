"""What the oracle learns from: drawings with a label for each grid cell.

Half are scenes of the part `oracle` on their own backgrounds. The other half
put any object on a made-up background (recoloured, turned over, mixed, or a
plain gradient), so that no background goes with an object. Each drawing comes
once as it is and once through the autoencoder, with a little noise on the
latents.
"""

import random

import numpy as np
import torch

from draw import SIZE, background, draw_on, mix, places
from oracle import GRID, KIND_LOGITS
from world import BACKGROUNDS, COLOURS, KINDS, PARTS, STYLES, Scene, \
    random_scene

IGNORE = -100


def smooth(rng):
    """A gradient between four corner colours."""
    corners = np.array([[rng.random() for _ in range(3)] for _ in range(4)])
    t = np.linspace(0, 1, SIZE)
    top = corners[0] + (corners[1] - corners[0]) * t[:, None]
    low = corners[2] + (corners[3] - corners[2]) * t[:, None]
    return (top[None] + (low - top)[None] * t[:, None, None]).astype(np.float32)


def made_up(scene, rng):
    """(background, is the style still to be seen?)"""
    picture = background(scene, rng)
    way = rng.randrange(4)
    if way == 0:
        return mix(picture, smooth(rng), rng.uniform(0.7, 1)), False
    other = background(Scene((), rng.choice(BACKGROUNDS), scene.style), rng)
    if way == 1:
        picture = mix(picture, other[::-1], rng.uniform(0.2, 0.8))
    if way == 2:
        picture = np.where(np.arange(SIZE)[:, None, None] <
                           rng.uniform(20, 44), picture, other[:, ::-1])
    order = rng.sample(range(3), 3)
    gain = np.array([rng.uniform(0.6, 1) for _ in range(3)], np.float32)
    return picture[..., order] * gain, True


def cell_labels(scene, spots):
    """(kind, colour) labels [8, 8]: kind 0 is none; the rim is left out."""
    step = SIZE // GRID
    y, x = np.mgrid[0:GRID, 0:GRID] * step + step / 2
    kind = np.zeros((GRID, GRID), np.int64)
    colour = np.full((GRID, GRID), IGNORE, np.int64)
    for thing, (cx, cy, r) in zip(scene.things, spots):
        far = np.hypot(x - cx, y - cy) / r
        kind[far < 0.95] = IGNORE
        kind[far < 0.75] = KINDS.index(thing.kind) + 1
        colour[far < 0.75] = COLOURS.index(thing.colour)
    return kind, colour


def one(rng):
    """(picture, kind, colour, style, background) with labels."""
    real = rng.random() < 0.5
    scene = random_scene(rng, ("oracle",) if real else PARTS)
    if rng.random() < 0.1:
        scene = Scene((), scene.background, scene.style)
    style, place = (STYLES.index(scene.style),
                    BACKGROUNDS.index(scene.background))
    if real:
        picture = background(scene, rng)
    else:
        picture, seen = made_up(scene, rng)
        style, place = style if seen else IGNORE, IGNORE
    spots = places(rng, max(len(scene.things), 1))
    if len(scene.things) == 2 and rng.random() < 0.1:  # one of two is gone
        i = rng.randrange(2)
        scene = Scene(scene.things[i:i + 1], scene.background, scene.style)
        spots = spots[i:i + 1]
    picture = draw_on(picture.copy(), scene, spots)
    return (picture, *cell_labels(scene, spots), style, place)


def make(count, seed="oracle"):
    rng = random.Random(f"{seed}")
    parts = list(zip(*[one(rng) for _ in range(count)]))
    return [np.stack(p) for p in parts]


@torch.no_grad()
def round_trips(vae, pictures, noise, rows=100):
    """Through the autoencoder, with noise (in deviations) on the latents."""
    from models import to_bytes, to_floats
    out, scale = [], vae.config.scaling_factor
    torch.manual_seed(4)
    for i in range(0, len(pictures), rows):
        z = vae.encode(to_floats(pictures[i:i + rows])).latent_dist.mean
        amount = noise * torch.rand(len(z), 1, 1, 1) / scale
        out.append(to_bytes(vae.decode(z + amount * torch.randn_like(z)).sample))
    return np.concatenate(out)


def disturbed(x):
    """Pictures in -1..1, a little noisier, softer, brighter or darker."""
    n = len(x)
    soft = torch.nn.functional.avg_pool2d(
        torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    amount = (torch.rand(n, 1, 1, 1) - 0.4).clamp(min=0)
    x = x + (soft - x) * amount
    x = x * (1 + 0.1 * torch.randn(n, 1, 1, 1)) + \
        0.06 * torch.randn(n, 3, 1, 1)
    grain = (torch.rand(n, 1, 1, 1) - 0.5).clamp(min=0) * 0.2
    return (x + grain * torch.randn_like(x)).clamp(-1, 1)
