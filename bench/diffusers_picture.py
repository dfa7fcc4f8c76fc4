#!/usr/bin/env python3
"""Seconds a picture with diffusers, as bench/pictures.cpp makes them.

Use: bench/diffusers_picture.py MODEL SIDE ROWS    (needs torch, diffusers)
"""
import json
import statistics
import sys
import time

import torch
from diffusers import StableDiffusionXLPipeline

PAIRS = 4  # the first is not counted


def main():
    model, side, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        model, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    seconds = []
    for _ in range(PAIRS):
        start = time.monotonic()
        pipeline(["a red cat on grass"] * rows, num_inference_steps=4,
                 guidance_scale=0, height=side, width=side, output_type="pt",
                 generator=[torch.Generator().manual_seed(i)
                            for i in range(rows)])
        seconds.append((time.monotonic() - start) / rows)
    print(json.dumps({"picture": statistics.median(seconds[1:])}))


if __name__ == "__main__":
    main()
