"""The picture world: what a scene holds, how a caption says it, which scenes
are for what.

A scene is one or two objects (a kind and a colour each) on a background, in a
style. This file knows nothing of pixels or models.

The 90 triples (kind, colour, background) fall into three parts that share
none: `eval`, `oracle` and `learn`. The model is trained on all but `eval`.
"""

import random
from dataclasses import dataclass

KINDS = ("cat", "fish", "house", "star", "heart")
COLOURS = ("red", "yellow", "green", "blue", "purple", "white")
BACKGROUNDS = ("grass", "beach", "night")
STYLES = ("plain", "sketch", "pixel", "neon")
PARTS = ("eval", "oracle", "learn", "learn", "learn")

PLACES = {
    "grass": ("on grass", "on the grass", "in a meadow", "on green grass"),
    "beach": ("on the beach", "on a beach", "on sand", "at the seaside"),
    "night": ("at night", "in the night", "under a night sky",
              "on a dark night"),
}
FORMS = {  # {} is the scene
    "plain": ("{}", "{}", "{}", "a picture of {}", "an image of {}",
              "here is {}"),
    "sketch": ("a pencil sketch of {}", "{}, pencil sketch",
               "a sketch of {}", "{}, drawn in pencil", "{} as a sketch",
               "a pencil drawing of {}"),
    "pixel": ("pixel art of {}", "{}, pixel art", "{} as pixel art",
              "a pixel art picture of {}", "{} in big pixels",
              "{}, pixel style"),
    "neon": ("a neon sign of {}", "{}, neon lights", "{} in neon",
             "{}, glowing neon", "neon art of {}", "{} as a neon sign"),
}
ARTICLES = ("a", "a", "a", "a", "one", "the")
HARMLESS = ("no frame", "no border", "no text", "no signature",
            "without a frame", "without a border", "without text",
            "without a signature", "no watermark", "without a watermark")


@dataclass(frozen=True)
class Thing:
    kind: str
    colour: str

    def __str__(self):
        return f"{self.colour} {self.kind}"


@dataclass(frozen=True)
class Scene:
    things: tuple
    background: str
    style: str


def part_of(kind, colour, background):
    """The part a triple belongs to: one fifth eval, one fifth oracle."""
    k, c, b = (KINDS.index(kind), COLOURS.index(colour),
               BACKGROUNDS.index(background))
    return PARTS[(k + 2 * c + 3 * b) % 5]


def things_of(background, parts):
    return [Thing(k, c) for k in KINDS for c in COLOURS
            if part_of(k, c, background) in parts]


def random_scene(rng, parts, count=None, style=None):
    """A scene whose triples are all of the given parts."""
    background = rng.choice(BACKGROUNDS)
    things = things_of(background, parts)
    count = count or rng.choice((1, 2))
    chosen = [rng.choice(things)]
    while len(chosen) < count:
        other = rng.choice(things)
        if other.kind != chosen[0].kind and other.colour != chosen[0].colour:
            chosen.append(other)
    return Scene(tuple(chosen), background, style or rng.choice(STYLES))


def phrase(rng, scene, aside=""):
    """The words for objects and place: 'a red cat on grass and a blue star'.
    `aside` ('no frame') comes between the two objects."""
    place = rng.choice(PLACES[scene.background])
    first = f"{rng.choice(ARTICLES)} {scene.things[0]}"
    if len(scene.things) == 1:
        return f"{first} {place}"
    second = f"{rng.choice(ARTICLES)} {scene.things[1]}"
    if aside:
        return f"{first} {place}, {aside} and {second}"
    return rng.choice((f"{first} and {second} {place}",
                       f"{first} {place} and {second}",
                       f"{first} {place} and {second}",
                       f"{first} {place} with {second}",
                       f"{first} {place}, {second}"))


def caption(rng, scene, harmless=0.3):
    """A caption of the scene. It never negates an object; `harmless` of them
    hold a phrase such as 'no frame', so that "no" and "without" are known."""
    form = rng.choice(FORMS[scene.style])
    if rng.random() >= harmless:
        return form.format(phrase(rng, scene))
    aside, where = rng.choice(HARMLESS), rng.random()
    if where < 0.3 and len(scene.things) == 2:
        return form.format(phrase(rng, scene, aside))
    if where < 0.5:
        return f"{aside}, " + form.format(phrase(rng, scene))
    if where < 0.75:
        return form.format(phrase(rng, scene) + rng.choice((" and ", " ")) +
                           aside)
    return form.format(phrase(rng, scene)) + rng.choice((", ", " and ")) + aside


def scenes(seed, count, parts, **fixed):
    """`count` scenes, the same for the same seed."""
    rng = random.Random(f"scenes:{seed}")
    return [random_scene(rng, parts, **fixed) for _ in range(count)]
