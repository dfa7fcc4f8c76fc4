"""Prints how well one token tells rude from not rude: the best there is.

    python tools/bundled_lm/single_token.py

Draws as many rude as other documents that have a tone, and tries, for every
token of the tokenizer and every count threshold, both directions of "rude if
the token occurs at least that often". The grammar asks for at most 75% right.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from tokenizer import load_tokenizer
from world import World

BUNDLED = Path(__file__).resolve().parents[2] / "bundled" / "tinytown"


def balanced(world, count):
    """`count` rude and `count` other stories and dialogues."""
    sides, number = {True: [], False: []}, 0
    while min(map(len, sides.values())) < count:
        document = world.draw(f"classifier-{number}", "eval")
        number += 1
        if document.kind in ("story", "dialogue"):
            sides[document.labels["tone"] == "rude"].append(document.text)
    return sides[True][:count], sides[False][:count]


def at_least(tokenizer, texts):
    """How many texts hold a token at least k times, by (token, k)."""
    table = defaultdict(int)
    for encoded in tokenizer.encode_batch(texts):
        for token, occurs in Counter(encoded.tokens).items():
            for k in range(1, occurs + 1):
                table[token, k] += 1
    return table


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--documents", type=int, default=4000, help="per side")
    p.add_argument("--folder", type=Path, default=BUNDLED)
    o = p.parse_args()
    rude, other = balanced(World(o.folder / "world.json"), o.documents)
    tokenizer = load_tokenizer(o.folder)
    a, b = at_least(tokenizer, rude), at_least(tokenizer, other)
    right = {key: 0.5 + abs(a[key] - b[key]) / (2 * o.documents)
             for key in set(a) | set(b)}
    print(f"{o.documents} rude and {o.documents} other documents")
    for key in sorted(right, key=right.get, reverse=True)[:8]:
        print(f"{100 * right[key]:.1f}% right: {key[0]!r} >= {key[1]} times")


if __name__ == "__main__":
    main()
