"""The oracle: reads kinds, colours, style and background from pixels.

A plain network: 3x3 convolutions (padding 1), ReLU and 2x2 max pooling down to
an 8x8 grid. On the grid a 1x1 convolution says for each cell which kind of
object it is part of (0: none) and in which colour; a cell sees 46 pixels, so
it cannot know the scene. Style and background come from the grid's four
quarters, averaged.
"""

import torch
import torch.nn.functional as F
from torch import nn

from world import BACKGROUNDS, COLOURS, KINDS, STYLES

WIDTHS = (16, 32, 48, 64, 80)  # a convolution each
POOL_AFTER = (0, 1, 3)  # numbers of convolutions
GRID, KIND_LOGITS = 8, len(KINDS) + 1
LEAST = 2  # cells of an object
SURE = 0.5  # less is "unclear"


class Oracle(nn.Module):
    def __init__(self, norms=True):
        super().__init__()
        ends = zip((3, *WIDTHS), WIDTHS)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1)
                                   for a, b in ends)
        self.norms = nn.ModuleList(nn.BatchNorm2d(w) if norms
                                   else nn.Identity() for w in WIDTHS)
        self.hidden = nn.Conv2d(WIDTHS[-1], 64, 1)
        self.cell = nn.Conv2d(64, KIND_LOGITS + len(COLOURS), 1)
        self.whole = nn.Linear(4 * WIDTHS[-1], len(STYLES) + len(BACKGROUNDS))

    def forward(self, x):
        """Pictures in -1..1 -> cells [n, 12, 8, 8], whole [n, 7]."""
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            x = F.relu(norm(conv(x)))
            if i in POOL_AFTER:
                x = F.max_pool2d(x, 2)
        quarters = F.avg_pool2d(x, GRID // 2).flatten(1)  # channel slowest
        return self.cell(F.relu(self.hidden(x))), self.whole(quarters)

    def folded(self):
        """The same function without batch norms."""
        plain = Oracle(norms=False)
        for mine, norm, other in zip(self.convs, self.norms, plain.convs):
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            other.weight.data = mine.weight.data * gain[:, None, None, None]
            other.bias.data = norm.bias + gain * (mine.bias -
                                                  norm.running_mean)
        for name in ("hidden", "cell", "whole"):
            getattr(plain, name).load_state_dict(
                getattr(self, name).state_dict())
        return plain.eval()


def blobs(names):
    """Groups of neighbouring cells (8 neighbours) of one name, as lists of
    (y, x), in row-major order of their first cell; 0 is no object."""
    left = {(y, x) for y in range(GRID) for x in range(GRID) if names[y][x]}
    found = []
    for start in sorted(left):
        if start not in left:
            continue
        group, todo = [], [start]
        left.discard(start)
        while todo:
            y, x = todo.pop()
            group.append((y, x))
            near = {(v, u) for v in (y - 1, y, y + 1) for u in (x - 1, x, x + 1)
                    if (v, u) in left and names[v][u] == names[y][x]}
            left -= near
            todo += near
        found.append(group)
    return found


def read_cells(cells):
    """cells [12, 8, 8] -> a list of (kind, colour), left to right; a name is
    None where unclear. Object cells of one colour are one object; fewer than
    LEAST are nothing."""
    kind = cells[:KIND_LOGITS].float().softmax(0)
    colour = cells[KIND_LOGITS:].float().softmax(0)
    names = torch.where(kind.argmax(0) > 0, colour.argmax(0) + 1, 0)
    found = []
    for group in blobs(names.tolist()):
        if len(group) < LEAST:
            continue
        ys, xs = map(list, zip(*group))
        k, c = kind[1:, ys, xs].mean(1), colour[:, ys, xs].mean(1)
        k = k / k.sum()
        found.append((sum(xs) / len(xs),
                      KINDS[k.argmax()] if k.max() >= SURE else None,
                      COLOURS[c.argmax()] if c.max() >= SURE else None))
    return [f[1:] for f in sorted(found, key=lambda f: f[0])]


def read_whole(whole):
    """whole [7] -> (style, background), None where unclear."""
    named = []
    for names, logits in ((STYLES, whole[:len(STYLES)]),
                          (BACKGROUNDS, whole[len(STYLES):])):
        p = logits.float().softmax(0)
        named.append(names[p.argmax()] if p.max() >= SURE else None)
    return tuple(named)


@torch.no_grad()
def read(net, pictures, rows=250):
    """uint8 pictures -> a list of (objects, style, background)."""
    from models import to_floats
    out = []
    for i in range(0, len(pictures), rows):
        cells, whole = net(to_floats(pictures[i:i + rows]))
        out += [(read_cells(c), *read_whole(w)) for c, w in zip(cells, whole)]
    return out


def right(scene, reading):
    """What a reading gets right of a scene."""
    wanted = sorted((t.kind, t.colour) for t in scene.things)
    found = sorted(reading[0], key=str)
    kinds = sorted(k for k, _ in wanted), sorted(str(k) for k, _ in found)
    return {"objects": wanted == found, "kinds": kinds[0] == kinds[1],
            "style": scene.style == reading[1],
            "background": scene.background == reading[2],
            "all": (wanted, scene.style, scene.background) ==
                   (found, *reading[1:])}


def shares(found, readings):
    """The share of each thing that is right, over many."""
    rows = [right(s, r) for s, r in zip(found, readings)]
    return {k: round(sum(r[k] for r in rows) / len(rows), 4) for k in rows[0]}
