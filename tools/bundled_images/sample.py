"""Pictures from captions, in batches: what the SDXL pipeline does, bare.

    python sample.py --work DIR --stage unet|student --out sheet.png
"""

import argparse
import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from draw import tile
from models import make_scheduler, to_bytes
from tokenizer import load_tokenizers
from world import STYLES, caption, scenes


class Model:
    """The parts of one folder, and the autoencoder and tokenizers of `work`."""

    def __init__(self, work, stage="unet"):
        work = Path(work)
        at = work / stage / "export"
        self.unet = UNet2DConditionModel.from_pretrained(at / "unet").eval()
        self.unet.set_attn_processor(AttnProcessor())
        texts = at if (at / "text_encoder").exists() else work / "unet" / "export"
        self.text = [
            CLIPTextModel.from_pretrained(texts / "text_encoder").eval(),
            CLIPTextModelWithProjection.from_pretrained(
                texts / "text_encoder_2").eval()]
        self.vae = AutoencoderKL.from_pretrained(work / "vae" / "export").eval()
        self.tokenizers = load_tokenizers(work)

    @torch.no_grad()
    def embed(self, captions):
        from train_unet import embed
        return embed(self.text, self.tokenizers, captions)

    @torch.no_grad()
    def denoise(self, noise, states, pooled, steps, guidance, keep=None):
        """From standard normal noise to latents. `keep`: a list that gets
        (t, latents) before every step, scaled as the UNet sees them."""
        from train_unet import predict
        scheduler = make_scheduler()
        scheduler.set_timesteps(steps)
        x = noise * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            seen = scheduler.scale_model_input(x, t)
            if keep is not None:
                keep.append((int(t), seen))
            if guidance > 1:
                out = predict(self.unet, torch.cat([seen, seen]), t,
                              torch.cat([states * 0, states]),
                              torch.cat([pooled * 0, pooled]))
                none, full = out.chunk(2)
                out = none + guidance * (full - none)
            else:
                out = predict(self.unet, seen, t, states, pooled)
            x = scheduler.step(out, t, x).prev_sample
        return x

    @torch.no_grad()
    def draw(self, captions, steps, guidance, seed=0, rows=50):
        """uint8 [n, 64, 64, 3]."""
        generator = torch.Generator().manual_seed(seed)
        out = []
        for i in range(0, len(captions), rows):
            some = captions[i:i + rows]
            noise = torch.randn(len(some), 4, 16, 16, generator=generator)
            z = self.denoise(noise, *self.embed(some), steps, guidance)
            z = z / self.vae.config.scaling_factor
            out.append(torch.from_numpy(to_bytes(self.vae.decode(z).sample)))
        return torch.cat(out).numpy()


def main():
    from PIL import Image
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--stage", default="unet")
    p.add_argument("--steps", type=int, default=12)
    p.add_argument("--guidance", type=float, default=3)
    p.add_argument("--rows", type=int, default=10, help="pictures a style")
    p.add_argument("--out", default="sheet.png")
    o = p.parse_args()
    torch.set_num_threads(1)
    rng, captions = random.Random(5), []
    for style in STYLES:
        captions += [caption(rng, s, 0) for s in
                     scenes("sheet", o.rows, ("eval",), style=style)]
    print("\n".join(captions))
    pictures = Model(o.work, o.stage).draw(captions, o.steps, o.guidance)
    sheet = Image.fromarray(tile(list(pictures), 10))
    sheet.resize((sheet.width * 2, sheet.height * 2), 0).save(o.out)


if __name__ == "__main__":
    main()
