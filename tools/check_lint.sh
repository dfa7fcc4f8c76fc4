#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) over the rooms without LibTorch: 4 s a file.
# The other rooms would take too long: CONTRIBUTING.md has the figures.
# Use: tools/check_lint.sh BUILD    (a configured build folder)
set -euo pipefail
cd "$(dirname "$0")/.."

tool=$(command -v clang-tidy-14 || command -v clang-tidy) || {
  echo "clang-tidy is missing: run tools/setup.sh --checks" >&2
  exit 1
}
git ls-files -z 'lineas/base/*.cpp' 'lineas/jinja/*.cpp' 'lineas/text/*.cpp' 'lineas/data/*.cpp' \
  'lineas/picture/*.cpp' |
  xargs -0 -r -n 1 -P "$(nproc)" "$tool" --quiet -p "${1:?a build folder}" \
    2> >(grep -v 'warnings\? generated' >&2)
