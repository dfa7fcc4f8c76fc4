"""Tests of the picture world and its lists; needs nothing but Python.

    python -m unittest discover -s tools/bundled_images
"""

import random
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import lists  # noqa: E402
import world  # noqa: E402

PARTS = ("eval", "oracle", "learn")


def triples(scene):
    return {(t.kind, t.colour, scene.background) for t in scene.things}


class Scenes(unittest.TestCase):
    def test_parts_share_no_triple_and_leave_none_out(self):
        every = [(t.kind, t.colour, b) for p in PARTS
                 for b in world.BACKGROUNDS for t in world.things_of(b, (p,))]
        self.assertEqual(len(every), 90)
        self.assertEqual(len(set(every)), 90)

    def test_scenes_keep_to_their_parts(self):
        for part in PARTS:
            for scene in world.scenes("test", 100, (part,)):
                for triple in triples(scene):
                    self.assertEqual(world.part_of(*triple), part)

    def test_each_kind_and_each_colour_is_in_each_part(self):
        for part in PARTS:
            things = [t for b in world.BACKGROUNDS
                      for t in world.things_of(b, (part,))]
            self.assertEqual({t.kind for t in things}, set(world.KINDS))
            self.assertEqual({t.colour for t in things}, set(world.COLOURS))

    def test_same_seed_same_scenes(self):
        self.assertEqual(world.scenes(1, 5, PARTS), world.scenes(1, 5, PARTS))
        self.assertNotEqual(world.scenes(1, 5, PARTS),
                            world.scenes(2, 5, PARTS))


class Captions(unittest.TestCase):
    def test_name_all_objects_and_never_negate_one(self):
        rng = random.Random(1)
        for scene in world.scenes("captions", 500, PARTS):
            text = world.caption(rng, scene, harmless=1)
            for thing in scene.things:
                self.assertIn(str(thing), text)
            words = text.replace(",", "").split()
            for i, word in enumerate(words[:-1]):
                if word in ("no", "without"):
                    self.assertIn(words[i + 1], {"a", "frame", "border", "text",
                                                 "signature", "watermark"})
                    self.assertNotIn(words[i + 2] if words[i + 1] == "a" else
                                     words[i + 1], world.COLOURS)


class Lists(unittest.TestCase):
    def test_styles_differ_in_nothing_but_style(self):
        made = lists.style_lists()
        self.assertEqual([len(x) for x in made.values()], [lists.SIZE] * 4)
        for plain, neon in zip(made["plain"], made["neon"]):
            self.assertIn(plain, neon)

    def test_removal_takes_off_the_negated_phrase(self):
        made = lists.removal_lists()
        for kind in world.KINDS:
            for source, target in zip(made[kind], made[f"not_{kind}"]):
                self.assertTrue(source.startswith(target + " "))
                self.assertIn(kind, source[len(target):])
                self.assertNotIn(kind, target)

    def test_evaluation_prompts_are_not_learned_from(self):
        learned = sum([*lists.style_lists().values(),
                       *lists.removal_lists().values()], [])
        for lines in lists.evaluation().values():
            self.assertFalse({x["text"] for x in lines} & set(learned))


if __name__ == "__main__":
    unittest.main()
