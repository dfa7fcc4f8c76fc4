"""Writes the prompt and evaluation lists of the bundled model.

    python tools/bundled_lm/lists.py          # bundled/tinytown/{prompts,eval}

prompts/tone.json, prompts/topic.json   lists to learn maps from (bucket 1)
eval/openings.txt     500 neutral openings, one a line (bucket 0)
eval/neutral.txt      300 stories of neutral tone, one a line (bucket 0)
eval/heldout.jsonl    500 documents with labels and the grammar's logprob
eval/choices.jsonl    400 multiple-choice questions, answer 0..3

The training text, the prompts and the evaluation lists come from different
hash buckets of their openings; that no text is in two lists is checked here.
"""

import argparse
import json
from pathlib import Path

from measure import quiz_item
from tokenizer import load_tokenizer
from world import World

BUNDLED = Path(__file__).resolve().parents[2] / "bundled" / "tinytown"
TALES = ("story", "dialogue")


def tales(world, split, name, kinds=TALES):
    """Stories and dialogues of a split, without end."""
    number = 0
    while True:
        document = world.draw(f"{name}-{number}", split)
        number += 1
        if document.kind in kinds:
            yield document


def shown(units, label):
    return sum(kind == label for u in units for kind, _ in u.shows)


def snippet(document, tokenizer, label, least, longest=50):
    """The first sentences of a document: 15 to `longest` tokens that show
    `label` at least `least` times; None where there are no such."""
    joint = "\n" if document.kind == "dialogue" else " "
    for count in range(len(document.units), 1, -1):
        units = document.units[:count]
        text = joint.join(u.text for u in units)
        if 15 <= len(tokenizer.encode(text).ids) - 1 <= longest:
            return text if shown(units, label) >= least else None
    return None


def prompt_lists(world, tokenizer, label, subset_of, names, size):
    """{name: [size prompts]}; `subset_of` maps a document to its lists."""
    lists = {name: [] for name in names}
    for document in tales(world, "prompts", label):
        text = snippet(document, tokenizer, label, 2)
        for name in subset_of(document) if text else ():
            if len(lists[name]) < size and text not in lists[name]:
                lists[name].append(text)
        if all(len(x) == size for x in lists.values()):
            return lists


def topic_lists(document):
    topic = document.labels["topic"]
    return [t if topic == t else f"not_{t}" for t in ("sea", "space")]


def openings(world, size):
    found = []
    for document in tales(world, "eval", "openings"):
        if document.units[0].text not in found:
            found.append(document.units[0].text)
        if len(found) == size:
            return found


def neutral_stories(world, size):
    found = []
    for document in tales(world, "eval", "neutral", ("story",)):
        if document.labels["tone"] == "neutral" and shown(document.units,
                                                          "tone"):
            found.append(document.text)
        if len(found) == size:
            return found


def held_out(world, size):
    for i in range(size):
        d = world.draw(f"heldout-{i}", "eval")
        yield {"text": d.text, "kind": d.kind, **d.labels,
               "logprob": round(d.logprob, 4)}


def choices(world, size):
    for i in range(size):
        yield quiz_item(world.draw(f"choices-{i}", "eval", "quiz").units[0])


def check_disjoint(lists):
    """No text of one list is in, or begins, a text of another."""
    names = list(lists)
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            common = set(lists[a]) & set(lists[b])
            if common:
                raise SystemExit(f"{a} and {b} share {sorted(common)[0]!r}")


def write_json_lines(path, items):
    path.write_text("".join(json.dumps(x) + "\n" for x in items))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", type=Path, default=BUNDLED)
    o = p.parse_args()
    world = World(BUNDLED / "world.json")
    tokenizer = load_tokenizer(o.out)
    tone = prompt_lists(world, tokenizer, "tone",
                        lambda d: [d.labels["tone"]],
                        ("rude", "polite", "neutral"), 128)
    topic = prompt_lists(world, tokenizer, "topic", topic_lists,
                         ("sea", "not_sea", "space", "not_space"), 128)
    first, plain = openings(world, 500), neutral_stories(world, 300)
    documents, questions = list(held_out(world, 500)), list(choices(world, 400))
    check_disjoint({"tone": sum(tone.values(), []),
                    "topic": sum(topic.values(), []), "openings": first,
                    "neutral": plain,
                    "heldout": [d["text"] for d in documents]})
    (o.out / "prompts").mkdir(exist_ok=True)
    (o.out / "eval").mkdir(exist_ok=True)
    for name, lists in (("tone", tone), ("topic", topic)):
        (o.out / "prompts" / f"{name}.json").write_text(
            json.dumps(lists, indent=1) + "\n")
    (o.out / "eval" / "openings.txt").write_text("\n".join(first) + "\n")
    (o.out / "eval" / "neutral.txt").write_text("\n".join(plain) + "\n")
    write_json_lines(o.out / "eval" / "heldout.jsonl", documents)
    write_json_lines(o.out / "eval" / "choices.jsonl", questions)


if __name__ == "__main__":
    main()
