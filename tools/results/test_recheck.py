"""Tests of what is done again and what counts as a difference, and of the hash
of the sources. No model runs. Run: python3 -m unittest discover -s tools/results
"""

import copy
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import page
import plans
import recheck
from cells import CellFile
from sources import hash_of_sources

RESULT = {"learned": {"map": {"support": 100, "neurons": 3328,
                              "curve": [[0.5, 0.8], [1.0, 0.2]]}},
          "measured": [[{"strength": 0, "perplexity": 9.0},
                        {"strength": 1, "perplexity": 2.5, "texts": 300,
                         "shown": {"tone=rude": 60}, "grammatical": 299,
                         "matching": {"remaining": 0.4}}]]}


class Choice(unittest.TestCase):
    def finished(self):
        return {name: [{"key": key, "plan": plan} for key, plan in e.cells()]
                for name, e in page.EXPERIMENTS.items()}

    def test_one_cell_of_every_experiment_in_two_minutes(self):
        for has_data in (False, True):
            chosen = recheck.choose(self.finished(), has_data)
            self.assertEqual([name for name, _ in chosen],
                             list(page.EXPERIMENTS))
            seconds = sum(plans.guess(recheck.cut(cell["plan"]))
                          for _, cell in chosen)
            self.assertLess(seconds, 120)
            self.assertEqual(any(recheck.needs_data(cell["plan"])
                                 for _, cell in chosen), has_data)

    def test_equally_cheap_cells_are_of_several_methods(self):
        chosen = recheck.choose(self.finished(), True)
        methods = {cell["key"].get("method") for _, cell in chosen}
        self.assertGreater(len(methods), 3)

    def test_only_what_is_committed_is_done_again(self):
        self.assertEqual(recheck.choose({"methods": []}, True), [])

    def test_a_cut_plan_is_measured_at_one_strength_and_asks_nothing(self):
        for name, experiment in page.EXPERIMENTS.items():
            for _, plan in experiment.cells():
                whole = copy.deepcopy(plan)
                request, = recheck.cut(plan)["measure"]
                self.assertIn(request["strengths"], ([1], [0, 1]), name)
                self.assertFalse(request.get("questions"), name)
                self.assertIn(1, plan["measure"][-1]["strengths"], name)
                self.assertEqual(plan, whole)


class Differences(unittest.TestCase):
    def of(self, change):
        now = copy.deepcopy(RESULT)
        del now["measured"][0][0]
        change(now["learned"]["map"], now["measured"][0][0])
        return recheck.differences(RESULT, now)

    def test_the_same_is_as_committed(self):
        self.assertEqual(self.of(lambda learned, row: None), [])

    def test_last_digits_are_allowed(self):
        def change(learned, row):
            learned["support"] += 3
            learned["curve"] = [[0.1, 0.801]]
            row |= {"perplexity": 2.51, "shown": {"tone=rude": 70},
                    "grammatical": 300, "matching": {"remaining": 0.41}}
        self.assertEqual(self.of(change), [])

    def test_every_figure_is_held(self):
        for name, change in {
                "neurons": lambda learned, row: learned.update(support=200),
                "first step": lambda learned, row: learned.update(
                    curve=[[0.5, 0.9]]),
                "perplexity": lambda learned, row: row.update(perplexity=2.6),
                "rude": lambda learned, row: row["shown"].update(
                    {"tone=rude": 100}),
                "grammatical": lambda learned, row: row.update(
                    grammatical=280),
                "matching": lambda learned, row: row.update(
                    matching={"remaining": 0.5})}.items():
            found = self.of(change)
            self.assertEqual(len(found), 1, name)
            self.assertIn(name, found[0])

    def test_impossible_text_is_a_difference(self):
        found = self.of(lambda _, row: row.update(perplexity=None))
        self.assertIn("now inf", found[0])

    def test_a_cell_that_fails_is_named(self):
        lab = unittest.mock.Mock()
        lab.carry_out.side_effect = RuntimeError("lineas ended with 2")
        cell = {"plan": {"maps": {}, "measure": [{}]}, "result": RESULT}
        self.assertEqual(recheck.again(lab, cell),
                         ["failed: lineas ended with 2"])


class Sources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("lineas/ot/moments.cpp", "one")
        self.write("lineas/ot/moments.h", "two")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def hash_after(self, name, text):
        self.write(name, text)
        return hash_of_sources(self.root)

    def test_a_copy_has_the_same(self):
        before = hash_of_sources(self.root)
        self.assertRegex(before, "^[0-9a-f]{16}$")
        self.root = self.root / "elsewhere"
        self.write("lineas/ot/moments.h", "two")
        self.assertEqual(self.hash_after("lineas/ot/moments.cpp", "one"),
                         before)

    def test_only_sources_count(self):
        before = hash_of_sources(self.root)
        for name in ("lineas/ot/moments.cpp~", "lineas/notes.txt",
                     "tests/ot/moments_test.cpp"):
            self.assertEqual(self.hash_after(name, "new"), before, name)

    def test_what_is_in_a_file_and_what_it_is_called_count(self):
        seen = {hash_of_sources(self.root)}
        seen.add(self.hash_after("lineas/ot/moments.cpp", "another"))
        seen.add(self.hash_after("lineas/methods.def", ""))
        (self.root / "lineas/methods.def").rename(
            self.root / "lineas/models.def")
        seen.add(hash_of_sources(self.root))
        self.write("lineas/ot/moments.cpp", "two")  # the two change places
        seen.add(self.hash_after("lineas/ot/moments.h", "another"))
        self.assertEqual(len(seen), 5)

    def test_a_cell_keeps_that_of_the_program_that_made_it(self):
        path = self.root / "cells.jsonl"
        CellFile(path, "0123").put({"seed": 0}, {}, 1.0, {})
        CellFile(path, "4567").put({"seed": 1}, {}, 1.0, {})
        kept = [cell["sources"] for cell in CellFile(path).cells.values()]
        self.assertEqual(kept, ["0123", "4567"])
        with unittest.mock.patch("page.hash_of_sources",
                                 lambda root: "0123"):
            done = [*CellFile(path).cells.values(), {"key": {}}]
            self.assertIn("2 made by other", page.said_of_sources(done))
            self.assertIn("all made by these",
                          page.said_of_sources(done[:1]))


if __name__ == "__main__":
    unittest.main()
