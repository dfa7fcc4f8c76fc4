"""Draws documents from the grammar in world.json.

One document is one derivation: every choice is drawn here, its probability is
known, and the labels (tone, topic, mood, truth) are the latent choices of that
derivation. A label is drawn when the first alternative that carries it is
needed, so a label that shows nowhere in the text costs nothing and reads
"none". The C++ oracle (lineas/eval) reads the same file the other way round.
This file knows nothing of tokens or models.
"""

import json
import math
import random
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = {"eval": (0,), "prompts": (1,), "train": tuple(range(2, 16))}
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass
class Unit:
    """One sentence, dialogue line or question, and what it shows."""
    text: str
    logprob: float
    shows: list  # (label, value) pairs of the alternatives drawn


@dataclass
class Document:
    kind: str
    units: list
    labels: dict
    logprob: float
    text: str = ""
    extra: dict = field(default_factory=dict)


def bucket(key):
    """The split bucket of a text: 16 buckets by CRC-32."""
    return zlib.crc32(key.encode()) % 16


class World:
    """The compiled grammar; `draw` makes one document."""

    def __init__(self, path):
        data = json.loads(Path(path).read_text())
        self.data = data
        self.labels = {name: (list(p), list(p.values()))
                       for name, p in data["labels"].items()}
        self.names = data["names"]
        self.rules = {name: self._compile(rule)
                      for name, rule in data["rules"].items()}
        self.facts = [(kind, subject, value)
                      for kind, k in data["fact_kinds"].items()
                      for subject, value in k["facts"].items()]
        self.fact_parts = {kind: self._parts(k["state"])
                           for kind, k in data["fact_kinds"].items()}

    def _parts(self, text):
        """'a {b} c' -> ['a ', ('b',), ' c']."""
        pieces = _SLOT.split(text)
        return [(p,) if i % 2 else p for i, p in enumerate(pieces) if p]

    def _compile(self, rule):
        """A rule as {label value or None: (alternatives, weights, logprobs)}."""
        if isinstance(rule, dict):
            shared = [(self._parts(a), None) for a in rule.get("any", [])]
            by = rule["by"]
            table = {}
            for value in self.labels[by][0]:
                own = [(self._parts(a), (by, value)) for a in rule[value]]
                table[value] = self._weighted(shared + own, None)
            return by, table
        weights = [1.0 if isinstance(a, str) else a[1] for a in rule]
        texts = [a if isinstance(a, str) else a[0] for a in rule]
        return None, self._weighted([(self._parts(t), None) for t in texts],
                                    weights)

    @staticmethod
    def _weighted(alternatives, weights):
        if weights is None or len(set(weights)) == 1:
            return alternatives, None, -math.log(len(alternatives))
        total = sum(weights)
        return alternatives, weights, [math.log(w / total) for w in weights]

    def draw(self, seed, split="train", kind=None):
        """One document of `split`; the same seed gives the same document."""
        return _Derivation(self, random.Random(f"{split}:{kind}:{seed}"),
                           SPLITS[split]).document(kind)


