"""Tests of the pictures. Run: python3 -m unittest discover -s tools/results
"""

import math
import unittest
import xml.dom.minidom

import plans
from plot import (COLOURS, MARKERS, Axis, Panel, Series, clipped, draw,
                  linear_ticks, log_ticks)


class Plot(unittest.TestCase):
    def test_ticks_are_round_and_within(self):
        self.assertEqual(linear_ticks(-1, 12), [0, 2.5, 5, 7.5, 10])
        self.assertEqual(linear_ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1])
        self.assertEqual(log_ticks(1, 200), [1, 10, 100])

    def test_a_picture_is_well_formed_and_the_same_twice(self):
        panels = [Panel("a < b", "x", "y",
                        [Series(f"series {i}", [(1, 2, 0.5), (2, 3 + i)], i)
                         for i in range(9)], x_log=True, x_lines=(1.5,),
                        y_line=(2.5, "none")),
                  Panel("empty", "x", "y")]
        text = draw(panels)
        xml.dom.minidom.parseString(text)
        self.assertEqual(text, draw(panels))
        self.assertIn("a &lt; b", text)

    def test_every_method_has_a_marker_and_a_colour_of_its_own(self):
        for ways in (MARKERS, COLOURS):
            self.assertEqual(len(set(ways)), len(ways))
            self.assertGreaterEqual(len(ways), len(plans.METHODS))

    def test_points_outside_the_axes_are_left_out(self):
        series = Series("a", [(0, 1), (50, 1), (1, math.nan)])
        panel = Panel("", "", "", [series], x_range=(-1, 12))
        self.assertEqual(draw([panel]).count("<circle"), 2)  # and the legend's

    def test_a_line_that_leaves_the_axes_is_drawn_to_their_end(self):
        x, y = (Axis(0, 1, 0, 100, False), Axis(0, 1, 100, 0, False))
        for start, end, found in (
                ((50, 50), (250, 100), [(50, 50), (100, 62.5)]),
                ((50, -100), (50, 200), [(50, 0), (50, 100)]),
                ((50, 50), (60, 60), [(50, 50), (60, 60)]),
                ((-10, 50), (50, -10), [(0, 40), (40, 0)]),
                ((-50, 40), (40, -60), None), ((50, 101), (60, 101), None)):
            self.assertEqual(clipped(start, end, x, y), found)
            self.assertEqual(clipped(end, start, x, y), found and found[::-1])

    def test_a_line_breaks_where_a_point_has_no_place(self):
        points = [(1, 1), (2, 2), (3, math.inf), (4, 1), (5, 2), (6, 0)]
        text = draw([Panel("", "", "", [Series("a", points)], y_log=True)])
        path = text.split('<path d="')[1].split('"')[0]
        self.assertEqual((path.count("M"), path.count("L")), (2, 2))

    def test_some_points_of_a_dense_curve_are_marked_the_last_among_them(self):
        curve = Series("a", [(i, i) for i in range(12)], mark_every=5)
        text = draw([Panel("", "", "", [curve], x_range=(0, 11))])
        self.assertEqual(text.count("<circle"), 3 + 1)
        self.assertIn('cx="318"', text)

    def test_a_series_without_points_is_not_in_the_legend(self):
        series = [Series("some", [(1, 1)]), Series("empty", [], 1)]
        text = draw([Panel("", "", "", series)])
        self.assertIn("some", text)
        self.assertNotIn("empty", text)

    def test_panels_stand_in_rows(self):
        text = draw([Panel(str(i), "", "") for i in range(4)], columns=2)
        self.assertIn('width="660" height="554"', text)


if __name__ == "__main__":
    unittest.main()
