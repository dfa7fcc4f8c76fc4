"""Stage 3: a student that needs one to four steps and no guidance.

    python distil.py --work DIR

The teacher (stage 2, guidance 3, 8 Euler steps) draws latents from noise;
kept are the ends of its paths and the points at t = 999, 749, 499, 249. The
student starts from the teacher and learns to say from each point where the
path ends, as a v-prediction, so that one step from t = 999 gives a picture and
the later steps mend it. In the second half of the training every other point
is not on the teacher's path but mixed anew from the end and the noise.
"""

import argparse
import random
from pathlib import Path

import torch
import torch.nn.functional as F

from sample import Model
from train_unet import embed, noise_levels, predict
from trainer import Run
from world import caption, scenes

TIMES = (999, 749, 499, 249)


def paths(model, work, count, rows=64, guidance=3, steps=8):
    """Noise, captions, points on the way [n, 4, ...] and ends; kept in files
    of `rows`, so that it goes on where it stopped."""
    found = scenes("distil", count, ("learn", "oracle"))
    folder = Path(work) / "paths"
    folder.mkdir(exist_ok=True)
    parts = []
    for i in range(0, count, rows):
        path = folder / f"{i:06}.pt"
        if not path.exists():
            rng = random.Random(f"distil:{i}")
            captions = [caption(rng, s) for s in found[i:i + rows]]
            torch.manual_seed(i)
            noise, seen = torch.randn(len(captions), 4, 16, 16), []
            end = model.denoise(noise, *model.embed(captions), steps, guidance,
                                seen)
            points = torch.stack([x for t, x in seen if t in TIMES], 1)
            torch.save({"captions": captions, "noise": noise, "end": end,
                        "points": points}, path)
            print(path.name, flush=True)
        parts.append(torch.load(path, weights_only=True))
    return ([c for p in parts for c in p["captions"]],
            *(torch.cat([p[k] for p in parts]) for k in
              ("noise", "points", "end")))


def loss_function(model, made, rows, steps):
    captions, noise, points, ends = made
    alpha, sigma = noise_levels()
    times = torch.tensor(TIMES)

    def loss(step):
        rng = random.Random(f"student:{step}")
        pick = torch.tensor([rng.randrange(len(captions))
                             for _ in range(rows)])
        which = torch.tensor([i % 4 for i in range(rows)])
        t = times[which]
        a, s = (v[t].view(-1, 1, 1, 1) for v in (alpha, sigma))
        x, end = points[pick, which], ends[pick]
        if step > steps // 2:
            fresh = (torch.arange(rows) // 4 % 2 == 0).view(-1, 1, 1, 1)
            mixed = a * end + s * noise[pick]
            x = torch.where(fresh & (which.view(-1, 1, 1, 1) > 0), mixed, x)
        with torch.no_grad():
            states, pooled = embed(model.text, model.tokenizers,
                                   [captions[i] for i in pick])
        v = predict(model.unet, x, t, states, pooled)
        said = a * x - s * v
        error = F.mse_loss(said, end, reduction="none").mean((1, 2, 3))
        return {"loss": error.mean(), "first": error[which == 0].mean(),
                "last": error[which == 3].mean()}
    return loss


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--count", type=int, default=1024)
    p.add_argument("--steps", type=int, default=450)
    p.add_argument("--rows", type=int, default=32)
    p.add_argument("--lr", type=float, default=3e-4)
    o = p.parse_args()
    torch.set_num_threads(1)
    model = Model(o.work)
    made = paths(model, o.work, o.count)
    model.unet.train()
    run = Run(o.work / "student", [model.unet], o.steps, o.lr, decay=0.99,
              flat=0.4, save_every=100)
    run.train(loss_function(model, made, o.rows, o.steps))
    run.average.copy_to()
    model.unet.save_pretrained(o.work / "student" / "export" / "unet")


if __name__ == "__main__":
    main()
