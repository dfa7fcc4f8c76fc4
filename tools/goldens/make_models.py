#!/usr/bin/env python3
"""Makes the tiny random checkpoints of tests/golden/data/models and, by running
transformers on them with forward hooks, the golden activations at every site.

Use: python3 tools/goldens/make_models.py [--out DIR] [NAME ...]
Needs: tools/goldens/requirements.txt (torch, transformers, safetensors)

One folder a model: config.json and weights in Hugging Face form;
golden.json = sites (name, width) in named_modules() order and prompts;
golden.safetensors = "<prompt>/<site>" [tokens, width] and "<prompt>/logits"
[tokens, vocabulary], float32, one prompt at a time, without padding.
The same versions give the same files.
"""
import argparse
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import load_file, save_file

DATA = (pathlib.Path(__file__).resolve().parents[2]
        / "tests" / "golden" / "data" / "models")
VOCABULARY = 64
SIZES = dict(vocab_size=VOCABULARY, hidden_size=24, intermediate_size=40,
             num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64,
             bos_token_id=1, eos_token_id=2, pad_token_id=None)
PROMPT_LENGTHS = (11, 4)


def llama(**changes):
    return transformers.LlamaConfig(**{**SIZES, **changes})


def mistral(**changes):
    return transformers.MistralConfig(**{**SIZES, **changes})


def qwen2(**changes):
    return transformers.Qwen2Config(**{**SIZES, **changes})


def qwen3(**changes):
    return transformers.Qwen3Config(**{**SIZES, **changes})


def gemma2(**changes):
    return transformers.Gemma2Config(**{**SIZES, **changes})


def gemma3(**changes):
    return transformers.Gemma3TextConfig(**{**SIZES, **changes})


def qwen3_moe(**changes):
    return transformers.Qwen3MoeConfig(**{**SIZES, **changes})


def olmo2(**changes):
    return transformers.Olmo2Config(**{**SIZES, **changes})


def phi3(**changes):
    return transformers.Phi3Config(**{**SIZES, **changes})


def smollm3(**changes):
    return transformers.SmolLM3Config(**{**SIZES, **changes})


def granite(**changes):
    return transformers.GraniteConfig(**{**SIZES, **changes})


def gpt2():
    return transformers.GPT2Config(
        vocab_size=VOCABULARY, n_embd=24, n_layer=2, n_head=3, n_positions=32,
        bos_token_id=1, eos_token_id=2)


# name -> (config, dtype on disk, largest shard)
MODELS = {
    "gpt2": (gpt2, torch.float32, None),
    "llama2": (lambda: llama(num_key_value_heads=4), torch.float16, None),
    # Frequencies on both sides of the scaling's bounds and between them.
    "llama3": (lambda: llama(
        head_dim=8, rope_theta=100.0, tie_word_embeddings=True,
        rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0,
                          high_freq_factor=4.0,
                          original_max_position_embeddings=64)),
        torch.float32, None),
    "llama-bias": (lambda: llama(attention_bias=True, mlp_bias=True),
                   torch.float32, None),
    "deepseek": (lambda: llama(num_key_value_heads=4, rms_norm_eps=1e-6),
                 torch.bfloat16, "20KB"),
    "mistral": (lambda: mistral(sliding_window=5), torch.float32, None),
    "qwen2": (lambda: qwen2(rope_theta=1e6, tie_word_embeddings=True),
              torch.float32, None),
    "qwen2-window": (lambda: qwen2(
        num_hidden_layers=3, use_sliding_window=True, sliding_window=4,
        max_window_layers=1), torch.float32, None),
    "qwen3": (lambda: qwen3(head_dim=8, hidden_size=20), torch.float32, None),
    "gemma2": (lambda: gemma2(
        head_dim=8, query_pre_attn_scalar=12, sliding_window=4,
        attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
        torch.float32, None),
    "gemma3": (lambda: gemma3(
        num_hidden_layers=3, head_dim=8, query_pre_attn_scalar=12,
        sliding_window=4, sliding_window_pattern=2, rope_theta=1000.0,
        rope_local_base_freq=10.0), torch.float32, None),
    # A dense layer between two with experts.
    "qwen3-moe": (lambda: qwen3_moe(
        num_hidden_layers=3, hidden_size=16, head_dim=8, num_experts=4,
        num_experts_per_tok=2, moe_intermediate_size=8, norm_topk_prob=True,
        mlp_only_layers=[1]), torch.float32, None),
    "olmo2": (lambda: olmo2(), torch.float32, None),
    "phi3": (lambda: phi3(
        num_attention_heads=3, num_key_value_heads=1,
        partial_rotary_factor=0.5, sliding_window=5), torch.float32, None),
    "phi3-long": (lambda: phi3(
        original_max_position_embeddings=16, rope_scaling=dict(
            type="longrope", short_factor=[1.0, 1.1, 1.3],
            long_factor=[1.0, 2.0, 5.0])), torch.float32, None),
    "smollm3": (lambda: smollm3(
        num_hidden_layers=3, no_rope_layer_interval=2,
        tie_word_embeddings=False), torch.float32, None),
    "granite": (lambda: granite(
        embedding_multiplier=3.0, logits_scaling=2.0, residual_multiplier=0.6,
        attention_multiplier=0.3, attention_bias=True), torch.float32, None),
    # Weights as the classes' defaults want them; see LEFT_OUT.
    "qwen3-defaults": (lambda: qwen3(
        num_hidden_layers=1, hidden_size=8, num_attention_heads=1,
        num_key_value_heads=1), torch.float32, None),
    "mistral-defaults": (lambda: mistral(
        num_hidden_layers=1, hidden_size=32, num_attention_heads=16,
        num_key_value_heads=8), torch.float32, None),
}
# Keys that are taken out of the written config.json.
LEFT_OUT = {
    "qwen3-defaults": {"head_dim", "rms_norm_eps", "rope_theta", "hidden_act",
                       "tie_word_embeddings", "attention_bias",
                       "use_sliding_window", "sliding_window", "layer_types",
                       "max_window_layers", "rope_scaling"},
    "mistral-defaults": {"num_key_value_heads", "sliding_window", "hidden_act",
                         "rms_norm_eps", "rope_theta", "tie_word_embeddings",
                         "max_position_embeddings", "head_dim"},
}


