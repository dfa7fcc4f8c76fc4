"""Tests of what is read from test programs' reports. Run:
python3 -m unittest discover -s tools
"""

import tempfile
import unittest
import unittest.mock
from pathlib import Path

import run_tests

ASKED = '<properties><property name="outside_data" value="needed"/>' \
    "</properties>"
SKIPPED = '<skipped message="a.cpp:3&#x0A;no data"/>'


def report(*cases):
    return "<testsuites><testsuite>" + "".join(
        f'<testcase name="t" status="{status}">{inside}</testcase>'
        for status, inside in cases) + "</testsuite></testsuites>"


class Reports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        self.reports = self.build / "test-reports"
        self.reports.mkdir()
        self.write("learn", ("run", ASKED), ("run", SKIPPED + ASKED),
                   ("run", ""))
        self.write("text", ("run", ASKED), ("run", "<failure/>"))
        self.write("base", ("run", ""))

    def write(self, name, *cases):
        (self.reports / f"tests_{name}.xml").write_text(report(*cases))

    def test_single_tests_are_counted(self):
        passed, failed, skipped = run_tests.count(
            {"learn": True, "text": False, "base": True, "crashed": False},
            self.reports)
        self.assertEqual((passed, failed), (4, 2))
        self.assertEqual(dict(skipped), {"no data": 1})

    def test_needing_data_counts_whether_it_was_there_or_not(self):
        counts = run_tests.count_outside_data(self.reports)
        self.assertEqual(dict(counts), {"learn": 2, "text": 1})
        self.assertIn("3 of the tests need outside data (learn 2, text 1)",
                      run_tests.outside_data_sentence(counts))

    def test_the_readme_is_checked_and_mended(self):
        readme = self.build / "README.md"
        readme.write_text("Before.\n<!-- outside data: by tools/run_tests.py "
                          "-->\nnone\n<!-- end -->\nAfter.\n")
        with unittest.mock.patch("run_tests.ROOT", self.build), \
                unittest.mock.patch("builtins.print"):
            self.assertFalse(run_tests.keep_readme(self.build, writes=False))
            self.assertTrue(run_tests.keep_readme(self.build, writes=True))
            self.assertTrue(run_tests.keep_readme(self.build, writes=False))
        text = readme.read_text()
        self.assertTrue(text.startswith("Before.\n"))
        self.assertTrue(text.endswith("<!-- end -->\nAfter.\n"))
        self.assertIn("\n3 of the tests", text)

    def test_lost_markers_are_named(self):
        with self.assertRaisesRegex(SystemExit, "markers"):
            run_tests.with_sentence("nothing", "3 tests")

    def test_the_project_s_own_readme_has_them(self):
        text = (run_tests.ROOT / "README.md").read_text()
        run_tests.with_sentence(text, "3 tests")


if __name__ == "__main__":
    unittest.main()
