"""Stage 1: the autoencoder.

    python train_vae.py --work DIR

L1 + MSE + 0.5 L1 of the picture's gradient + a little KL. The encoder is done
after JOINT steps (export in vae/encoder), so that the UNet can be trained beside
the rest, in which only the decoder learns, from slightly noisy latents. The
scaling factor gives latents unit variance.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import load
from models import make_vae, to_floats
from trainer import Run


JOINT = 2200


def gradient(x):
    return torch.cat([(x[..., 1:] - x[..., :-1]).flatten(1),
                      (x[..., 1:, :] - x[..., :-1, :]).flatten(1)], 1)


def psnr(a, b):
    return -10 * torch.log10(F.mse_loss(a / 2, b / 2)).item()


def loss_function(vae, pictures, rows):
    def loss(step):
        size = 2 * rows if step < 400 else rows
        pick = np.random.default_rng(step).integers(len(pictures), size=size)
        x = to_floats(pictures[pick])
        if step < JOINT:
            posterior = vae.encode(x).latent_dist
            z = posterior.sample()
        else:
            with torch.no_grad():
                posterior = vae.encode(x).latent_dist
                z = posterior.sample()
                amount = 0.1 * z.std() * torch.rand(size, 1, 1, 1)
                z = z + amount * torch.randn_like(z)
        out = vae.decode(z).sample
        l1, mse = F.l1_loss(out, x), F.mse_loss(out, x)
        edges = F.l1_loss(gradient(out), gradient(x))
        kl = posterior.kl().mean() / 1000
        strict = 2 if step < 1400 else 8  # from then on for details
        return {"loss": l1 + strict * mse + 0.5 * edges + 2e-3 * kl, "mse": mse,
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


def freeze_encoder(vae):
    for part in (vae.encoder, vae.quant_conv):
        part.requires_grad_(False)


def export(vae, pictures, run, folder):
    """Writes the folder; the encoder decides the scaling."""
    means, stds = encode(vae, pictures)
    scale = (means.var() + (stds ** 2).mean()).sqrt().item()
    vae.register_to_config(scaling_factor=round(1 / scale, 5))
    run.note(psnr=psnr(decode(vae, means), to_floats(pictures)),
             scaling=vae.config.scaling_factor)
    vae.save_pretrained(folder)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--steps", type=int, default=3600)
    p.add_argument("--rows", type=int, default=8)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--threads", type=int, default=1)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    pictures = load(o.work)["train"][1]
    vae = make_vae()
    run = Run(o.work / "vae", [vae], o.steps, o.lr, decay=0.995)
    loss = loss_function(vae, pictures, o.rows)
    run.train(loss, JOINT)
    if run.step == JOINT:
        run.average.copy_to()
        export(vae, pictures[:500], run, o.work / "vae" / "encoder")
    freeze_encoder(vae)
    run.train(loss)
    run.average.copy_to()
    export(vae, pictures[:500], run, o.work / "vae" / "export")


if __name__ == "__main__":
    main()
