"""Stage 1: the autoencoder.

    python train_vae.py --work DIR

L1 + 2 MSE + 0.5 L1 of the picture's gradient + a little KL. Its scaling factor
is set at the end so that latents have unit variance.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import load
from models import make_vae, to_floats
from trainer import Run


def gradient(x):
    return torch.cat([(x[..., 1:] - x[..., :-1]).flatten(1),
                      (x[..., 1:, :] - x[..., :-1, :]).flatten(1)], 1)


def psnr(a, b):
    return -10 * torch.log10(F.mse_loss(a / 2, b / 2)).item()


def loss_function(vae, pictures, rows, bf16):
    def loss(step):
        size = 2 * rows if step < 400 else rows
        pick = np.random.default_rng(step).integers(len(pictures), size=size)
        x = to_floats(pictures[pick])
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            posterior = vae.encode(x).latent_dist
            out = vae.decode(posterior.sample()).sample
        out = out.float()
        l1, mse = F.l1_loss(out, x), F.mse_loss(out, x)
        edges = F.l1_loss(gradient(out), gradient(x))
        kl = posterior.kl().float().mean() / 1000
        return {"loss": l1 + 2 * mse + 0.5 * edges + 2e-3 * kl, "mse": mse,
                "kl": kl}
    return loss


@torch.no_grad()
def encode(vae, pictures, rows=125):
    """Means and deviations of the latents, not scaled."""
    means, stds = [], []
    for i in range(0, len(pictures), rows):
        d = vae.encode(to_floats(pictures[i:i + rows])).latent_dist
        means.append(d.mean.float())
        stds.append(d.std.float())
    return torch.cat(means), torch.cat(stds)


@torch.no_grad()
def decode(vae, latents, rows=125):
    """Unscaled latents to pictures in -1..1."""
    return torch.cat([vae.decode(latents[i:i + rows].float()).sample
                      for i in range(0, len(latents), rows)])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--steps", type=int, default=2800)
    p.add_argument("--rows", type=int, default=8)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--bf16", action="store_true")
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    pictures = load(o.work)["train"][1]
    vae = make_vae()
    run = Run(o.work / "vae", [vae], o.steps, o.lr, decay=0.995)
    run.train(loss_function(vae, pictures, o.rows, o.bf16))
    run.average.copy_to()
    means, stds = encode(vae, pictures[:1000])
    out = decode(vae, means)
    scale = (means.var() + (stds ** 2).mean()).sqrt().item()
    vae.register_to_config(scaling_factor=round(1 / scale, 5))
    run.note(psnr=psnr(out, to_floats(pictures[:1000])),
             scaling=vae.config.scaling_factor)
    vae.save_pretrained(o.work / "vae" / "export")


if __name__ == "__main__":
    main()
