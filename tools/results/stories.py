"""Little sad and happy stories, as many as wanted: the prompts of experiments on
stories260K, whose own training text they resemble. No two of a list are alike.
"""

import itertools
import random

NAMES = ("Lily", "Mia", "Anna", "Sue", "Lucy", "Amy", "Sara", "Emma")
SAD = (
    ("{} fell down and hurt her knee.", "{} cried in her room.",
     "{} could not find her cat.", "{} was scared of the dark.",
     "One day, {} broke her mom's cup.", "{} lost her red ball in the lake.",
     "It was a dark day and {} felt very sad.",
     "{} wanted to play but her mom said no."),
    ("She started to cry.", "No one came to help her.", "Her mom was mad.",
     "She was afraid and all alone.", "Her toy was gone."),
    ("She went to bed and cried.", "The rain did not stop.",
     "It was a very bad day.", "She felt sad all night."))
HAPPY = (
    ("{} had a new ball and was very happy.", "{} played with her best friend.",
     "One day, {} found a shiny rock in the garden.",
     "The sun was bright and {} was full of joy.",
     "{} made a big cake with her mom.", "{} got a little dog.",
     "It was a sunny day and {} ran to the park.",
     "{} saw a pretty bird in the tree."),
    ("She smiled and laughed.", "Her dad gave her a hug.",
     "She had a lot of fun.", "They all sang a song.", "Her mom was proud."),
    ("It was the best day!", "They played all day.", "She was so happy.",
     "They all ate cake and danced."))
# The held-out ones are all the rest: differences of a few per cent between
# optimizers drown in the noise of 64.
LEARNED, HELD = 96, 592


def stories(parts, count, seed):
    """`count` different stories, in an order of the seed's."""
    every = [f"{first.format(name)} {then} {end}"
             for name, first, then, end in itertools.product(NAMES, *parts)]
    return random.Random(seed).sample(every, count)


def lists():
    """Prompts to learn from, and held-out ones, of both sides."""
    made = {}
    for side, parts in (("sad", SAD), ("happy", HAPPY)):
        # Held-out matching wants twice as many targets as sources.
        held = HELD if side == "sad" else 2 * HELD
        every = stories(parts, LEARNED + held, seed=1)
        made[side] = every[:LEARNED]
        made[f"held_{side}"] = every[LEARNED:]
    return made
