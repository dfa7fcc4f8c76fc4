#!/usr/bin/env python3
"""Makes the GGUF goldens of tests/golden/data/gguf and tests/tensor/data.

Use: python3 tools/goldens/make_gguf.py [types] [NAME ...]
Needs: tools/goldens/requirements.txt (torch, transformers, safetensors, gguf)

types: tests/tensor/data/gguf_types.gguf has one tensor of every type the
program reads, random blocks with special scales among them (zeros, subnormals,
infinities, NaN); gguf_types.safetensors has the float32 values that the gguf
package gives them.

NAME: a tiny random model, run by transformers, then written as GGUF as public
converters write it. NAME.gguf; NAME.json = prompt, sites (those that hooks see),
config (what config.json said), weights (name: shape and a checksum);
NAME.safetensors = logits [tokens, vocabulary].
Where transformers reads the architecture's GGUF files itself, the weights that
it reads must be the model's.
The same versions give the same files.
"""
import argparse
import json
import math
import pathlib

import gguf
import numpy as np
import torch
import transformers
from safetensors.numpy import save_file
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

import make_models

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "golden" / "data" / "gguf"
TYPES = ROOT / "tests" / "tensor" / "data"
QUANTIZED = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K",
             "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
# Where a block has its float16 scales.
SCALES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,),
          "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}
SPECIAL = [0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x7bff, 0xfbff, 0x7c00,
           0xfc00, 0x7e00]
ROWS, WIDTH = 4, 256
WINDOW = 3


def random_blocks(name, generator):
    """Rows of WIDTH random values; the scales are sane, but for a few."""
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    count = ROWS * WIDTH // elements
    blocks = generator.integers(0, 256, (count, size), dtype=np.uint8)
    for at in SCALES.get(name, (0,)):
        scale = generator.normal(0, 0.02, count).astype(np.float16)
        bits = scale.view(np.uint16)
        # The K types have few blocks: specials in the second half only.
        for i in range(count // 2, count):
            bits[i] = SPECIAL[generator.integers(len(SPECIAL))]
        blocks[:, at:at + 2] = bits.view(np.uint8).reshape(count, 2)
    return blocks.reshape(ROWS, -1), kind


def make_types():
    generator = np.random.default_rng(15)
    path = TYPES / "gguf_types.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    values = {}
    plain = generator.normal(0, 1, (ROWS, WIDTH))
    for name, dtype in (("F64", np.float64), ("F32", np.float32),
                        ("F16", np.float16)):
        writer.add_tensor(name, plain.astype(dtype))
        values[name] = plain.astype(dtype).astype(np.float32)
    rounded = gguf.quants.quantize(plain.astype(np.float32),
                                   gguf.GGMLQuantizationType.BF16)
    writer.add_tensor("BF16", rounded,
                      raw_dtype=gguf.GGMLQuantizationType.BF16)
    values["BF16"] = gguf.quants.dequantize(
        rounded, gguf.GGMLQuantizationType.BF16)
    for name in QUANTIZED:
        blocks, kind = random_blocks(name, generator)
        writer.add_tensor(name, blocks, raw_dtype=kind)
        with np.errstate(all="ignore"):
            values[name] = gguf.quants.dequantize(blocks, kind)
    finish(writer)
    save_file(values, TYPES / "gguf_types.safetensors")
    print(f"types: {path.stat().st_size / 1000:.0f} kB")


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


SIZES = dict(vocab_size=32, hidden_size=16, intermediate_size=24,
             num_hidden_layers=1, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64,
             bos_token_id=1, eos_token_id=2, pad_token_id=None)


def config(kind, **changes):
    return getattr(transformers, kind + "Config")(**{**SIZES, **changes})


LONG = [1.0 + 0.5 * i for i in range(4)]
SHORT = [1.0 + 0.25 * i for i in range(4)]
# name -> (architecture in the file, configuration)
NAMES = {
    "llama": ("llama", lambda: config(
        "Llama", attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5)),
    "llama-scaled": ("llama", lambda: config(
        "Llama", head_dim=8, rope_theta=100.0, tie_word_embeddings=True,
        rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0,
                          high_freq_factor=4.0,
                          original_max_position_embeddings=64))),
    "llama-linear": ("llama", lambda: config(
        "Llama", rope_scaling=dict(rope_type="linear", factor=4.0))),
    "mistral": ("llama", lambda: config("Mistral", sliding_window=WINDOW)),
    "qwen2": ("qwen2", lambda: config(
        "Qwen2", rope_theta=1e6, tie_word_embeddings=True)),
    "qwen3": ("qwen3", lambda: config("Qwen3", head_dim=8)),
    "gemma2": ("gemma2", lambda: config(
        "Gemma2", num_hidden_layers=2, head_dim=8, query_pre_attn_scalar=8,
        sliding_window=WINDOW,
        attn_logit_softcapping=2.0, final_logit_softcapping=3.0)),
    "gpt2": ("gpt2", lambda: transformers.GPT2Config(
        vocab_size=32, n_embd=16, n_layer=2, n_head=4, n_positions=24,
        bos_token_id=1, eos_token_id=2)),
    "phi3": ("phi3", lambda: config(
        "Phi3", hidden_size=32, original_max_position_embeddings=16,
        rope_scaling=dict(type="longrope", long_factor=LONG,
                          short_factor=SHORT))),
    "olmo2": ("olmo2", lambda: config("Olmo2")),
    "gemma3": ("gemma3", lambda: config(
        "Gemma3Text", head_dim=8, query_pre_attn_scalar=8,
        num_hidden_layers=7, hidden_size=8, intermediate_size=8,
        sliding_window=WINDOW, rope_theta=1e6,
        rope_scaling=dict(rope_type="linear", factor=8.0))),
    "smollm3": ("smollm3", lambda: config(
        "SmolLM3", num_hidden_layers=4, hidden_size=8, intermediate_size=8,
        num_attention_heads=2, num_key_value_heads=1)),
    "granite": ("granite", lambda: config(
        "Granite", attention_multiplier=0.3, embedding_multiplier=2.0,
        residual_multiplier=0.5, logits_scaling=4.0,
        tie_word_embeddings=True)),
    "qwen3moe": ("qwen3moe", lambda: config(
        "Qwen3Moe", head_dim=8, num_experts=4, num_experts_per_tok=2,
        moe_intermediate_size=8, norm_topk_prob=True, mlp_only_layers=[])),
}
CROSS_CHECKED = ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "gpt2", "phi3",
                 "qwen3moe"]  # architectures that transformers reads


