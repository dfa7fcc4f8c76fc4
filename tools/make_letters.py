#!/usr/bin/env python3
"""Makes lineas/picture/letters_small.inc and letters_large.inc: the characters
' ' to '~' of DejaVu Sans as small pictures, a digit 0-f a pixel.

Use: python3 tools/make_letters.py      with Pillow and Debian's fonts-dejavu-core

DejaVu fonts derive from Bitstream Vera, whose licence lets them be embedded.
"""
import pathlib

from PIL import Image, ImageDraw, ImageFont

FONT = "DejaVuSans.ttf"
OUT = pathlib.Path(__file__).resolve().parents[1] / "lineas" / "picture"


def glyph(font, character, height):
    width = round(font.getlength(character))
    cell = Image.new("L", (width, height), 0)
    ImageDraw.Draw(cell).text((0, 0), character, fill=255, font=font)
    digits = "".join(f"{round(value / 17):x}" for value in cell.tobytes())
    return f'{{{width}, "{digits}"}},'


def main():
    for name, size, height in (("small", 14, 17), ("large", 26, 32)):
        font = ImageFont.truetype(FONT, size)
        lines = [glyph(font, chr(code), height) for code in range(32, 127)]
        (OUT / f"letters_{name}.inc").write_text(
            "// Made by tools/make_letters.py.\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
