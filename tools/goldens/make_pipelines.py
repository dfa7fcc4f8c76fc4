#!/usr/bin/env python3
"""Makes tests/golden/data/pipelines: a tiny pipeline in diffusers' form with
the pictures that diffusers draws with it.

Use: python3 tools/goldens/make_pipelines.py
Needs: torch 2.11.0, transformers 4.57.1, diffusers 0.35.2, safetensors

sdxl: two text encoders, a UNet with sizes and pooled prompts, a KL autoencoder,
16x16 pictures. Weights are random and exact in bfloat16; "red" and "cat" are
words of the tokenizer, all else is letters. golden.safetensors, for the
prompts, seeds and settings of golden.json: `<run>/latents` [steps + 1, N, ...]
and `<run>/image` [N, 3, H, W]. The same versions give the same files.
"""
import json
import pathlib
import shutil

import torch
from diffusers import (AutoencoderKL, EulerDiscreteScheduler,
                       StableDiffusionXLPipeline, UNet2DConditionModel)
from safetensors.torch import save_file
from transformers import (CLIPTextConfig, CLIPTextModel,
                          CLIPTextModelWithProjection, CLIPTokenizer)
from transformers.models.clip.tokenization_clip import bytes_to_unicode

OUT = pathlib.Path(__file__).parents[2] / "tests/golden/data/pipelines"
PROMPTS = ["a red cat", "no cat"]
SEED = 7
RUNS = {
    "plain": dict(guidance_scale=0.0),
    "guided": dict(guidance_scale=2.5, negative_prompt="red"),
}
STEPS = 3
MERGES = ["r e", "re d</w>", "c a", "ca t</w>"]


def tokenizer(folder, pad):
    letters = list(bytes_to_unicode().values())
    words = letters + [letter + "</w>" for letter in letters]
    words += [merge.replace(" ", "") for merge in MERGES]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    vocab = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(MERGES) + "\n")
    made = CLIPTokenizer(folder / "vocab.json", folder / "merges.txt",
                         pad_token=pad, model_max_length=77)
    made.save_pretrained(folder)
    return made


def text_config(vocabulary, width, **more):
    return CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=2 * width,
        num_hidden_layers=3, num_attention_heads=2,
        max_position_embeddings=77, eos_token_id=vocabulary - 1,
        bos_token_id=vocabulary - 2, **more)


def randomise(network, seed):
    """Lively but tame; every value exact in bfloat16."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.named_parameters():
        noise = torch.randn(value.shape, generator=generator)
        if value.dim() > 1:
            noise *= 0.7 / value[0].numel() ** 0.5
        elif name.endswith("weight"):
            noise = 1 + 0.1 * noise
        else:
            noise *= 0.1
        value.data = noise.to(torch.bfloat16).float()
    return network.eval()


def make_sdxl(folder):
    first = tokenizer(folder / "tokenizer", "<|endoftext|>")
    second = tokenizer(folder / "tokenizer_2", "!")
    size = len(first)
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4, cross_attention_dim=20, attention_head_dim=(1, 2),
        transformer_layers_per_block=1, use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=36)
    vae = AutoencoderKL(
        block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, sample_size=16,
        scaling_factor=0.5)
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
        timestep_spacing="trailing")
    made = StableDiffusionXLPipeline(
        vae=randomise(vae, 1),
        text_encoder=randomise(CLIPTextModel(text_config(size, 8)), 2),
        text_encoder_2=randomise(
            CLIPTextModelWithProjection(
                text_config(size, 12, hidden_act="gelu", projection_dim=12)),
            3),
        tokenizer=first, tokenizer_2=second, unet=randomise(unet, 4),
        scheduler=scheduler, add_watermarker=False)
    made.to(torch.bfloat16).save_pretrained(folder)
    return made.to(torch.float32)


def draw(pipeline, settings):
    """Latents of the start and after every step, and the pictures."""
    generators = [torch.Generator().manual_seed(SEED + i)
                  for i in range(len(PROMPTS))]
    shape = (4, 8, 8)
    start = torch.stack([torch.randn((1, *shape), generator=g)[0]
                         for g in generators])
    latents = []

    def keep(_, step, timestep, values):
        latents.append(values["latents"])
        return values

    if "negative_prompt" in settings:
        settings = dict(settings, negative_prompt=[
            settings["negative_prompt"]] * len(PROMPTS))
    pictures = pipeline(PROMPTS, num_inference_steps=STEPS, latents=start,
                        output_type="pt", callback_on_step_end=keep,
                        height=16, width=16, **settings).images
    first = start * pipeline.scheduler.init_noise_sigma
    return torch.stack([first, *latents]), pictures


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    folder = OUT / "sdxl"
    pipeline = make_sdxl(folder)
    tensors = {}
    with torch.no_grad():
        for name, settings in RUNS.items():
            latents, image = draw(pipeline, settings)
            tensors[f"{name}/latents"] = latents.contiguous()
            tensors[f"{name}/image"] = image.float().contiguous()
    save_file(tensors, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps(
        {"prompts": PROMPTS, "seed": SEED, "steps": STEPS, "runs": RUNS},
        indent=2) + "\n")


if __name__ == "__main__":
    main()
