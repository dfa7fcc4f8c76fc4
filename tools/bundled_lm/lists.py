"""Writes the prompt and evaluation lists of the bundled model.

    python tools/bundled_lm/lists.py          # bundled/tinytown/{prompts,eval}

prompts/tone.json, prompts/topic.json   lists to learn maps from (bucket 1)
eval/openings.txt     500 neutral openings, one a line (bucket 0)
eval/neutral.txt      300 stories of neutral tone, one a line (bucket 0)
eval/heldout.jsonl    500 documents with labels and the grammar's logprob
eval/choices.jsonl    400 multiple-choice questions, answer 0..3
eval/openings.json    openings that leave the topic open, and others to choose
                      settings with
eval/prompts.json     lists like prompts/, to see whether a map carries over
                      to prompts that nothing was learned from (bucket 0)

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
TOPICS = ("sea", "space")
HELD_SOURCE, HELD_TARGET = 64, 128  # eval/prompts.json


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


def prompt_lists(documents, tokenizer, label, subset_of, sizes):
    """{name: [prompts]} of the given sizes; `subset_of` maps a document to
    its lists."""
    lists = {name: [] for name in sizes}
    for document in documents:
        text = snippet(document, tokenizer, label, 2)
        for name in subset_of(document) if text else ():
            if name in sizes and len(lists[name]) < sizes[name] \
                    and text not in lists[name]:
                lists[name].append(text)
        if all(len(lists[name]) == sizes[name] for name in sizes):
            return lists


def tone_lists(document):
    return [document.labels["tone"]]


def topic_lists(document):
    topic = document.labels["topic"]
    return [t if topic == t else f"not_{t}" for t in TOPICS]


def openings(world, size):
    found = []
    for document in tales(world, "eval", "openings"):
        if document.units[0].text not in found:
            found.append(document.units[0].text)
        if len(found) == size:
            return found


def before_topic(world, opening):
    """An opening up to the place or thing that shows its topic: what follows
    may be of any topic."""
    showing = [text for rule in ("place", "object")
               for texts in world.data["rules"][rule].values()
               if isinstance(texts, list) for text in texts]
    ends = [opening.find(" " + text) for text in showing]
    return opening[:min(end for end in ends if end >= 0)]


def more_openings(world, known):
    """Openings in no other list: "selection" like openings.txt, and "free",
    which stop before they show a topic. "free_selection" is for settings."""
    sizes = {"free": 500, "free_selection": 200, "selection": 200}
    lists, taken = {name: [] for name in sizes}, set(known)
    for document in tales(world, "eval", "more openings"):
        text = document.units[0].text
        free = before_topic(world, text)
        for name in sizes:
            made = text if name == "selection" else free
            if len(lists[name]) < sizes[name] and made not in taken \
                    and sum(n in made.split() for n in world.names) == 2:
                taken |= {text, free}
                lists[name].append(made)
                break
        if all(len(lists[n]) == sizes[n] for n in sizes):
            return lists


def held_prompts(world, tokenizer):
    """The prompt lists once more, from openings that nothing is learned from.
    Targets are twice as many: their second half says how far two samples of
    the target are from each other."""
    sizes = {"rude": HELD_SOURCE, "neutral": HELD_TARGET}
    lists = prompt_lists(tales(world, "eval", "held tone"), tokenizer, "tone",
                         tone_lists, sizes)
    sizes = {}
    for topic in TOPICS:
        sizes |= {topic: HELD_SOURCE, f"not_{topic}": HELD_TARGET}
    return lists | prompt_lists(tales(world, "eval", "held topic"), tokenizer,
                                "topic", topic_lists, sizes)


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
    tone = prompt_lists(tales(world, "prompts", "tone"), tokenizer, "tone",
                        tone_lists, {"rude": 128, "polite": 128,
                                     "neutral": 128})
    topic = prompt_lists(tales(world, "prompts", "topic"), tokenizer, "topic",
                         topic_lists, {"sea": 128, "not_sea": 128,
                                       "space": 128, "not_space": 128})
    first, plain = openings(world, 500), neutral_stories(world, 300)
    more, held = more_openings(world, first), held_prompts(world, tokenizer)
    documents, questions = list(held_out(world, 500)), list(choices(world, 400))
    check_disjoint({"tone": sum(tone.values(), []),
                    "topic": sum(topic.values(), []), "openings": first,
                    "neutral": plain, "prompts held out": sum(held.values(), []),
                    **{f"openings {name}": more[name] for name in more},
                    "heldout": [d["text"] for d in documents]})
    (o.out / "prompts").mkdir(exist_ok=True)
    (o.out / "eval").mkdir(exist_ok=True)
    for name, lists in (("prompts/tone", tone), ("prompts/topic", topic),
                        ("eval/openings", more), ("eval/prompts", held)):
        (o.out / f"{name}.json").write_text(json.dumps(lists, indent=1) + "\n")
    (o.out / "eval" / "openings.txt").write_text("\n".join(first) + "\n")
    (o.out / "eval" / "neutral.txt").write_text("\n".join(plain) + "\n")
    write_json_lines(o.out / "eval" / "heldout.jsonl", documents)
    write_json_lines(o.out / "eval" / "choices.jsonl", questions)


if __name__ == "__main__":
    main()
