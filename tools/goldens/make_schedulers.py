#!/usr/bin/env python3
"""Makes tests/schedulers/data: the schedules of diffusers and the latents of
every step under a denoiser of one line, and the defaults of its classes.

Use: python3 tools/goldens/make_schedulers.py
Needs: tools/goldens/requirements.txt

The denoiser is tanh(1.5 x) + 0.3 sin(t / 150), x what scale_model_input gives.
`spacings` holds, for 1 to 100 steps, the sum of the timesteps and the sum of each
times its place; where numpy's arange gives trailing a step too many, without it.
"""
import inspect
import json
import pathlib

import diffusers
import numpy as np
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "schedulers" / "data"
SHAPE = (1, 2, 3, 4)
EULER, ANCESTRAL, LCM, DDIM, PNDM, DPM, FLOW = CLASSES = [
    "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "LCMScheduler",
    "DDIMScheduler", "PNDMScheduler", "DPMSolverMultistepScheduler",
    "FlowMatchEulerDiscreteScheduler"]
LATENT = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
# Keys of several classes in one file, as published files have them.
MIXED = dict(LATENT, _class_name=EULER, clip_sample=False, skip_prk_steps=True,
             set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading",
             interpolation_type="linear", use_karras_sigmas=False)
SIGMAS = [1.0, 0.7, 0.3, 0.1]


def cases():
    """Yields (name, class, config, arguments of set_timesteps, eta)."""
    steps = lambda n: dict(num_inference_steps=n)
    for cls in CLASSES[:-1]:
        yield f"from_mixed/{cls}", cls, MIXED, steps(5), None
        yield f"defaults_skipped/{cls}", cls, dict(
            MIXED, _use_default_values=["steps_offset", "beta_schedule"]), steps(3), None
    for cls in (EULER, ANCESTRAL, DDIM, PNDM, DPM):
        for spacing in ("leading", "trailing", "linspace"):
            for prediction in ("epsilon", "v_prediction"):
                config = dict(LATENT, timestep_spacing=spacing, skip_prk_steps=True,
                              prediction_type=prediction, steps_offset=1,
                              clip_sample=False)
                yield f"{spacing}/{prediction}/{cls}", cls, config, steps(6), None
        if cls != ANCESTRAL:  # which gives NaN there
            yield f"cosine/{cls}", cls, dict(
                beta_schedule="squaredcos_cap_v2", skip_prk_steps=True), steps(4), None
        yield f"trained/{cls}", cls, dict(
            trained_betas=[0.01 * (i + 1) for i in range(20)], skip_prk_steps=True,
            num_train_timesteps=20), steps(4), None
    for cls in (EULER, ANCESTRAL, DDIM, DPM, LCM):
        yield f"zero_snr/{cls}", cls, dict(
            LATENT, rescale_betas_zero_snr=True, prediction_type="v_prediction",
            timestep_spacing="trailing", original_inference_steps=1000), steps(4), None
    yield from euler_cases(steps)
    yield from alpha_cases(steps)
    yield from dpm_cases(steps)
    yield from flow_cases(steps)


def euler_cases(steps):
    for extra in (dict(use_karras_sigmas=True), dict(use_exponential_sigmas=True),
                  dict(use_karras_sigmas=True, sigma_min=0.1, sigma_max=9),
                  dict(interpolation_type="log_linear"),
                  dict(timestep_type="continuous", prediction_type="v_prediction"),
                  dict(final_sigmas_type="sigma_min"), dict(prediction_type="sample")):
        name = "+".join(f"{k}={v}" for k, v in extra.items())
        yield f"euler/{name}", EULER, dict(LATENT, **extra), steps(5), None
    yield "euler/timesteps", EULER, LATENT, dict(timesteps=[999, 700.5, 30]), None
    yield "euler/sigmas", EULER, LATENT, dict(sigmas=[12.0, 3.5, 0.6, 0.0]), None


