#!/usr/bin/env python3
"""Makes tests/golden/data/folders.json: what transformers computes on the
checkpoints of tests/golden/data/models with another config.json: rotary
positions of all types in both layouts, keys left out, null, under other names.

Use: python3 tools/goldens/make_folders.py
Needs: tools/goldens/requirements.txt; a second run with transformers 5.3.0 in
its place adds the cases of the layout of transformers 5. A run remakes the
cases of its own version and keeps the others.

Every case: the fixture, the keys that are set and unset, and the logits behind
the last token of each prompt (one prompt at a time, a fresh model each, as
some types remember the longest prompt they saw).
"""
import json
import pathlib
import shutil
import tempfile

import torch
import transformers

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "data"
OUT = GOLDEN / "folders.json"
MAJOR = int(transformers.__version__.split(".")[0])
VOCABULARY = 64
PROMPT_LENGTHS = (13, 90)  # within the fixtures' 64 positions, and beyond

LINEAR = dict(factor=4.0)
DYNAMIC = dict(factor=3.0)
YARN = dict(factor=4.0, original_max_position_embeddings=16)
LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)
LONG3 = dict(short_factor=[1.0, 1.2, 1.5], long_factor=[1.0, 3.0, 7.0])
LONG2 = dict(short_factor=[1.0, 1.2], long_factor=[1.5, 3.0])


def scaling(kind, numbers, key="rope_type"):
    return dict(rope_scaling={key: kind, **numbers})


def parameters(kind, numbers, **more):
    return dict(rope_parameters={"rope_type": kind, **numbers, **more})


