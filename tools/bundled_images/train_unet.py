"""Stage 2b: both text encoders and the UNet, together.

    python train_unet.py --work DIR

The pictures are encoded once; captions are drawn anew at every visit. One in
ten is dropped: half of these as the empty string, half as zeros. No caption
fills more than SHORT positions, so most of the training sees only these (less
than half the time); the last part sees all 77, starting from copies of the
last short one.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from data import load
from models import make_scheduler, make_unet, size_of
from tokenizer import encode, load_tokenizers
from train_text import SHORT
from train_vae import encode as encode_pictures
from trainer import Run
from world import caption

ENCODED = 10000
SIZES = torch.tensor([[64, 64, 0, 0, 64, 64]], dtype=torch.float32)


def latents_of(work):
    """(means, deviations) of the training pictures, scaled; kept in a file."""
    path = Path(work) / "latents.pt"
    if not path.exists():
        vae = AutoencoderKL.from_pretrained(Path(work) / "vae" / "encoder")
        found = encode_pictures(vae, load(work)["train"][1][:ENCODED])
        torch.save([x * vae.config.scaling_factor for x in found], path)
    return torch.load(path, weights_only=True)


def embed(text, tokenizers, captions, length=77):
    """The states and the pooled row, as the SDXL pipeline takes them."""
    ids = [encode(t, captions, length) for t in tokenizers]
    first = text[0](ids[0], output_hidden_states=True)
    second = text[1](ids[1], output_hidden_states=True)
    return (torch.cat([first.hidden_states[-2], second.hidden_states[-2]], -1),
            second.text_embeds)


def predict(unet, x, t, states, pooled):
    added = {"text_embeds": pooled, "time_ids": SIZES.expand(len(x), 6)}
    return unet(x, t, states, added_cond_kwargs=added).sample


def noise_levels():
    """alpha and sigma of a variance-preserving mixture, by timestep."""
    kept = make_scheduler().alphas_cumprod
    return kept.sqrt(), (1 - kept).sqrt()


class Batches:
    """Step -> latents, captions and which of them are zeros."""

    def __init__(self, latents, scenes, rows):
        self.means, self.stds = latents
        self.scenes, self.rows = scenes, rows

    def __call__(self, step):
        rng = random.Random(f"batch:{step}")
        pick = [rng.randrange(len(self.means)) for _ in range(self.rows)]
        captions = [caption(rng, self.scenes[i]) for i in pick]
        zeros = torch.ones(self.rows, 1)
        for i in range(self.rows):
            chance = rng.random()
            if chance < 0.1:
                captions[i] = ""
                zeros[i] = float(chance < 0.05)
        x = self.means[pick]
        return x + self.stds[pick] * torch.randn_like(x), captions, zeros


def lengthen(text, average):
    """Positions from SHORT on become copies of the one before."""
    tables = [t.text_model.embeddings.position_embedding.weight for t in text]
    means = [m for m in average.mean
             if any(m.shape == t.shape for t in tables)]
    for table in tables + means:
        table.data[SHORT:] = table.data[SHORT - 1]


def loss_function(unet, text, tokenizers, batches, length, bf16):
    alpha, sigma = noise_levels()

    def loss(step):
        x, captions, kept = batches(step)
        noise, t = torch.randn_like(x), torch.randint(1000, (len(x),))
        a, s = alpha[t].view(-1, 1, 1, 1), sigma[t].view(-1, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            states, pooled = embed(text, tokenizers, captions, length)
            out = predict(unet, a * x + s * noise, t,
                          states * kept[..., None], pooled * kept)
        return F.mse_loss(out.float(), a * noise - s * x)
    return loss


def save(work, unet, text):
    out = Path(work) / "unet" / "export"
    unet.save_pretrained(out / "unet")
    text[0].save_pretrained(out / "text_encoder")
    text[1].save_pretrained(out / "text_encoder_2")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--steps", type=int, default=2000)
    p.add_argument("--rows", type=int, default=32)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--bf16", action="store_true")
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(2)
    tokenizers = load_tokenizers(o.work)
    text = [CLIPTextModel.from_pretrained(o.work / "text" / "text_encoder"),
            CLIPTextModelWithProjection.from_pretrained(
                o.work / "text" / "text_encoder_2")]
    unet = make_unet()
    unet.set_attn_processor(AttnProcessor())
    print(size_of(unet), [size_of(t) for t in text])
    batches = Batches(latents_of(o.work), load(o.work)["train"][0], o.rows)
    run = Run(o.work / "unet", [unet, *text], o.steps, o.lr)
    switch = round(0.85 * o.steps)
    for length, until in ((SHORT, switch), (77, o.steps)):
        if run.step == switch:
            lengthen(text, run.average)
        run.train(loss_function(unet, text, tokenizers, batches, length,
                                o.bf16), until)
    run.average.copy_to()
    save(o.work, unet, text)


if __name__ == "__main__":
    main()
