"""Tests of how cells are done and kept. Run:
python3 -m unittest discover -s tools/results
"""

import json
import tempfile
import threading
import unittest
import unittest.mock
from pathlib import Path

from cells import CellFile, Limits, alone_in, matches, name_of, run_cells


class Cells(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "deep" / "cells.jsonl"
        quiet = unittest.mock.patch("cells.say")
        self.addCleanup(quiet.stop)
        quiet.start()
        self.cells = [({"method": m, "seed": s}, {"value": (m, s)})
                      for s in (0, 1) for m in ("a", "b")]

    def run_with(self, work, **options):
        return run_cells(self.cells, CellFile(self.path), work,
                         lambda plan: 1, Limits(**options))

    def test_a_stopped_run_goes_on_where_it_was(self):
        done = []

        def work(plan):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(plan["value"])
            return {"seen": plan["value"]}

        with self.assertRaises(KeyboardInterrupt):
            self.run_with(work)
        self.assertEqual(done, [("a", 0), ("b", 0)])
        again = []
        left = self.run_with(lambda plan: again.append(plan["value"]) or {})
        self.assertEqual((left, again), (0, [("a", 1), ("b", 1)]))
        self.assertEqual(self.run_with(lambda plan: 1 / 0), 0)

    def test_a_changed_plan_is_done_again(self):
        self.run_with(lambda plan: {})
        self.cells[1] = (self.cells[1][0], {"value": "other"})
        again = []
        self.run_with(lambda plan: again.append(plan["value"]) or {})
        self.assertEqual(again, ["other"])

    def test_cells_that_are_no_more_are_forgotten(self):
        self.run_with(lambda plan: {})
        file = CellFile(self.path)
        file.keep_only([{"method": "a", "seed": 0}])
        file.put({"method": "a", "seed": 1}, {}, 1.0, {})
        self.assertEqual(set(CellFile(self.path).cells),
                         {"method=a seed=0", "method=a seed=1"})

    def test_a_failed_cell_is_left_and_the_others_are_done(self):
        def work(plan):
            if plan["value"] == ("b", 0):
                raise RuntimeError("lineas ended with 2")
            return {}

        self.assertEqual(self.run_with(work), 1)
        self.assertEqual(len(CellFile(self.path).cells), 3)

    def test_no_cell_is_begun_that_would_end_too_late(self):
        now = [0.0]

        def work(plan):
            now[0] += 20
            return {}

        left = self.run_with(work, minutes=1, clock=lambda: now[0])
        self.assertEqual(left, 1)  # 3 times 20 s fit a minute

    def test_cells_are_done_two_at_once(self):
        both = threading.Barrier(2, timeout=10)

        def work(plan):
            both.wait()
            return {}

        self.assertEqual(self.run_with(work, jobs=2), 0)
        self.assertEqual(len(CellFile(self.path).cells), 4)

    def test_the_file_is_whole_and_in_order(self):
        self.run_with(lambda plan: {"x": 0.5})
        lines = self.path.read_text().splitlines()
        names = [name_of(json.loads(line)["key"]) for line in lines]
        self.assertEqual(names, sorted(names))
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_two_runs_at_once_are_refused(self):
        with alone_in(self.path.parent):
            with self.assertRaisesRegex(SystemExit, "another run"):
                with alone_in(self.path.parent):
                    pass
        with alone_in(self.path.parent):
            pass

    def test_words_choose_cells(self):
        key = {"method": "caa", "seed": 0}
        self.assertTrue(matches(key, ["caa", "seed=0"]))
        self.assertFalse(matches(key, ["caa", "1"]))


if __name__ == "__main__":
    unittest.main()