def randomize(model, generator):
    """Weights at which every part of the model shows in the logits."""
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        if name.endswith("bias"):
            noise *= 0.3
        elif weight.dim() == 1:  # a norm's gain, kept as 1 + ... or as is
            noise = noise * 0.3 + weight.data.round()
        elif "embed" not in name and "wte" not in name and "wpe" not in name:
            is_in_out = name.startswith("transformer.h.")
            noise *= 1.3 / weight.shape[0 if is_in_out else 1] ** 0.5
        weight.data = noise


def is_watched(name, module):
    """False for what is never a site; the hook's output decides the rest."""
    kind = type(module)
    return bool(name) \
        and not isinstance(module, (torch.nn.ModuleList, torch.nn.Dropout)) \
        and "RotaryEmbedding" not in kind.__name__ \
        and kind.__module__ not in ("transformers.activations",
                                    "torch.nn.modules.activation") \
        and ".experts." not in name  # sees some of the tokens only


def is_floating(value):
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def elements(name, output):
    """(site name, tensor) of a module's output: one, or one an element."""
    if is_floating(output):
        return [(name, output)]
    if type(output) is not tuple:  # a ModelOutput, cos and sin as ids, ...
        return []
    return [(f"{name}:{k}" if k else name, value)
            for k, value in enumerate(output) if is_floating(value)
            and not (k and name.endswith(".mlp"))]  # the router's, for a loss


def by_token(module, value):
    """[tokens, width], the heads side by side."""
    if value.dim() == 2:  # a router's scores
        return value.clone()
    if value.dim() == 4 and type(module).__name__ == "Gemma3RMSNorm":
        value = value.transpose(1, 2)  # the norm is behind the transposition
    return value[0].flatten(1).clone()


def run(model, ids):
    """Logits and {site: [tokens, width]} of one prompt."""
    seen, handles = {}, []

    def watch(name):
        def hook(module, args, output):
            for site, value in elements(name, output):
                seen[site] = by_token(module, value)
        return hook

    names = [name for name, module in model.named_modules()
             if is_watched(name, module)]
    for name in names:
        handles.append(
            model.get_submodule(name).register_forward_hook(watch(name)))
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    for handle in handles:
        handle.remove()
    ordered = {site: seen[site] for name in names for site in seen
               if site.split(":")[0] == name}
    return logits, ordered


def write_golden(folder, model, prompts):
    runs = [run(model, ids) for ids in prompts]
    # Eager attention also hands out its weights, whose last dimension is the
    # prompt's length and no width: not a site.
    widths = [{site: value.shape[-1] for site, value in seen.items()
               if value.shape[0] == len(ids)}
              for (_, seen), ids in zip(runs, prompts)]
    sites = [site for site in widths[0]
             if all(other.get(site) == widths[0][site] for other in widths)]
    tensors = {}
    for i, (logits, seen) in enumerate(runs):
        tensors[f"{i}/logits"] = logits.contiguous()
        for site in sites:
            tensors[f"{i}/{site}"] = seen[site].contiguous()
    save_file(tensors, folder / "golden.safetensors")
    golden = {
        "made_by": "tools/goldens/make_models.py",
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "sites": [{"name": site, "width": widths[0][site]} for site in sites],
        "prompts": prompts,
    }
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")


def as_on_the_hub(folder):
    """GPT-2's own files have no prefix and carry the causal masks."""
    path = folder / "model.safetensors"
    tensors = {name.removeprefix("transformer."): weight
               for name, weight in load_file(path).items()}
    for layer in range(2):
        tensors[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 32, 32).tril()
    save_file(tensors, path, metadata={"format": "pt"})


def leave_out(folder, keys):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    kept = {key: value for key, value in config.items() if key not in keys}
    if keys:
        path.write_text(json.dumps(kept, indent=2) + "\n")


def make(name, out):
    make_config, dtype, shard = MODELS[name]
    seed = sum(name.encode())
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    config = make_config()
    attention = "eager" if name == "gemma2" else "sdpa"
    model = transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation=attention)
    randomize(model, generator)
    model.to(dtype)  # casts the rotary buffers too: run a fresh copy below
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=shard or "1GB")
    (folder / "generation_config.json").unlink()
    leave_out(folder, LEFT_OUT.get(name, set()))
    prompts = [torch.randint(0, VOCABULARY, (length,),
                             generator=generator).tolist()
               for length in PROMPT_LENGTHS]
    stored = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=attention)
    write_golden(folder, stored.eval(), prompts)
    if name == "gpt2":
        as_on_the_hub(folder)
    return sum(path.stat().st_size for path in folder.iterdir())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=DATA)
    parser.add_argument("names", nargs="*", default=list(MODELS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for name in args.names or MODELS:
        print(f"{name}: {make(name, args.out) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
