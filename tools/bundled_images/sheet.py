"""The contact sheet that holds the oracle to labels put by eye.

    python sheet.py draw --work DIR --out sheet.png       # 100 of the shipped model
    python sheet.py join PICTURE.png ... --out sheet.png  # or any 64x64 pictures
    python sheet.py zoom sheet.png --out zoomed.png --first 0 --count 50
    python sheet.py agree sheet.png labels.txt --oracle bundled/tinydraw/oracle

A sheet has ten pictures in a row, two white pixels around each, unscaled: the
pictures can be cut out again. labels.txt has a line for each picture, as
"red cat, blue star | grass | neon"; "?" stands for what nobody can tell, "-"
for no object; lines that begin with # are left out.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from draw import SIZE, tile

COLUMNS, GAP = 10, 2


def cut(sheet):
    """The pictures of a sheet."""
    step = SIZE + GAP
    rows = (sheet.shape[0] - GAP) // step
    found = [sheet[GAP + y * step:, GAP + x * step:][:SIZE, :SIZE]
             for y in range(rows) for x in range(COLUMNS)]
    return np.stack([p for p in found if p.min() < 255])


def zoomed(pictures, first, factor=3):
    """Larger, with numbers, to look at."""
    big = [p.repeat(factor, 0).repeat(factor, 1) for p in pictures]
    image = Image.fromarray(tile(big, COLUMNS))
    pen, step = ImageDraw.Draw(image), SIZE * factor + GAP
    for i in range(len(big)):
        at = (GAP + i % COLUMNS * step, GAP + i // COLUMNS * step)
        pen.rectangle((*at, at[0] + 22, at[1] + 11), fill="white")
        pen.text(at, str(first + i), fill="black")
    return image


def parse(line):
    """'red cat, blue star | grass | neon' -> (objects, background, style)."""
    things, background, style = (x.strip() for x in line.split("|"))
    objects = [] if things == "-" else [tuple(reversed(t.split()))
                                        for t in things.split(",")]
    return sorted(objects), background, style


def reading_of(reading):
    objects, style, background = reading
    return (sorted((k or "?", c or "?") for k, c in objects),
            background or "?", style or "?")


def agreement(labels, readings):
    """How often label and oracle agree; what nobody can tell agrees with
    anything unclear only."""
    rows = [[a == b for a, b in zip(label, reading_of(r))]
            for label, r in zip(labels, readings)]
    names = ("objects", "background", "style")
    out = {n: sum(r[i] for r in rows) / len(rows) for i, n in enumerate(names)}
    return out | {"all": sum(all(r) for r in rows) / len(rows),
                  "n": len(rows),
                  "differ": [i for i, r in enumerate(rows) if not all(r)]}


def oracle_from(folder):
    """The exported oracle."""
    import torch
    from safetensors.torch import load_file
    from oracle import Oracle
    net = Oracle(norms=False)
    net.load_state_dict({k.replace("conv.", "convs."): v for k, v in load_file(
        Path(folder) / "oracle.safetensors").items()})
    torch.set_num_threads(1)
    return net.eval()


def draw_some(work):
    """50 in all styles, 50 negated: the shipped model, four steps."""
    from lists import evaluation
    from sample import Model
    lists = evaluation()
    lines = lists["scenes"][:50] + lists["negated"][::6]
    return Model(work, "student").draw([x["text"] for x in lines], 4, 0, 11)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("do", choices=("draw", "join", "zoom", "agree"))
    p.add_argument("files", nargs="*")
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--out", default="sheet.png")
    p.add_argument("--first", type=int, default=0)
    p.add_argument("--count", type=int, default=50)
    p.add_argument("--oracle", default="bundled/tinydraw/oracle")
    o = p.parse_args()
    if o.do == "draw":
        pictures = draw_some(o.work)
    elif o.do == "join":
        pictures = [np.asarray(Image.open(f).convert("RGB")) for f in o.files]
    else:
        pictures = cut(np.asarray(Image.open(o.files[0]).convert("RGB")))
    if o.do in ("draw", "join"):
        Image.fromarray(tile(list(pictures), COLUMNS)).save(o.out)
    elif o.do == "zoom":
        zoomed(pictures[o.first:o.first + o.count], o.first).save(o.out)
    else:
        from oracle import read
        lines = Path(o.files[1]).read_text().splitlines()
        labels = [parse(x) for x in lines if x and x[0] != "#"]
        found = agreement(labels, read(oracle_from(o.oracle), pictures))
        print(json.dumps(found))


if __name__ == "__main__":
    main()