def renamed(name, architecture):
    """The GGUF name of a weight, by the gguf package's own table."""
    layers = 8
    table = gguf.get_tensor_name_map(
        {v: k for k, v in gguf.MODEL_ARCH_NAMES.items()}[architecture], layers)
    found = table.get_name(name, try_suffixes=(".weight", ".bias"))
    if found is None:
        raise KeyError(name)
    return found


def permuted(weight, heads):
    return (weight.reshape(heads, 2, weight.shape[0] // heads // 2,
                           *weight.shape[1:])
            .swapaxes(1, 2).reshape(weight.shape))


def converted(name, weight, architecture, settings):
    """What public converters do to a weight."""
    if architecture in ("llama", "granite", "smollm3"):
        if ".q_proj." in name:
            return permuted(weight, settings.num_attention_heads)
        if ".k_proj." in name:
            return permuted(weight, settings.num_key_value_heads)
    if architecture.startswith("gemma") and name.endswith("norm.weight"):
        return weight + 1
    if architecture == "gpt2" and name.endswith(
            ("c_attn.weight", "c_proj.weight", "c_fc.weight")):
        return weight.T
    return weight


def tensors_of(model, architecture):
    """(GGUF name, float32 array) of every weight."""
    experts = {}
    tied = model.config.tie_word_embeddings
    for name, weight in model.state_dict().items():
        if tied and name == "lm_head.weight":
            continue
        value = converted(name, weight.float().numpy(), architecture,
                          model.config)
        if ".experts." in name:
            layer, expert, part = (name.split(".")[i] for i in (2, 5, 6))
            experts.setdefault((layer, part.split("_")[0]), {})[
                int(expert)] = value
        else:
            yield renamed(name, architecture), np.ascontiguousarray(value)
    for (layer, part), values in experts.items():
        stacked = np.stack([values[i] for i in range(len(values))])
        yield f"blk.{layer}.ffn_{part}_exps.weight", stacked


def llama3_factors(settings):
    """As the converter works them out, which keeps no parameter."""
    scaling = settings.rope_scaling
    width, factor = settings.head_dim, scaling["factor"]
    original = scaling["original_max_position_embeddings"]
    low = original / scaling["low_freq_factor"]
    high = original / scaling["high_freq_factor"]
    for i in range(0, width, 2):
        wave = 2 * math.pi * settings.rope_theta ** (i / width)
        if wave < high:
            yield 1.0
        elif wave > low:
            yield factor
        else:
            smooth = (original / wave - scaling["low_freq_factor"]) / (
                scaling["high_freq_factor"] - scaling["low_freq_factor"])
            yield 1 / ((1 - smooth) / factor + smooth)


def write_rope(writer, architecture, settings):
    scaling = getattr(settings, "rope_scaling", None) or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    elif kind == "llama3":
        factors = np.array(list(llama3_factors(settings)), dtype=np.float32)
        writer.add_tensor("rope_freqs.weight", factors)
    elif kind == "longrope":
        original = settings.original_max_position_embeddings
        scale = settings.max_position_embeddings / original
        writer.add_rope_scaling_attn_factors(
            math.sqrt(1 + math.log(scale) / math.log(original)))
        writer.add_rope_scaling_orig_ctx_len(original)
        for which in ("long", "short"):
            writer.add_tensor(f"rope_factors_{which}.weight",
                              np.array(scaling[which + "_factor"],
                                       dtype=np.float32))


