"""The Qwen2 architecture, bare, for training on a CPU.

Parameter names are those of transformers' Qwen2ForCausalLM, so an export is
the state dict as it is. Shapes: B rows, T tokens, D width, H heads, K kv heads,
d head width, V vocabulary.
"""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

SHAPE = {"hidden_size": 256, "num_hidden_layers": 6, "num_attention_heads": 4,
         "num_key_value_heads": 2, "intermediate_size": 768,
         "vocab_size": 2048, "max_position_embeddings": 512,
         "rope_theta": 10000.0, "rms_norm_eps": 1e-6}


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-6)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.d = c["hidden_size"] // c["num_attention_heads"]
        width, kv = c["hidden_size"], c["num_key_value_heads"] * self.d
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, kv)
        self.v_proj = nn.Linear(width, kv)
        self.o_proj = nn.Linear(width, width, bias=False)

    def forward(self, x_BTD, rope, mask_TT):
        b, t, _ = x_BTD.shape
        q = self.q_proj(x_BTD).view(b, t, -1, self.d).transpose(1, 2)
        k = self.k_proj(x_BTD).view(b, t, -1, self.d).transpose(1, 2)
        v = self.v_proj(x_BTD).view(b, t, -1, self.d).transpose(1, 2)
        q, k = rotate(q, *rope), rotate(k, *rope)
        group = q.shape[1] // k.shape[1]
        # Group the query heads with their kv head: no copy of k and v.
        q = q.reshape(b, k.shape[1], group * t, self.d)
        scores = q @ k.transpose(-1, -2) * self.d ** -0.5
        scores = scores.view(b, k.shape[1], group, t, t) + mask_TT
        weights = scores.softmax(-1, dtype=scores.dtype)
        mixed = weights.view(b, k.shape[1], group * t, t) @ v
        mixed = mixed.view(b, -1, t, self.d).transpose(1, 2)
        return self.o_proj(mixed.reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, inner = c["hidden_size"], c["intermediate_size"]
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.self_attn, self.mlp = Attention(c), Mlp(c)
        self.input_layernorm = Norm(c["hidden_size"])
        self.post_attention_layernorm = Norm(c["hidden_size"])

    def forward(self, x, rope, mask):
        x = x + self.self_attn(self.input_layernorm(x), rope, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Trunk(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(
            Block(c) for _ in range(c["num_hidden_layers"]))
        self.norm = Norm(c["hidden_size"])


class LanguageModel(nn.Module):
    """Qwen2ForCausalLM with a tied head."""

    def __init__(self, config):
        super().__init__()
        self.config, self.model = config, Trunk(config)
        deep = (2 * config["num_hidden_layers"]) ** -0.5
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
            elif p.dim() == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=0.03 * (deep if last else 1.0))

    def forward(self, ids_BT):
        t = ids_BT.shape[1]
        x = self.model.embed_tokens(ids_BT)
        rope = rope_table(self.config, t)
        mask = torch.full((t, t), -1e4).triu(1).to(torch.bfloat16)
        for block in self.model.layers:
            x = block(x, rope, mask)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


def rope_table(config, t):
    d = config["hidden_size"] // config["num_attention_heads"]
    rate = config["rope_theta"] ** (-torch.arange(0, d, 2).float() / d)
    angle = torch.arange(t).float()[:, None] * rate
    angle = torch.cat([angle, angle], -1)
    return angle.cos().to(torch.bfloat16), angle.sin().to(torch.bfloat16)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


def export(model, folder, bos, eos, pad):
    """Writes the folder transformers would: bfloat16, tied head."""
    config = dict(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2",
        **model.config, hidden_act="silu", tie_word_embeddings=True,
        attention_dropout=0.0, initializer_range=0.03, use_cache=True,
        use_sliding_window=False, bos_token_id=bos, eos_token_id=eos,
        pad_token_id=pad, torch_dtype="bfloat16")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    generation = {"bos_token_id": bos, "eos_token_id": eos,
                  "pad_token_id": pad, "do_sample": True, "temperature": 1.0}
    (folder / "generation_config.json").write_text(
        json.dumps(generation, indent=2) + "\n")
    tensors = {n: p.detach().to(torch.bfloat16).contiguous()
               for n, p in model.state_dict().items()}
    part = folder / "model.safetensors.part"
    save_file(tensors, str(part), metadata={"format": "pt"})
    part.rename(folder / "model.safetensors")
