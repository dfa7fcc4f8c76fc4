#!/usr/bin/env python3
"""Holds the tree to its own rules, and names every place that breaks one.

Use: tools/check_tree.py [ROOT]      exit code 1 when a rule is broken

- a file has at most 400 lines (600 in tests), a function at most 60;
- a room (a folder of lineas/) includes only itself and rooms below it;
- LibTorch comes in through ATen headers, never through its umbrella header;
- no file names a place on somebody's machine;
- every lineas/**/*.cpp has a test that names it;
- relative links in Markdown files lead to files that are there.
"""
import pathlib
import re
import subprocess
import sys

# The rooms, lowest first, as CMakeLists.txt must list them.
ROOMS = ("base jinja text data picture tensor gguf ot kernels tap nn schedulers models "
         "diffusion maps descent generate pipelines learn engine eval cli").split()
MAX_FILE_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES = 400, 600, 60
CODE = {".h", ".cpp", ".py", ".sh", ".def", ".cmake"}
CPP = {".h", ".cpp"}
TEXT = CODE | {".md", ".txt", ".json", ".yaml", ".in", ""}
MACHINE_PATH = re.compile(
    r"(?<![\w./~}])/(?:work|opt|root|tmp|home/\w+)/")
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"'
    r'|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#(?:\\\n|[^\n])*',
    re.S | re.M)
MARKDOWN_LINK = re.compile(r"\]\(([^)#\s]+)")
NOT_A_NAME = re.compile(r"template\s*<[^{}]*?>|\([^()]*\)")
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def tracked_files(root):
    """Paths below root that git has, or would take."""
    out = subprocess.run(
        ["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout
    return sorted(pathlib.Path(line) for line in set(out.splitlines())
                  if (root / line).is_file())


def without_comments(text):
    """The code alone: comments, strings and directives become blanks."""
    return NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def functions(text):
    """Yields (first line, line count) of every function body with its head."""
    code = without_comments(text)
    scopes = [True]  # open braces; True: declarations may stand inside
    head = 0  # where the text before the next brace begins
    start = None
    for match in re.finditer(r"[{};]", code):
        brace, at = match.group(), match.start()
        if brace == ";":
            head = at + 1
        elif brace == "{":
            before = code[head:at]
            is_member_init = re.search(r"\)[^()]*[:,]\s*\w+\s*$", before)
            is_scope = scopes[-1] \
                and bool(SCOPE.search(NOT_A_NAME.sub("", before)))
            if scopes[-1] and not is_scope and not is_member_init \
                    and start is None and ")" in before:
                start = (len(scopes), head + len(before)
                         - len(before.lstrip()))
            scopes.append(is_scope)
            if not is_member_init:
                head = at + 1
        elif len(scopes) > 1:
            scopes.pop()
            if start and len(scopes) == start[0]:
                first = code.count("\n", 0, start[1]) + 1
                yield first, code.count("\n", 0, at) + 2 - first
                start = None
            if start is None and not is_inside_head(code, head, at):
                head = at + 1


def is_inside_head(code, head, at):
    """True at the end of `member_{value}` in a constructor's head."""
    return bool(re.search(r"\)[^(){};]*[:,]\s*\w+\s*\{[^{}]*$", code[head:at]))


def rooms_below(cmake):
    """{room: rooms it links, itself among them}, from the lineas_room calls."""
    below = {}
    for name, rest in re.findall(r"^lineas_room\((\w+)([^)]*)\)", cmake, re.M):
        below[name] = {name}
        for used in re.findall(r"\blineas_(\w+)", rest):
            below[name] |= below.get(used, set())
    return below


def check_rooms(root, complain):
    below = rooms_below((root / "CMakeLists.txt").read_text())
    if list(below) != ROOMS:
        complain("CMakeLists.txt", 0,
                 f"rooms are {list(below)}, tools/check_tree.py has {ROOMS}")
    return below


def check_includes(path, text, below, complain):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not found:
            continue
        included = found.group(1)
        if included == "torch/torch.h" or included == "torch/all.h":
            complain(path, number, f"includes <{included}>: take ATen headers")
        parts, room = included.split("/"), path.parts[1]
        if path.parts[0] == "lineas" and room in below \
                and parts[0] == "lineas" and parts[1] not in below[room]:
            complain(path, number,
                     f"{room} may not include {included}: "
                     f"{parts[1]} is not below it")


def check_lengths(path, text, complain):
    limit = MAX_TEST_LINES if path.parts[0] == "tests" else MAX_FILE_LINES
    lines = text.count("\n")
    if lines > limit:
        complain(path, lines, f"{lines} lines, at most {limit}")
    if path.suffix in CPP:
        for first, length in functions(text):
            if length > MAX_FUNCTION_LINES:
                complain(path, first, f"a function of {length} lines, "
                         f"at most {MAX_FUNCTION_LINES}")


def check_machine_paths(path, text, complain):
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            complain(path, number, f"names a machine's path: {line.strip()}")


def check_links(root, path, text, complain):
    for number, line in enumerate(text.splitlines(), 1):
        for link in MARKDOWN_LINK.findall(line):
            if "://" not in link and not (root / path.parent / link).exists():
                complain(path, number, f"a link to {link}, which is not there")


def check_tested(files, texts, complain):
    """A source is tested where a test has its name, includes its header or
    names it; an entry of a .def list where a test includes that list."""
    tests = "\n".join(text for path, text in texts.items()
                      if path.parts[0] == "tests")
    listed = "\n".join(text for path, text in texts.items()
                       if path.suffix == ".def" and str(path) in tests)
    for path in files:
        if path.parts[0] != "lineas" or path.suffix != ".cpp" \
                or len(path.parts) < 3:
            continue
        stem = path.with_suffix("")
        own = pathlib.Path("tests", *path.parts[1:-1], path.stem + "_test.cpp")
        if own not in texts and not re.search(rf"\b{stem}\.(h|cpp)\b", tests) \
                and not re.search(rf"\(\s*{path.stem}\b", listed):
            complain(path, 0, f"no test names it (expected {own})")


def main():
    default_root = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default_root
    complaints = []

    def complain(path, line, message):
        complaints.append(f"{path}:{line}: {message}" if line
                          else f"{path}: {message}")

    below = check_rooms(root, complain)
    files = tracked_files(root)
    texts = {path: (root / path).read_text(errors="replace")
             for path in files if path.suffix in TEXT}
    for path, text in texts.items():
        check_machine_paths(path, text, complain)
        if path.suffix == ".md":
            check_links(root, path, text, complain)
        if path.suffix in CODE:
            check_lengths(path, text, complain)
        if path.suffix in CPP and len(path.parts) > 1:
            check_includes(path, text, below, complain)
    check_tested(files, texts, complain)
    for line in complaints:
        print(line)
    print(f"tree: {len(files)} files, {len(complaints)} complaints")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
