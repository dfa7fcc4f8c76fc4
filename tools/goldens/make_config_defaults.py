#!/usr/bin/env python3
"""Makes tests/models/data/config_defaults.json: what the configuration classes
of transformers take for the keys that config.json leaves out.

Use: python3 tools/goldens/make_config_defaults.py
Needs: tools/goldens/requirements.txt

An object for every model_type: the arguments of the class, with their defaults,
that change numbers; DROPPED lists those that do not.
"""
import inspect
import json
import pathlib

import transformers

OUT = (pathlib.Path(__file__).resolve().parents[2]
       / "tests" / "models" / "data" / "config_defaults.json")
CLASSES = ["Gemma2Config", "Gemma3TextConfig", "GPT2Config", "GraniteConfig",
           "LlamaConfig", "MistralConfig", "Olmo2Config", "Phi3Config",
           "Qwen2Config", "Qwen3Config", "Qwen3MoeConfig", "SmolLM3Config"]
# Training, generation, heads of other tasks; rope_* is read elsewhere.
DROPPED = {
    "self", "kwargs", "initializer_range", "use_cache", "pad_token_id",
    "bos_token_id", "eos_token_id", "pretraining_tp", "attention_dropout",
    "resid_pdrop", "embd_pdrop", "attn_pdrop", "summary_type",
    "summary_use_proj", "summary_activation", "summary_proj_to_labels",
    "summary_first_dropout", "output_router_logits", "router_aux_loss_coef",
    "reorder_and_upcast_attn", "rope_scaling", "rope_parameters",
}


def defaults(cls):
    arguments = inspect.signature(cls.__init__).parameters
    found = {name: argument.default for name, argument in arguments.items()
             if name not in DROPPED}
    # Not an argument of every class: PretrainedConfig's own default then.
    found["tie_word_embeddings"] = cls().tie_word_embeddings
    return found


def main():
    classes = {}
    for name in CLASSES:
        cls = getattr(transformers, name)
        classes[cls.model_type] = defaults(cls)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(classes, indent=1) + "\n")


if __name__ == "__main__":
    main()