def alpha_cases(steps):
    bounds = dict(thresholding=True, dynamic_thresholding_ratio=0.8,
                  sample_max_value=1.5)
    yield "ddim/eta", DDIM, LATENT, steps(4), 0.6
    yield "ddim/eta1", DDIM, dict(LATENT, clip_sample=False), steps(3), 1.0
    yield "ddim/thresholding", DDIM, dict(LATENT, **bounds), steps(4), None
    yield "ddim/sample", DDIM, dict(LATENT, prediction_type="sample"), steps(4), None
    yield "ddim/range", DDIM, dict(LATENT, clip_sample_range=0.5), steps(4), None
    yield "lcm/one", LCM, {}, steps(1), None
    yield "lcm/six", LCM, {}, steps(6), None
    yield "lcm/timesteps", LCM, MIXED, dict(timesteps=[999, 499, 20]), None
    yield "lcm/original", LCM, dict(original_inference_steps=30), steps(7), None
    yield "lcm/sample", LCM, dict(prediction_type="sample", clip_sample=True), steps(3), None
    yield "lcm/scaling", LCM, dict(timestep_scaling=0.01, **bounds), steps(3), None
    for n in (1, 2, 3, 4, 9):
        yield f"pndm/{n}", PNDM, MIXED, steps(n), None
    yield "pndm/one", PNDM, dict(MIXED, set_alpha_to_one=True), steps(4), None


def dpm_cases(steps):
    yield "dpm/hidden_sigmas", DPM, dict(
        MIXED, use_karras_sigmas=True, sigma_min=0.2, sigma_max=7), steps(4), None
    for n in (1, 2, 16):
        yield f"dpm/{n}", DPM, LATENT, steps(n), None
    for extra in (dict(use_karras_sigmas=True), dict(use_exponential_sigmas=True),
                  dict(use_lu_lambdas=True), dict(solver_type="heun"),
                  dict(solver_order=1), dict(final_sigmas_type="sigma_min"),
                  dict(final_sigmas_type="sigma_min", lower_order_final=False),
                  dict(final_sigmas_type="sigma_min", lower_order_final=False,
                       euler_at_final=True),
                  dict(lambda_min_clipped=-2.0, timestep_spacing="trailing"),
                  dict(lambda_min_clipped=-2.0), dict(prediction_type="sample"),
                  dict(thresholding=True, sample_max_value=1.2),
                  dict(solver_type="logrho")):
        name = "+".join(f"{k}={v}" for k, v in extra.items())
        yield f"dpm/{name}", DPM, dict(LATENT, **extra), steps(5), None
    yield "dpm/timesteps", DPM, LATENT, dict(timesteps=[999, 600, 99]), None


def flow_cases(steps):
    dynamic = dict(use_dynamic_shifting=True, base_shift=0.4, max_shift=1.3)
    for extra in ({}, dict(shift=3.0), dict(invert_sigmas=True), dict(shift_terminal=0.2),
                  dict(use_karras_sigmas=True), dict(use_exponential_sigmas=True),
                  dict(stochastic_sampling=True, shift=2.0), dict(shift_terminal=0),
                  dict(use_karras_sigmas=True, sigma_min=0.05)):
        name = "+".join(f"{k}={v}" for k, v in extra.items()) or "plain"
        yield f"flow/{name}", FLOW, extra, dict(sigmas=SIGMAS), None
        yield f"flow/{name}/own", FLOW, extra, steps(5), None
    for kind in ("exponential", "linear"):
        for tokens in (6, 1024):
            config = dict(dynamic, time_shift_type=kind)
            given = dict(sigmas=SIGMAS, mu=mu(config, tokens), image_tokens=tokens)
            yield f"flow/{kind}/{tokens}", FLOW, config, given, None
    yield "flow/dynamic/own", FLOW, dynamic, dict(
        num_inference_steps=4, mu=mu(dynamic, 300), image_tokens=300), None
    yield "flow/timesteps", FLOW, dict(shift=2.0), dict(timesteps=[900.0, 500.0, 20.0]), None
    yield "flow/both", FLOW, dict(shift=2.0), dict(
        timesteps=[900.0, 500.0], sigmas=[0.95, 0.4]), None


