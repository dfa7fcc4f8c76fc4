"""Writes the prompt and evaluation lists of the bundled picture model.

    python lists.py            # bundled/tinydraw/{prompts,eval}

prompts/style.json    plain, sketch, pixel, neon: 128 each; row i of each names
                      the same scene, plain says no style
prompts/remove.json   for each kind, and any: 128 prompts that negate an object
                      ("a red cat on grass and no blue star"), and under
                      `not_` the same without that phrase
eval/scenes.jsonl     300 captions in all styles, with labels
eval/plain.jsonl      300 captions that say no style, with labels
eval/negated.jsonl    60 negated prompts for each kind, with labels
eval/selection.jsonl  100 plain and 100 negated prompts to choose settings with

prompts/ is made of triples (kind, colour, background) of the part `learn`,
eval/ of the part `eval`, the selection of the part `oracle`.
"""

import argparse
import json
import random
from pathlib import Path

from world import FORMS, KINDS, PLACES, STYLES, Scene, caption, part_of, \
    random_scene, things_of

BUNDLED = Path(__file__).resolve().parents[2] / "bundled" / "tinydraw"
NEGATIONS = ("and no {}", "and no {}", "with no {}", "without a {}")
SIZE = 128


def style_lists():
    """Rows of one scene in four styles; no two rows of a list are equal."""
    rng, lists = random.Random("style lists"), {s: [] for s in STYLES}
    while len(lists["plain"]) < SIZE:
        scene, seed = random_scene(rng, ("learn",), style="plain"), rng.random()
        row = {}
        for style in STYLES:
            said = Scene(scene.things, scene.background, style)
            words = said_plainly(random.Random(seed), said)
            form = "{}" if style == "plain" else rng.choice(FORMS[style])
            row[style] = form.format(words)
        if all(row[s] not in lists[s] for s in STYLES):
            for s in STYLES:
                lists[s].append(row[s])
    return lists


def said_plainly(rng, scene):
    """'a red cat on grass and a blue star'"""
    place = rng.choice(PLACES[scene.background])
    first, *more = [f"a {t}" for t in scene.things]
    return " and ".join([f"{first} {place}", *more])


def negated(rng, part, kind=None):
    """(prompt, prompt without the negation, scene, negated thing); `kind` is
    that of the negated thing."""
    while True:
        scene = random_scene(rng, (part,), count=1, style="plain")
        drawn = scene.things[0]
        other = rng.choice(things_of(scene.background, (part,)))
        if other.kind == drawn.kind or other.colour == drawn.colour or \
                kind not in (None, other.kind):
            continue
        words = said_plainly(rng, scene)
        return (f"{words} {rng.choice(NEGATIONS).format(other)}", words, scene,
                other)


def removal_lists():
    lists = {}
    for kind in (*KINDS, "any"):
        rng, with_, without = random.Random(f"remove {kind}"), [], []
        while len(with_) < SIZE:
            prompt, rest, _, _ = negated(rng, "learn",
                                         None if kind == "any" else kind)
            if prompt not in with_:
                with_.append(prompt)
                without.append(rest)
        lists |= {kind: with_, f"not_{kind}": without}
    return lists


def entry(text, scene, refused=None):
    """A line of eval/: the labels, and `negated`: what stands after "no"."""
    made = {"text": text, "objects": [[t.kind, t.colour] for t in scene.things],
            "background": scene.background, "style": scene.style}
    for kind, colour in made["objects"]:
        assert part_of(kind, colour, scene.background) != "learn"
    return made | ({"negated": [refused.kind, refused.colour]} if refused
                   else {})


def captions(name, part, count, style=None):
    rng, lines = random.Random(name), {}
    while len(lines) < count:
        scene = random_scene(rng, (part,), style=style)
        text = said_plainly(rng, scene) if style else caption(rng, scene, 0)
        lines.setdefault(text, entry(text, scene))
    return list(lines.values())


def negations(name, part, count, kinds):
    found = []
    for kind in kinds:
        rng, lines = random.Random(f"{name} {kind}"), {}
        while len(lines) < count:
            text, _, scene, other = negated(rng, part, kind)
            lines.setdefault(text, entry(text, scene, other))
        found += lines.values()
    return found


def evaluation():
    return {"scenes": captions("scenes", "eval", 300),
            "plain": captions("plain", "eval", 300, "plain"),
            "negated": negations("negated", "eval", 60, KINDS),
            "selection": captions("selection", "oracle", 100, "plain") +
            negations("selection", "oracle", 20, KINDS)}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", type=Path, default=BUNDLED)
    o = p.parse_args()
    for name in ("prompts", "eval"):
        (o.out / name).mkdir(parents=True, exist_ok=True)
    for name, lists in (("style", style_lists()), ("remove", removal_lists())):
        (o.out / "prompts" / f"{name}.json").write_text(
            json.dumps(lists, indent=1) + "\n")
    for name, lines in evaluation().items():
        (o.out / "eval" / f"{name}.jsonl").write_text(
            "".join(json.dumps(x) + "\n" for x in lines))


if __name__ == "__main__":
    main()