def write_keys(writer, architecture, settings):
    writer.add_context_length(settings.max_position_embeddings)
    writer.add_embedding_length(settings.hidden_size)
    writer.add_block_count(settings.num_hidden_layers)
    writer.add_head_count(settings.num_attention_heads)
    writer.add_vocab_size(settings.vocab_size)
    if architecture == "gpt2":
        writer.add_feed_forward_length(4 * settings.hidden_size)
        writer.add_layer_norm_eps(settings.layer_norm_epsilon)
        return
    writer.add_feed_forward_length(settings.intermediate_size)
    writer.add_head_count_kv(settings.num_key_value_heads)
    writer.add_layer_norm_rms_eps(settings.rms_norm_eps)
    writer.add_rope_freq_base(settings.rope_theta)
    head = getattr(settings, "head_dim", None)
    if head:
        writer.add_key_length(head)
        writer.add_value_length(head)
    if architecture in ("llama", "phi3", "granite", "smollm3"):
        writer.add_rope_dimension_count(
            head or settings.hidden_size // settings.num_attention_heads)
    write_rope(writer, architecture, settings)
    if architecture in ("gemma2", "gemma3") or settings.model_type in (
            "mistral", "phi3"):
        writer.add_sliding_window(settings.sliding_window or 0)
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(settings.attn_logit_softcapping)
        writer.add_final_logit_softcapping(settings.final_logit_softcapping)
    if architecture == "granite":
        writer.add_attention_scale(settings.attention_multiplier)
        writer.add_embedding_scale(settings.embedding_multiplier)
        writer.add_residual_scale(settings.residual_multiplier)
        writer.add_logit_scale(settings.logits_scaling)
    if architecture == "qwen3moe":
        writer.add_expert_count(settings.num_experts)
        writer.add_expert_used_count(settings.num_experts_per_tok)
        writer.add_expert_feed_forward_length(settings.moe_intermediate_size)


def write_model(path, model, architecture):
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("model")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    write_keys(writer, architecture, model.config)
    writer.add_eos_token_id(model.config.eos_token_id)
    writer.add_bos_token_id(model.config.bos_token_id)
    for name, value in tensors_of(model, architecture):
        writer.add_tensor(name, value)
    finish(writer)


def checksum(weight):
    """Every element counts, and where it stands."""
    flat = weight.double().flatten()
    return float((flat * torch.cos(torch.arange(flat.numel()).double())).sum())


def run(model, ids):
    """Logits, and the names of modules whose output is a stream of tokens."""
    seen, handles = set(), []

    def watch(name):
        def hook(module, args, output):
            seen.update(site for site, value
                        in make_models.elements(name, output)
                        if value.dim() > 1)
        return hook

    names = [name for name, module in model.named_modules()
             if make_models.is_watched(name, module)]
    for name in names:
        handles.append(
            model.get_submodule(name).register_forward_hook(watch(name)))
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    for handle in handles:
        handle.remove()
    return logits, sorted(seen)


def cross_check(path, model):
    read = load_gguf_checkpoint(str(path), return_tensors=True,
                                model_to_load=model)["tensors"]
    for key, value in model.state_dict().items():
        if key in read:
            torch.testing.assert_close(read[key].float(), value.float())
        elif key != "lm_head.weight":
            raise KeyError(key)


def make_model(name):
    architecture, make_config = NAMES[name]
    seed = sum(name.encode())
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(
        make_config(), attn_implementation="eager").eval()
    make_models.randomize(model, generator)
    settings = model.config
    prompt = torch.randint(0, settings.vocab_size, (9,),
                           generator=generator).tolist()
    logits, sites = run(model, prompt)
    path = MODELS / f"{name}.gguf"
    write_model(path, model, architecture)
    weights = {key: {"shape": list(value.shape), "checksum": checksum(value)}
               for key, value in model.state_dict().items()
               if not (settings.tie_word_embeddings
                       and key == "lm_head.weight")}
    said = {key: value for key, value in settings.to_diff_dict().items()
            if key not in ("transformers_version", "pad_token_id")}
    said["architectures"] = [type(model).__name__]
    (MODELS / f"{name}.json").write_text(json.dumps(
        {"made_by": "tools/goldens/make_gguf.py",
         "transformers": transformers.__version__,
         "prompt": prompt, "sites": sites, "config": said,
         "weights": weights}) + "\n")
    save_file({"logits": logits.numpy()}, MODELS / f"{name}.safetensors")
    if architecture in CROSS_CHECKED and name != "mistral":
        cross_check(path, model)
    print(f"{name}: {path.stat().st_size / 1000:.0f} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["types", *NAMES])
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    MODELS.mkdir(exist_ok=True)
    for name in args.names:
        make_types() if name == "types" else make_model(name)


if __name__ == "__main__":
    main()
