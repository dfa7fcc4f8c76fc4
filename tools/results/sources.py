"""Which program made a result: a hash of the sources of `lineas/`. It depends
on what the files hold and on their names, not on git, times or places, so that a
fresh clone has the one of the tree it was cloned from.
"""

import hashlib

SUFFIXES = {".h", ".cpp", ".def"}


def hash_of_sources(root):
    """16 digits, for the tree at `root`."""
    sources = hashlib.sha256()
    for path in sorted((root / "lineas").rglob("*"),
                       key=lambda path: path.relative_to(root).as_posix()):
        if path.suffix in SUFFIXES and path.is_file():
            held = hashlib.sha256(path.read_bytes()).hexdigest()
            sources.update(
                f"{path.relative_to(root).as_posix()} {held}\n".encode())
    return sources.hexdigest()[:16]
