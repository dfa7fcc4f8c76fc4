"""Tests of the lab, with programs that only pretend: what they are asked, what
is kept, how failures read. Run: python3 -m unittest discover -s tools/results
"""

import json
import os
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import plans
import stories
from lab import BUNDLED, Lab

# Answers as `lineas` does, and writes down what it was asked.
PROGRAM = """#!/bin/sh
echo "$@" >> {folder}/asked
case $1 in
  learn) while [ $# -gt 1 ]; do [ "$1" = -o ] && echo map > "$2"; shift; done;;
  inspect) echo '{{"site": "a", "width": 8, "support": 3}}'
           echo '{{"note": "no site"}}';;
  compose) echo "lineas: slope 0 at neuron 5" >&2; exit 2;;
esac
"""
MEASURER = """#!/bin/sh
cp "$1" {folder}/request
echo '{{"strength": 0, "perplexity": 2.123456789}}'
"""


class Pretended(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "bench").mkdir()
        for name, text in (("lineas", PROGRAM), ("bench/bench_measure",
                                                 MEASURER)):
            program = self.folder / name
            program.write_text(text.format(folder=folder.name))
            program.chmod(0o755)
            os.utime(program, (0, 0))
        self.lab = Lab(self.folder)

    def asked(self):
        return (self.folder / "asked").read_text().splitlines()

    def test_a_plan_is_learned_and_measured(self):
        plan = {"maps": {"map": plans.learn("lineas", "sea", 1)},
                "measure": [plans.measure(["map"], "sea", 1, (0, 1))]}
        result = self.lab.carry_out(plan)
        self.assertEqual(result["measured"],
                         [[{"strength": 0, "perplexity": 2.12346}]])
        learned = result["learned"]["map"]
        self.assertEqual((learned["support"], learned["neurons"]), (3, 8))
        request = json.loads((self.folder / "request").read_text())
        self.assertEqual(request["concepts"], ["topic=sea"])
        self.assertTrue(request["maps"][0].endswith(".safetensors:1"))
        self.assertTrue(Path(request["openings"].split("#")[0]).exists())

    def test_stories_are_matched_and_nothing_else(self):
        with unittest.mock.patch("lab.DATA", self.folder):
            plan = {"maps": {"map": plans.learn("lineas", "stories", 0)},
                    "measure": [plans.match_stories(["map"], 0)]}
            with self.assertRaisesRegex(RuntimeError, "LINEAS_TEST_DATA"):
                self.lab.carry_out(plan)
            (self.folder / "models" / "stories260K").mkdir(parents=True)
            self.lab.carry_out(plan)
        request = json.loads((self.folder / "request").read_text())
        self.assertTrue(request["model"].endswith("stories260K"))
        self.assertNotIn("concepts", request)
        held = json.loads(Path(request["held_source"].split("#")[0]).read_text())
        self.assertEqual(len(held["held_sad"]), stories.HELD)

    def test_lists_are_those_of_the_seed_and_may_be_reversed(self):
        for reverse in (False, True):
            recipe = plans.learn("lineas", "tone", 1, take=4, reverse=reverse)
            path = self.lab.write_lists(recipe, self.folder / "lists.json")
            lists = json.loads(path.read_text())
            self.assertEqual([len(x) for x in lists.values()], [4, 4])
            first = lists["target" if reverse else "source"][0]
            tone = BUNDLED / "prompts" / "tone.json"
            self.assertEqual(first, json.loads(tone.read_text())["rude"][32])

    def test_a_map_is_learned_once_for_all_cells(self):
        recipe = plans.learn("caa", "tone", 0)
        first, second = self.lab.learn(recipe), self.lab.learn(recipe)
        self.assertEqual(first, second)
        self.assertEqual(sum(x.startswith("learn") for x in self.asked()), 1)
        os.utime(self.folder / "lineas")  # another program: learned anew
        os.utime(first[0].with_suffix(".json"), (1, 1))
        self.lab.learn(recipe)
        self.assertEqual(sum(x.startswith("learn") for x in self.asked()), 2)

    def test_only_a_run_of_this_program_is_resumed(self):
        recipe = plans.learn("lineas", "tone", 0)
        made, facts = self.lab.learn(recipe)
        state = Path(f"{made}.state")
        for age, resumed in ((1, False), (3, True)):
            facts = made.with_suffix(".json")
            facts.unlink()
            state.write_text("half of a run")
            os.utime(self.folder / "lineas", (2, 2))
            os.utime(state, (age, age))
            self.lab.learn(recipe)
            asked = [x for x in self.asked() if x.startswith("learn")][-1]
            self.assertEqual("--resume" in asked, resumed)

    def test_a_penalty_found_by_another_recipe_is_taken(self):
        header = json.dumps({"__metadata__": {"provenance": json.dumps(
            {"found": {"penalty": {"l1": [0.5, 2], "group": [0, 0]}}})}}
        ).encode()
        found = self.folder / "found.safetensors"
        found.write_bytes(len(header).to_bytes(8, "little") + header + b"data")
        self.lab.learn = lambda recipe: (found, {})
        self.assertEqual(self.lab.penalty_of({"penalty_of": {}}),
                         ["--l1", "0.5,2", "--group", "0,0"])
        self.assertEqual(self.lab.penalty_of({}), [])

    def test_a_failure_says_what_the_program_said(self):
        with self.assertRaisesRegex(RuntimeError, "with 2: .*neuron 5"):
            self.lab.make({"inverse": "a"}, {"a": "a.safetensors"})


if __name__ == "__main__":
    unittest.main()
