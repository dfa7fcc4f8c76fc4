"""Tests of the generator; needs nothing but Python.

    python -m unittest discover -s tools/bundled_lm
"""

import math
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from world import SPLITS, World, bucket  # noqa: E402

WORLD = World(HERE.parents[1] / "bundled" / "tinytown" / "world.json")


class Draws(unittest.TestCase):
    def test_same_seed_same_document(self):
        a, b = WORLD.draw(7), WORLD.draw(7)
        self.assertEqual((a.text, a.logprob), (b.text, b.logprob))
        self.assertNotEqual(a.text, WORLD.draw(8).text)

    def test_openings_fall_into_their_split(self):
        for split, buckets in SPLITS.items():
            for seed in range(50):
                first = WORLD.draw(seed, split, "story").units[0].text
                self.assertIn(bucket(first), buckets)

    def test_notes_and_questions_fall_into_their_split(self):
        for seed in range(20):
            notes = WORLD.draw(seed, "eval", "notes")
            self.assertIn(bucket(notes.text), SPLITS["eval"])
            for unit in WORLD.draw(seed, "eval", "quiz").units:
                self.assertIn(bucket(unit.text), SPLITS["eval"])

    def test_logprob_of_a_document_is_that_of_its_parts(self):
        document = WORLD.draw(3, kind="story")
        parts = sum(u.logprob for u in document.units)
        ends = document.logprob - parts - math.log(0.455)
        lines = len(document.units) - 1
        stops = (lines - 4) * math.log(0.7)
        self.assertAlmostEqual(ends, stops + (lines < 8) * math.log(0.3))

    def test_logprob_of_a_question(self):
        document = WORLD.draw(0, kind="quiz")
        values = {"When": 7}.get(document.units[0].text.split()[1], 8)
        expected = -(math.log(78) + math.log(4) +
                     sum(math.log(values - k) for k in (1, 2, 3)))
        self.assertAlmostEqual(document.units[0].logprob, expected)

    def test_a_document_keeps_its_labels(self):
        for seed in range(300):
            document = WORLD.draw(seed)
            for unit in document.units:
                for label, value in unit.shows:
                    self.assertEqual(document.labels[label], value)
            self.assertFalse([s for s in document.units[0].shows
                              if s[0] == "tone"])

    def test_every_label_value_has_thirty_markers_of_three_kinds(self):
        for label in ("tone", "topic", "mood"):
            rules = [r for r in WORLD.data["rules"].values()
                     if isinstance(r, dict) and r["by"] == label]
            self.assertGreaterEqual(len(rules), 3)
            for value in WORLD.data["labels"][label]:
                self.assertGreaterEqual(sum(len(r[value]) for r in rules), 30)

    def test_rude_about_half_of_the_time(self):
        tales = [WORLD.draw(i, kind="story") for i in range(1000)]
        rude = sum(d.labels["tone"] == "rude" for d in tales) / len(tales)
        self.assertAlmostEqual(rude, 0.48, delta=0.05)


if __name__ == "__main__":
    unittest.main()