# name -> (version, fixture, keys set, keys unset)
CASES = {
    "theta": (4, "qwen2", dict(rope_theta=50.0), []),
    "theta-left-out": (4, "qwen2", {}, ["rope_theta"]),
    "linear": (4, "llama-bias", scaling("linear", LINEAR), []),
    "linear-type": (4, "qwen2", scaling("linear", LINEAR, "type"), []),
    "linear-mistral": (4, "mistral", scaling("linear", LINEAR, "type"), []),
    "linear-gemma2": (4, "gemma2", scaling("linear", LINEAR), []),
    "linear-gemma3": (4, "gemma3", scaling("linear", LINEAR), []),
    "linear-olmo2": (4, "olmo2", scaling("linear", LINEAR, "type"), []),
    "dynamic": (4, "llama-bias", scaling("dynamic", DYNAMIC), []),
    "dynamic-qwen3": (4, "qwen3", scaling("dynamic", DYNAMIC, "type"), []),
    "yarn": (4, "llama-bias", scaling("yarn", YARN), []),
    "yarn-no-original": (4, "qwen2", scaling("yarn", dict(factor=4.0)), []),
    "yarn-attention-factor": (
        4, "qwen3", scaling("yarn", dict(YARN, attention_factor=0.7)), []),
    "yarn-mscale": (4, "granite", scaling("yarn", dict(
        YARN, mscale=0.7, mscale_all_dim=1.3)), []),
    "yarn-mscale-alone": (4, "qwen3-moe", scaling("yarn", dict(
        YARN, mscale=0.7)), []),
    "yarn-betas": (4, "qwen3", scaling("yarn", dict(
        YARN, beta_fast=4.0, beta_slow=2.0)), ["rope_theta"]),
    "yarn-not-truncated": (4, "llama3", scaling("yarn", dict(
        YARN, truncate=False)), []),
    "yarn-unknown-key": (4, "llama-bias", scaling("yarn", dict(
        YARN, finetuned=True)), []),
    "llama3": (4, "mistral", scaling("llama3", LLAMA3), []),
    "llama3-smollm3": (4, "smollm3", scaling("llama3", LLAMA3), []),
    "longrope": (4, "llama-bias", scaling("longrope", dict(
        LONG3, factor=2.0)), []),
    "longrope-attention-factor": (4, "llama-bias", scaling("longrope", dict(
        LONG3, factor=2.0, attention_factor=1.4)), []),
    "longrope-original": (4, "qwen2", dict(
        original_max_position_embeddings=32, **scaling("longrope", LONG3)),
        []),
    "longrope-su": (4, "phi3-long", dict(
        rope_scaling=dict(type="su", **LONG3)), []),
    "longrope-yarn": (4, "phi3-long", dict(
        rope_scaling=dict(type="yarn", **LONG3)), []),
    "longrope-partial": (4, "phi3", dict(
        original_max_position_embeddings=16,
        rope_scaling=dict(type="longrope", **LONG2)), []),
    "partial": (4, "phi3", dict(partial_rotary_factor=0.75), []),
    "phi3-window": (4, "phi3", {}, ["sliding_window"]),
    "5-theta": (5, "qwen2", parameters("default", {}, rope_theta=50.0),
                ["rope_theta", "rope_scaling"]),
    "5-theta-outside": (5, "qwen2", dict(
        rope_theta=50.0, **parameters("default", {}, rope_theta=50.0)), []),
    "5-type-left-out": (5, "llama-bias", dict(
        rope_parameters=dict(rope_theta=70.0)),
        ["rope_theta", "rope_scaling"]),
    "5-theta-left-out": (5, "smollm3", parameters("linear", LINEAR),
                         ["rope_theta", "rope_scaling"]),
    "5-linear": (5, "mistral", parameters("linear", LINEAR, rope_theta=60.0),
                 ["rope_theta", "rope_scaling"]),
    "5-dynamic": (5, "llama-bias", parameters(
        "dynamic", DYNAMIC, rope_theta=60.0), ["rope_theta", "rope_scaling"]),
    "5-yarn": (5, "qwen3", parameters("yarn", YARN, rope_theta=90.0),
               ["rope_theta", "rope_scaling"]),
    "5-yarn-original-outside": (5, "qwen2", dict(
        original_max_position_embeddings=32,
        **parameters("yarn", YARN, rope_theta=90.0)),
        ["rope_theta", "rope_scaling"]),
    "5-llama3": (5, "llama-bias", parameters("llama3", LLAMA3, rope_theta=90.),
                 ["rope_theta", "rope_scaling"]),
    "5-longrope": (5, "phi3-long", parameters(
        "longrope", LONG3, rope_theta=90.0), ["rope_theta", "rope_scaling"]),
    "5-longrope-factor": (5, "llama-bias", parameters("longrope", dict(
        LONG3, factor=2.0, original_max_position_embeddings=32),
        rope_theta=90.0), ["rope_theta", "rope_scaling"]),
    "5-partial": (5, "phi3", parameters("default", {}, rope_theta=90.0),
                  ["rope_theta", "rope_scaling"]),
    "5-nested": (5, "gemma3", dict(rope_parameters=dict(
        full_attention=dict(rope_type="linear", factor=2.0, rope_theta=300.0),
        sliding_attention=dict(rope_type="default", rope_theta=30.0))),
        ["rope_theta", "rope_scaling", "rope_local_base_freq"]),
    "5-nested-full-alone": (5, "gemma3", dict(rope_parameters=dict(
        full_attention=dict(rope_type="default", rope_theta=300.0))),
        ["rope_theta", "rope_scaling", "rope_local_base_freq"]),
    "5-nested-dynamic": (5, "gemma3", dict(rope_parameters=dict(
        full_attention=dict(rope_type="default", rope_theta=300.0),
        sliding_attention=dict(rope_type="dynamic", factor=2.0,
                               rope_theta=30.0))),
        ["rope_theta", "rope_scaling", "rope_local_base_freq"]),
    "5-experts": (5, "qwen3-moe", dict(num_local_experts=4,
        **parameters("default", {}, rope_theta=90.0)),
        ["num_experts", "rope_theta", "rope_scaling"]),
    "gemma3-types-left-out": (4, "gemma3", dict(sliding_window_pattern=3),
                              ["layer_types"]),
    "gemma3-caps": (4, "gemma3", dict(
        final_logit_softcapping=3.0, attn_logit_softcapping=2.0), []),
    "gemma3-left-out": (4, "gemma3", {}, [
        "rms_norm_eps", "rope_theta", "rope_local_base_freq", "rope_scaling",
        "query_pre_attn_scalar", "hidden_activation", "tie_word_embeddings",
        "attention_bias", "final_logit_softcapping", "layer_types",
        "sliding_window"]),
    "gemma2-left-out": (4, "gemma2", {}, [
        "rms_norm_eps", "rope_theta", "query_pre_attn_scalar",
        "hidden_activation", "tie_word_embeddings", "attention_bias",
        "final_logit_softcapping", "attn_logit_softcapping", "layer_types",
        "sliding_window"]),
    "gemma2-caps-null": (4, "gemma2", dict(
        final_logit_softcapping=None, attn_logit_softcapping=None), []),
    "moe-not-normalised": (4, "qwen3-moe", dict(norm_topk_prob=False), []),
    "moe-one-expert": (4, "qwen3-moe", dict(num_experts_per_tok=1),
                       ["norm_topk_prob"]),
    "moe-window": (4, "qwen3-moe", dict(
        use_sliding_window=True, sliding_window=3), []),
    "smollm3-every-layer": (4, "smollm3", dict(no_rope_layers=[1, 1, 1]), []),
    "smollm3-list": (4, "smollm3", dict(no_rope_layers=[0, 1, 0]), []),
    "smollm3-interval": (4, "smollm3", {}, [
        "no_rope_layers", "no_rope_layer_interval", "layer_types"]),
    "smollm3-window": (4, "smollm3", dict(
        use_sliding_window=True, sliding_window=3), ["layer_types"]),
    "granite-left-out": (4, "granite", {}, [
        "embedding_multiplier", "logits_scaling", "residual_multiplier",
        "attention_multiplier"]),
    "qwen2-window-types": (4, "qwen2", dict(
        use_sliding_window=True, sliding_window=3,
        layer_types=["full_attention", "sliding_attention"]), []),
    "mistral-no-window": (4, "mistral", dict(sliding_window=None), []),
    "kv-heads-null": (4, "llama2", dict(num_key_value_heads=None), []),
    "kv-heads-left-out": (4, "llama2", {}, [
        "num_key_value_heads", "head_dim", "hidden_act"]),
    "architectures-left-out": (4, "qwen3", {}, ["architectures"]),
    "architectures-null": (4, "olmo2", dict(architectures=None), []),
    "architectures-of-the-base": (4, "qwen2", dict(
        architectures=["Qwen2Model"]), []),
    "model-type-decides": (4, "mistral", dict(
        architectures=["LlamaForCausalLM"]), []),
    "gpt2-left-out": (4, "gpt2", {}, [
        "layer_norm_epsilon", "activation_function", "n_inner",
        "tie_word_embeddings", "scale_attn_weights", "architectures"]),
    "gpt2-other-names": (4, "gpt2", dict(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
        max_position_embeddings=32),
        ["n_embd", "n_layer", "n_head", "n_positions"]),
    "ignored-keys": (4, "llama-bias", dict(
        use_qk_norm=True, residual_multiplier=0.5, logit_scale=0.3,
        pretraining_tp=4, attn_logit_softcapping=2.0, hidden_activation="gelu",
        use_sliding_window=True), []),
}


