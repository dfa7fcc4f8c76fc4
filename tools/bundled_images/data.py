"""Drawn pictures with their scenes, kept in one file.

    python data.py --work DIR    # 16 000 pictures for training, 1 000 held out

Pictures are uint8 [n, 64, 64, 3]; the scene of each is drawn again from the
seed, so only pixels are kept.
"""

import argparse
import random
from pathlib import Path

import numpy as np

from draw import draw
from world import scenes

TRAIN, HELD = 16000, 1000


def pictures(found, seed):
    rng = random.Random(f"drawings:{seed}")
    return np.stack([draw(scene, rng) for scene in found])


def sets():
    """name -> scenes: for training all parts but eval."""
    return {"train": scenes("train", TRAIN, ("learn", "oracle")),
            "held": scenes("held", HELD, ("eval",))}


def load(work):
    """(scenes, pictures) by name; drawn where the file is missing."""
    found = {}
    for name, of in sets().items():
        path = Path(work) / f"{name}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part.npy")
            np.save(part, pictures(of, name))
            part.rename(path)
        found[name] = (of, np.load(path))
    return found


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    load(p.parse_args().work)
