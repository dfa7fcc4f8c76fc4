#!/usr/bin/env python3
"""Renders conversations with the published chat templates, by transformers.

    python tools/goldens/make_chat_templates.py

Writes tests/golden/data/chat_templates.json: the templates as the model pages
have them (ChatML, Qwen2, Llama 3, Gemma, Mistral 0.1/0.2) and what
transformers' own Jinja environment makes of conversations; null where the
template refuses one.
"""
import json
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

OUT = Path(__file__).resolve().parents[2] / "tests/golden/data/chat_templates.json"
CHATML_TURNS = (
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
ALTERNATE = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
TEMPLATES = {
    "chatml": "{% for message in messages %}" + CHATML_TURNS,
    "qwen2": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}" + CHATML_TURNS
    ),
    "llama3": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
        "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim"
        " + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
        "{{ content }}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
    ),
    "gemma": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}" + ALTERNATE +
        "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
        "{% set role = message['role'] %}{% endif %}"
        "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}"
    ),
    "mistral": (
        "{{ bos_token }}{% for message in messages %}" + ALTERNATE +
        "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
        "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}"
        "{% endfor %}"
    ),
}
BOS = {"llama3": "<|begin_of_text|>", "gemma": "<bos>", "mistral": "<s>"}
CONVERSATIONS = [
    ["user", "Hello, who are you?"],
    ["user", "  spaces \u3000around\n\n", "assistant", "\x1c kept\u00a0inside \t", "user", "end"],
    ["system", "You are terse.", "user", "Hi {{ name }} {% if %}", "assistant", "Hi."],
    ["user", "1", "assistant", "2", "user", "3", "assistant", "4", "user", "\U0001f600 é"],
    ["user", "twice", "user", "in a row"],
    ["assistant", "first"],
    ["user", ""],
    ["user", "ends with the assistant", "assistant", "yes"],
]


def render(name, messages, prompt):
    try:
        texts, _ = render_jinja_template([messages], chat_template=TEMPLATES[name], add_generation_prompt=prompt,
                                         bos_token=BOS.get(name, ""), eos_token="</s>")
        return texts[0]
    except Exception as error:  # what raise_exception throws
        if "must alternate" in str(error) or "not supported" in str(error) or "are supported" in str(error):
            return None
        raise


def main():
    cases = []
    for name in TEMPLATES:
        for flat in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in zip(flat[::2], flat[1::2])]
            for prompt in (False, True):
                cases.append({"template": name, "messages": messages, "prompt": prompt,
                              "text": render(name, messages, prompt)})
    OUT.write_text(json.dumps({"templates": TEMPLATES, "cases": cases}, indent=1) + "\n", encoding="utf-8")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