def run(folder, ids):
    attention = "eager" if "gemma" in folder.name else "sdpa"
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=attention).eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
    return [round(value, 5) for value in logits.tolist()]


def compute(case, prompts):
    _, fixture, set_keys, unset_keys = case
    with tempfile.TemporaryDirectory() as parent:
        folder = pathlib.Path(parent) / fixture
        shutil.copytree(GOLDEN / "models" / fixture, folder)
        config = json.loads((folder / "config.json").read_text())
        config = {key: value for key, value in config.items()
                  if key not in unset_keys}
        config.update(set_keys)
        (folder / "config.json").write_text(json.dumps(config))
        limit = 32 if fixture == "gpt2" else 1000
        return [run(folder, ids[:limit]) for ids in prompts]


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    generator = torch.Generator().manual_seed(14)
    prompts = [torch.randint(0, VOCABULARY, (length,),
                             generator=generator).tolist()
               for length in PROMPT_LENGTHS]
    old = json.loads(OUT.read_text())["cases"] if OUT.exists() else {}
    cases = {}
    for name, case in CASES.items():
        version, fixture, set_keys, unset_keys = case
        if version != MAJOR:
            if name in old:
                cases[name] = old[name]
            continue
        print(name, flush=True)
        cases[name] = dict(transformers=transformers.__version__,
                           fixture=fixture, set=set_keys, unset=unset_keys,
                           logits=compute(case, prompts))
    OUT.write_text(
        "{\"prompts\": " + json.dumps(prompts) + ",\n\"cases\": {\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}"
                     for name, case in cases.items()) + "}}\n")


if __name__ == "__main__":
    main()
