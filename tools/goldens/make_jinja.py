#!/usr/bin/env python3
"""Renders small templates with Jinja, as transformers sets it up.

    python tools/goldens/make_jinja.py

Writes tests/jinja/data/goldens.json: the variables, and each template with the
text that comes out, or null where Jinja raises (when reading or rendering it).
The templates are in jinja_cases.py. Also writes lineas/jinja/special_upper.def.
"""
import datetime
import json
from pathlib import Path

from jinja_cases import CASES, VARIABLES
from transformers.utils import chat_template_utils

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.datetime(2024, 7, 6, 4, 5, 9, 120)


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def render(template):
    try:
        return chat_template_utils._compile_jinja_template(template).render(**VARIABLES)
    except Exception:  # whatever Python raises: a template may do anything
        return None


def write_special_upper():
    lines = ["// SPECIAL_UPPER(code, text): the letters whose capital form is more than one",
             "// character (Unicode's SpecialCasing). Made by tools/goldens/make_jinja.py."]
    for code in range(0x110000):
        if not 0xd800 <= code < 0xe000 and len(chr(code).upper()) > 1:
            text = "".join(f"\\x{byte:02x}" for byte in chr(code).upper().encode())
            lines.append(f'SPECIAL_UPPER(0x{code:04x}, "{text}")')
    (ROOT / "lineas/jinja/special_upper.def").write_text("\n".join(lines) + "\n")


def main():
    chat_template_utils.datetime = FixedClock
    write_special_upper()
    goldens = [{"template": template, "text": render(template)} for template in CASES]
    out = ROOT / "tests/jinja/data/goldens.json"
    out.write_text(json.dumps({"variables": VARIABLES, "now": NOW.isoformat(), "cases": goldens}, indent=1) + "\n")
    print(len(goldens), "cases,", sum(item["text"] is None for item in goldens), "refused")


if __name__ == "__main__":
    main()
