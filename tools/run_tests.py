#!/usr/bin/env python3
"""Runs every test of a build folder and ends with one plain line,
"N passed, M failed, K skipped".

Use: tools/run_tests.py BUILD [CTEST ARGUMENT...]
     tools/run_tests.py --readme BUILD    what the last run counted, into README.md
     tools/run_tests.py --check BUILD     exit code 1 when README.md says otherwise

Before that line it says which tests need outside data: those that asked for the
folder $LINEAS_TEST_DATA, which are skipped without it. README.md has the same
sentence between two markers.

Each GoogleTest program writes a report, from which the single tests are
counted; a program without one (it crashed, or is no GoogleTest) counts as one.
LINEAS_TEST_DATA is set to ../shared/data where that folder exists. Exit code 1
when a test failed or none ran.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
README_PART = re.compile(
    r"(<!-- outside data: by tools/run_tests.py -->\n).*?(<!-- end -->)", re.S)


def environment(reports):
    """The tests' environment: programs run side by side, one thread each."""
    env = dict(os.environ)
    data = ROOT.parent / "shared" / "data"
    if data.is_dir():
        env.setdefault("LINEAS_TEST_DATA", str(data))
    env.setdefault("OMP_NUM_THREADS", "1")
    env.update(GTEST_OUTPUT=f"xml:{reports}/", GTEST_BRIEF="1")
    return env


def run_ctest(build, reports, arguments):
    """Runs ctest and returns {program: passed} from its own report."""
    summary = reports / "ctest.xml"
    jobs = str(os.cpu_count() or 1)
    subprocess.run(
        ["ctest", "--test-dir", build, "--output-on-failure", "-j", jobs,
         "--output-junit", summary, *arguments],
        env=environment(reports), check=False)
    if not summary.exists():
        return {}
    cases = xml.parse(summary).getroot().iter("testcase")
    return {case.get("name"): case.get("status") == "run" for case in cases}


def count(programs, reports):
    """Returns (passed, failed, Counter of reasons to skip)."""
    passed, failed, skipped = 0, 0, collections.Counter()
    for name, program_passed in programs.items():
        report = reports / f"tests_{name}.xml"
        failed_before = failed
        if report.exists():
            for case in xml.parse(report).getroot().iter("testcase"):
                if case.find("failure") is not None:
                    failed += 1
                elif case.find("skipped") is not None:
                    reason = case.find("skipped").get("message", "")
                    skipped[reason.split("\n")[-1].strip()] += 1
                else:
                    passed += case.get("status") == "run"
        elif program_passed:
            passed += 1
        if not program_passed and failed == failed_before:
            failed += 1  # it crashed, or ran out of time
    return passed, failed, skipped


def count_outside_data(reports):
    """Counter of the tests that asked for outside data, by program."""
    counts = collections.Counter()
    for report in sorted(reports.glob("tests_*.xml")):
        for case in xml.parse(report).getroot().iter("testcase"):
            asked = case.find("properties/property[@name='outside_data']")
            if asked is not None:
                counts[report.stem.removeprefix("tests_")] += 1
    return counts


def outside_data_sentence(counts):
    """Two lines at most, as README.md has them."""
    by_program = ", ".join(f"{name} {n}" for name, n in counts.most_common())
    return (f"{counts.total()} of the tests need outside data ({by_program})\n"
            "and are skipped, with the reason, where `LINEAS_TEST_DATA` names "
            "no folder of it.\n")


def with_sentence(readme, sentence):
    """The README's text with that sentence between its markers."""
    if not README_PART.search(readme):
        sys.exit("README.md lacks the markers of the sentence on outside data")
    return README_PART.sub(lambda m: m[1] + sentence + m[2], readme)


def keep_readme(build, writes):
    """Writes the sentence into README.md, or says whether it is there."""
    path = ROOT / "README.md"
    old = path.read_text()
    counts = count_outside_data(build / "test-reports")
    new = with_sentence(old, outside_data_sentence(counts))
    if writes:
        path.write_text(new)
    elif old != new:
        print(f"README.md is not what the tests say: {counts.total()} need "
              f"outside data. Run: tools/run_tests.py --readme {build.name}")
    return writes or old == new


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] in ("--readme", "--check"):
        build = pathlib.Path(sys.argv[2]).resolve()
        sys.exit(not keep_readme(build, sys.argv[1] == "--readme"))
    build = pathlib.Path(sys.argv[1]).resolve()
    reports = build / "test-reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    passed, failed, skipped = count(
        run_ctest(build, reports, sys.argv[2:]), reports)
    for reason, times in skipped.items():
        print(f"skipped {times}: {reason or 'no reason given'}")
    print(outside_data_sentence(count_outside_data(reports)), end="")
    print(f"{passed} passed, {failed} failed, {skipped.total()} skipped")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
