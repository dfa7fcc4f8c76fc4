#!/usr/bin/env bash
# Says which C++ files are not laid out as .clang-format asks; with --fix, lays
# them out. clang-format 14 (Debian 12's), because versions differ in taste.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=$(command -v clang-format-14 || command -v clang-format) || {
  echo "clang-format 14 is missing: run tools/setup.sh --checks" >&2
  exit 1
}
[[ $("$tool" --version) == *" 14."* ]] || {
  echo "$("$tool" --version) lays files out differently: version 14 is needed" >&2
  exit 1
}
mode=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && mode=(-i)
git ls-files -z -co --exclude-standard '*.h' '*.cpp' |
  xargs -0 -r "$tool" "${mode[@]}"
