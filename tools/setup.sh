#!/usr/bin/env bash
# Installs what is missing: Debian packages (packages.txt) and LibTorch
# (requirements.txt, into .deps/venv). Does nothing, and needs no network, when
# everything is there. With LINEAS_TORCH_DIR set, LibTorch is not downloaded.
#
# Use: tools/setup.sh [--checks]     --checks: also the [checks] packages
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$1"; shift; printf '       %s\n' "$@" >&2; exit 1; }

# The names in a section of packages.txt.
packages_in() {
  awk -v want="[$1]" '/^#/ || /^$/ {next} /^\[/ {on = ($0 == want); next} on' \
    packages.txt
}

# Of the names given, those that dpkg does not have installed.
missing_of() {
  local name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Abbrev}\n' "$name" 2>/dev/null |
      grep -q '^ii' || printf '%s\n' "$name"
  done
}

install_packages() {
  local -a wanted missing as_root=()
  mapfile -t wanted < <(for section in "$@"; do packages_in "$section"; done)
  if ! command -v dpkg-query >/dev/null; then
    say "this is no Debian system, so these are taken to be installed:" \
      "${wanted[*]}"
    return
  fi
  mapfile -t missing < <(missing_of "${wanted[@]}")
  ((${#missing[@]})) || return 0

  local by_hand="apt-get update && apt-get install -y ${missing[*]}"
  if (($(id -u) != 0)); then
    command -v sudo >/dev/null || stop \
      "Debian packages are missing, and you are not root and have no sudo." \
      "Have an administrator run: $by_hand"
    [[ -t 0 ]] || sudo -n true 2>/dev/null || stop \
      "Debian packages are missing, and sudo asks for a password here." \
      "Run in a terminal: sudo sh -c '$by_hand'"
    as_root=(sudo)
  fi
  say "installing Debian packages: ${missing[*]}"
  mkdir -p .deps
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
  if ! { "${apt[@]}" update &&
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
    >.deps/apt.log 2>&1 </dev/null; then
    tail -n 5 .deps/apt.log >&2
    stop "apt-get failed (all of its output: .deps/apt.log)." \
      "With a network and a Debian 12 source, run as root: $by_hand"
  fi
}

# The python3 that python3-venv belongs to, where there is one, else the first
# on PATH.
find_python() {
  local python
  for python in /usr/bin/python3 python3; do
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
      printf '%s\n' "$python"
      return
    fi
  done
  stop "no python3 with venv and pip was found." \
    "On Debian, run as root: apt-get install -y python3-venv" \
    "Or bring your own LibTorch: make LINEAS_TORCH_DIR=<its folder>"
}

# True where .deps/venv already holds exactly what requirements.txt names.
torch_is_ready() { cmp -s requirements.txt .deps/venv/requirements.done; }

install_torch() {
  if [[ -n ${LINEAS_TORCH_DIR:-} ]]; then
    [[ -e $LINEAS_TORCH_DIR/include/ATen/ATen.h ]] || stop \
      "LINEAS_TORCH_DIR=$LINEAS_TORCH_DIR has no include/ATen/ATen.h." \
      "Name site-packages/torch of a wheel, or an unpacked LibTorch zip."
    return
  fi
  torch_is_ready && return
  local python free_kb
  python=$(find_python)
  mkdir -p .deps
  free_kb=$(df -Pk .deps | awk 'NR == 2 {print $4}')
  ((free_kb > 2500000)) || stop \
    "LibTorch needs 2.5 GB in $PWD/.deps, $((free_kb / 1000)) MB are free." \
    "Free some, or bring your own LibTorch: make LINEAS_TORCH_DIR=<its folder>"
  say "downloading LibTorch into .deps/venv (580 MB, once)"
  rm -rf .deps/venv
  "$python" -m venv .deps/venv
  if ! TMPDIR=$PWD/.deps .deps/venv/bin/python -m pip install --no-deps \
    --no-cache-dir --disable-pip-version-check --progress-bar off \
    -r requirements.txt >.deps/pip.log 2>&1 </dev/null; then
    tail -n 5 .deps/pip.log >&2
    stop "pip could not install LibTorch (all of its output: .deps/pip.log)." \
      "Without a network: bring the wheels of requirements.txt and set" \
      "PIP_NO_INDEX=1 PIP_FIND_LINKS=<their folder>, or bring an unpacked" \
      "LibTorch or a Python's torch: make LINEAS_TORCH_DIR=<its folder>"
  fi
  cp requirements.txt .deps/venv/requirements.done
}

sections=(build)
[[ ${1:-} == --checks ]] && sections+=(checks)
install_packages "${sections[@]}"
install_torch