class _Derivation:
    """The state of one document while it is drawn."""

    def __init__(self, world, rng, buckets):
        self.w, self.rng, self.buckets = world, rng, buckets
        self.labels, self.cast, self.bound = {}, None, None
        self.logprob, self.shows = 0.0, []

    # Single choices ------------------------------------------------------
    def _uniform(self, n):
        self.logprob -= math.log(n)
        return int(self.rng.random() * n)

    def _weighted(self, options, weights):
        i = self.rng.choices(range(len(options)), weights)[0]
        self.logprob += math.log(weights[i] / sum(weights))
        return options[i]

    def _label(self, name):
        if name not in self.labels:
            self.labels[name] = self._weighted(*self.w.labels[name])
        return self.labels[name]

    def _name(self, slot):
        if self.bound is None:
            if self.cast is None:
                first = self._uniform(len(self.w.names))
                other = self._uniform(len(self.w.names) - 1)
                other += other >= first
                self.cast = (self.w.names[first], self.w.names[other])
                self.bound = self.cast
            else:
                turn = self._uniform(2)
                self.bound = (self.cast[turn], self.cast[1 - turn])
        return self.bound[slot == "Y"]

    # Expansion -----------------------------------------------------------
    def _expand(self, symbol):
        if symbol in ("X", "Y"):
            return self._name(symbol)
        if symbol == "fact":
            return self._fact()
        by, table = self.w.rules[symbol]
        if by is not None:
            table = table[self._label(by)]
        alternatives, weights, logprob = table
        if weights is None:
            parts, shows = alternatives[int(self.rng.random() *
                                            len(alternatives))]
            self.logprob += logprob
        else:
            i = self.rng.choices(range(len(weights)), weights)[0]
            parts, shows = alternatives[i]
            self.logprob += logprob[i]
        if shows:
            self.shows.append(shows)
        return "".join([p if isinstance(p, str) else self._expand(p[0])
                        for p in parts])

    def _fact(self):
        kind, subject, value = self.w.facts[self._uniform(len(self.w.facts))]
        truth = self._label("truth")
        if truth == "false":
            wrong = [v for v in self.w.data["fact_kinds"][kind]["values"]
                     if v != value]
            value = wrong[self._uniform(len(wrong))]
        self.shows.append(("truth", truth))
        slots = {"subject": subject, "value": value}
        return "".join([p if isinstance(p, str) else slots[p[0]]
                        for p in self.w.fact_parts[kind]])

    def _unit(self, make):
        before, self.shows = self.logprob, []
        text = make()
        return Unit(text, self.logprob - before, self.shows)

    def _in_split(self, make):
        """Draws until the text falls into a bucket of this split."""
        while True:
            saved = (dict(self.labels), self.cast, self.logprob)
            unit = self._unit(make)
            if bucket(unit.text) in self.buckets:
                return unit
            self.labels, self.cast, self.logprob = saved
            self.bound = None

    # Documents -----------------------------------------------------------
    def document(self, kind):
        kinds = self.w.data["documents"]["kinds"]
        if kind is None:
            kind = self._weighted(list(kinds), list(kinds.values()))
        else:
            self.logprob += math.log(kinds[kind])
        make = {"story": self._story, "dialogue": self._dialogue,
                "notes": self._notes, "quiz": self._quiz}[kind]
        units, joint = make()
        labels = {name: self.labels.get(name, "none")
                  for name in self.w.labels}
        if labels["tone"] == "none":
            labels["tone"] = "neutral"
        text = joint.join(u.text for u in units)
        return Document(kind, units, labels, self.logprob, text)

    def _lines(self, first, make):
        plan = self.w.data["documents"]["lines"]
        units = [first]
        for count in range(1, plan["most"] + 1):
            units.append(self._unit(make))
            if count == plan["most"]:
                break
            if count >= plan["least"]:
                if self.rng.random() < plan["stop"]:
                    self.logprob += math.log(plan["stop"])
                    break
                self.logprob += math.log(1 - plan["stop"])
        return units

    def _story(self):
        def line():
            self.bound = None
            return self._expand("story_line")
        first = self._in_split(lambda: self._expand("opening"))
        return self._lines(first, line), " "

    def _dialogue(self):
        first = self._in_split(lambda: self._expand("opening"))
        turn = self._uniform(2)
        order = [self.cast[turn], self.cast[1 - turn]]

        def line():
            self.bound = tuple(order)
            order.reverse()
            return self._expand("dialogue_line")
        return self._lines(first, line), "\n"

    def _notes(self):
        # Openings repeat, so the whole page decides the split.
        first = self._unit(lambda: self._expand("notes_opening"))
        state = (dict(self.labels), self.logprob)
        while True:
            units = self._lines(first, lambda: self._expand("note"))
            if bucket(" ".join(u.text for u in units)) in self.buckets:
                return units, " "
            self.labels, self.logprob = dict(state[0]), state[1]

    def _quiz(self):
        plan = self.w.data["documents"]["questions"]
        count = plan["least"] + self._uniform(plan["most"] - plan["least"] + 1)
        self.labels["truth"] = "true"
        return [self._in_split(self._question) for _ in range(count)], "\n\n"

    def _question(self):
        kind, subject, value = self.w.facts[self._uniform(len(self.w.facts))]
        rules = self.w.data["fact_kinds"][kind]
        wrong = [v for v in rules["values"] if v != value]
        letters = self.w.data["quiz"]["letters"]
        choices = []
        for _ in letters[1:]:
            choices.append(wrong.pop(self._uniform(len(wrong))))
        right = self._uniform(len(letters))
        choices.insert(right, value)
        self.shows.append(("truth", "true"))
        lines = ["Question: " + rules["ask"].replace("{subject}", subject)]
        lines += [f"{k}) {v}" for k, v in zip(letters, choices)]
        lines.append(f"Answer: {value} ({letters[right]})")
        return "\n".join(lines)
