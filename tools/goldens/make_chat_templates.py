#!/usr/bin/env python3
"""Renders conversations with chat templates, by transformers' own functions.

    python tools/goldens/make_chat_templates.py [FOLDER OUT]

Without arguments: the templates of tests/text/data/chat_templates and the five
short ones below, into tests/golden/data/chat_templates.json. With arguments:
the .jinja files of FOLDER (published templates, which are not in this
repository) into the file OUT, such as $LINEAS_TEST_DATA/chat_templates.json.
Text is null where the template, or Python, refuses.
"""
import datetime
import json
import sys
from pathlib import Path

from chat_conversations import CONVERSATIONS, SPECIAL_TOKENS
from transformers.utils import chat_template_utils

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.datetime(2024, 7, 6, 4, 5, 9)
TURN = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
ALTERNATE = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
SHORT = {
    "chatml": "{% for message in messages %}" + TURN + "{% endfor %}"
              "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "chatml-system": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
                     "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}" + TURN +
                     "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
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


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def render(template, conversation, prompt):
    try:
        texts, _ = chat_template_utils.render_jinja_template(
            [conversation["messages"]], tools=conversation.get("tools"), documents=conversation.get("documents"),
            chat_template=template, add_generation_prompt=prompt,
            **{**SPECIAL_TOKENS, **conversation.get("variables", {})})
        return texts[0]
    except Exception:  # what raise_exception throws, and what Python does
        return None


def main():
    published = len(sys.argv) == 3
    folder = Path(sys.argv[1]) if published else ROOT / "tests/text/data/chat_templates"
    out = Path(sys.argv[2]) if published else ROOT / "tests/golden/data/chat_templates.json"
    templates = {} if published else dict(SHORT)
    for path in sorted(folder.glob("*.jinja")):
        templates[path.stem] = path.read_text(encoding="utf-8")
    chat_template_utils.datetime = FixedClock
    cases = [{"template": name, "conversation": key, "prompt": prompt, "text": render(template, conversation, prompt)}
             for name, template in templates.items() for key, conversation in CONVERSATIONS.items()
             for prompt in (False, True)]
    golden = {"now": NOW.isoformat(), "special_tokens": SPECIAL_TOKENS, "conversations": CONVERSATIONS,
              "templates": templates, "cases": cases}
    out.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
    rendered = {case["template"] for case in cases if case["text"] is not None}
    print(len(templates), "templates,", len(rendered), "of them render something;", len(cases), "cases,",
          sum(case["text"] is None for case in cases), "refused")


if __name__ == "__main__":
    main()