def mu(config, tokens):
    slope = (config["max_shift"] - config["base_shift"]) / (4096 - 256)
    return tokens * slope + config["base_shift"] - slope * 256


def run(name, cls, config, given, eta, tensors):
    scheduler = getattr(diffusers, cls).from_config(config)
    scheduler.set_timesteps(**{k: v for k, v in given.items() if k != "image_tokens"})
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    seed = sum(map(ord, name))
    generator, twin = (torch.Generator().manual_seed(seed) for _ in range(2))
    torch.manual_seed(seed)
    x = torch.randn(SHAPE, generator=torch.Generator().manual_seed(7))
    start = float(getattr(scheduler, "init_noise_sigma", 1))
    x = x * start
    latents, outputs, noises = [x], [], []
    takes = inspect.signature(scheduler.step).parameters
    extra = {k: v for k, v in dict(generator=generator, eta=eta).items()
             if k in takes and v is not None}
    for i, t in enumerate(scheduler.timesteps):
        scaled = x if cls == FLOW else scheduler.scale_model_input(x, t)
        out = torch.tanh(1.5 * scaled) + 0.3 * torch.sin(t.float() / 150)
        if cls == ANCESTRAL or config.get("stochastic_sampling") or (eta or 0) > 0 \
                or (cls == LCM and i + 1 < len(scheduler.timesteps)):
            noises.append(torch.randn(SHAPE, generator=twin))
        x = scheduler.step(out, t, x, **extra).prev_sample
        latents.append(x)
        outputs.append(out)
    tensors[name + "/timesteps"] = scheduler.timesteps.float()
    tensors[name + "/latents"] = torch.cat(latents)
    tensors[name + "/outputs"] = torch.cat(outputs)
    if hasattr(scheduler, "sigmas"):
        tensors[name + "/sigmas"] = scheduler.sigmas[:len(outputs) + 1].clone()
    if noises:
        tensors[name + "/noise"] = torch.cat(noises)
    return dict(scheduler=cls, config=config, set_timesteps=given, eta=eta, seed=seed,
                init_noise_sigma=start)


def defaults(cls):
    arguments = inspect.signature(getattr(diffusers, cls).__init__).parameters
    return {name: None if one.default == -float("inf") else one.default
            for name, one in arguments.items() if name != "self"}


def spacing_sums(cls, spacing):
    sums = []
    for n in range(1, 101):
        config = dict(LATENT, timestep_spacing=spacing, skip_prk_steps=True)
        scheduler = getattr(diffusers, cls).from_config(config)
        scheduler.set_timesteps(n)
        calls = n + 1 if cls == PNDM and n > 1 else n
        t = scheduler.timesteps.double().numpy()
        if spacing == "trailing" and len(t) == calls + 1:
            t = t[:calls]  # the step too many, -1, is the last one
        sums.append([round(float(t.sum()), 2),
                     round(float((t * np.arange(len(t))).sum()), 1)])
    return sums


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tensors = {}
    golden = {"cases": {name: run(name, *rest, tensors) for name, *rest in cases()},
              "defaults": {cls: defaults(cls) for cls in CLASSES},
              "spacings": {cls: {s: spacing_sums(cls, s)
                                 for s in ("leading", "trailing", "linspace")}
                           for cls in (EULER, DDIM, PNDM, DPM)}}
    (OUT / "schedulers.json").write_text(json.dumps(golden) + "\n")
    save_file({k: v.contiguous() for k, v in tensors.items()},
              OUT / "schedulers.safetensors")
    print(len(golden["cases"]), "cases")


if __name__ == "__main__":
    main()
