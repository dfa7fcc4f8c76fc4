"""Stage 4: the oracle. Needs stage 1 (it must read the autoencoder's pictures).

    python train_oracle.py --work DIR
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from data import load
from models import to_floats
from oracle import KIND_LOGITS, Oracle, read, shares
from oracle_data import IGNORE, disturbed, make, round_trips
from trainer import Run
from world import STYLES

COUNT, TRIPS = 10000, 5000


def kept(path, make_arrays):
    """Arrays of a file, made where it is missing."""
    if not path.exists():
        np.savez(path, *make_arrays())
    with np.load(path) as f:
        return [f[name] for name in f.files]


def examples(work, vae):
    """Drawings, then the first of them as round trips, with their labels."""
    picture, *labels = kept(work / "oracle-drawings.npz", lambda: make(COUNT))
    trips, = kept(work / "oracle-trips.npz",
                  lambda: [round_trips(vae, picture[:TRIPS], 0.35)])
    return [np.concatenate([picture, trips]),
            *(np.concatenate([x, x[:TRIPS]]) for x in labels)]


def loss_function(net, data, rows):
    pictures, *labels = data

    def loss(step):
        pick = np.random.default_rng(step).integers(
            [0, COUNT], [COUNT, len(pictures)],
            (rows // 2, 2)).ravel()
        kind, colour, style, place = (torch.from_numpy(x[pick])
                                      for x in labels)
        cells, whole = net(disturbed(to_floats(pictures[pick])))
        ce = {"kind": F.cross_entropy(cells[:, :KIND_LOGITS], kind,
                                      ignore_index=IGNORE),
              "colour": F.cross_entropy(cells[:, KIND_LOGITS:], colour,
                                        ignore_index=IGNORE),
              "style": F.cross_entropy(whole[:, :len(STYLES)], style,
                                       ignore_index=IGNORE),
              "place": F.cross_entropy(whole[:, len(STYLES):], place,
                                       ignore_index=IGNORE)}
        total = 3 * ce["kind"] + ce["colour"] + 0.3 * (ce["style"] +
                                                       ce["place"])
        return {"loss": total, **ce}
    return loss


def judge(net, vae, work):
    """How much it reads right of held-out drawings and of round trips."""
    found, pictures = load(work)["held"]
    trips = round_trips(vae, pictures, 0)
    return {"drawings": shares(found, read(net, pictures)),
            "round_trips": shares(found, read(net, trips))}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--rows", type=int, default=48)
    p.add_argument("--threads", type=int, default=1)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(3)
    vae = AutoencoderKL.from_pretrained(o.work / "vae" / "export")
    data, net = examples(o.work, vae), Oracle()
    run = Run(o.work / "oracle", [net], o.steps, 3e-3, flat=0.3)
    run.train(loss_function(net, data, o.rows))
    net.eval()
    plain = net.folded()
    torch.save(plain.state_dict(), o.work / "oracle" / "oracle.pt")
    figures = judge(plain, vae, o.work)
    (o.work / "oracle" / "figures.json").write_text(
        json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
