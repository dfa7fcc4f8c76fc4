"""The two CLIP tokenizers: byte-pair merges until every known word is one token.

    python tokenizer.py --work DIR

Vocabulary as CLIP's: 256 bytes, 256 bytes that end a word, the merges, begin
and end of text. The first pads with the end of text, the second with "!" (id
0), as those of SDXL do.
"""

import argparse
import json
import random
import re
from collections import Counter
from pathlib import Path

from transformers import CLIPTokenizer

from world import PARTS, caption, random_scene

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
MORE = ("not and no without but any a an the of in on at with two one only "
        "just").split()


def byte_letters():
    """GPT-2's 256 letters for bytes: "!" first."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD),
             *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(rest))]


def words():
    """How often each word stands in captions."""
    rng, counts = random.Random("tokenizer"), Counter(MORE)
    for _ in range(20000):
        text = caption(rng, random_scene(rng, PARTS))
        counts.update(re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", text.lower()))
    return counts


def merges_of(counts):
    """Byte-pair merges, the most frequent pair first, until none is left."""
    parts = {w: [*w[:-1], w[-1] + "</w>"] for w in counts}
    merges = []
    while True:
        pairs = Counter()
        for word, symbols in parts.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            return merges
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        for word, symbols in parts.items():
            parts[word] = apply_merge(symbols, best)


def apply_merge(symbols, pair):
    out = []
    for s in symbols:
        if out and (out[-1], s) == pair:
            out[-1] += s
        else:
            out.append(s)
    return out


def write(folder, pad):
    folder.mkdir(parents=True, exist_ok=True)
    letters, merges = byte_letters(), merges_of(words())
    tokens = letters + [c + "</w>" for c in letters] + \
        list(dict.fromkeys(a + b for a, b in merges)) + [BEGIN, END]
    (folder / "vocab.json").write_text(json.dumps(
        {t: i for i, t in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(
        f"{a} {b}\n" for a, b in merges))
    made = CLIPTokenizer(str(folder / "vocab.json"),
                         str(folder / "merges.txt"), model_max_length=77,
                         bos_token=BEGIN, eos_token=END, unk_token=END,
                         pad_token=pad)
    made.save_pretrained(folder)
    return made


def load_tokenizers(work):
    """Both tokenizers, written where they are missing."""
    made = []
    for name, pad in (("tokenizer", END), ("tokenizer_2", "!")):
        folder = Path(work) / name
        if not (folder / "tokenizer_config.json").exists():
            write(folder, pad)
        made.append(CLIPTokenizer.from_pretrained(folder))
    return made


def encode(tokenizer, texts, length=77):
    return tokenizer(texts, padding="max_length", max_length=length,
                     truncation=True, return_tensors="pt").input_ids


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    for t in load_tokenizers(p.parse_args().work):
        print(len(t), t.tokenize("a red cat on grass and no blue star, xyz"),
              encode(t, ["a red cat"])[0][:8].tolist(), t.pad_token_id)
