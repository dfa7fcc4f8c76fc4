#!/bin/sh
# Builds the fuzz targets with clang and runs each for SECONDS (default 60).
#   tools/fuzz.sh [SECONDS] [TARGET...]     targets: safetensors gguf tokenizer jinja prompts pickle
#                                          pipeline
# A finding leaves its input in build-fuzz/ and a nonzero exit code; run
#   build-fuzz/fuzz_TARGET FILE
# to see it again. What each run learned is kept in build-fuzz/corpus.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=${*:-safetensors gguf tokenizer jinja prompts pickle pipeline}

compiler=$(command -v clang++ || true)
if [ -z "$compiler" ]; then
  echo "tools/fuzz.sh: clang++ is missing: apt-get install clang" >&2
  exit 1
fi
cmake -S tests/fuzz -B build-fuzz -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
cmake --build build-fuzz -j 2

# Reported leaks of one input are enough; a slow input is a finding too.
for target in $targets; do
  mkdir -p "build-fuzz/corpus/$target"
  echo "fuzz_$target: $seconds s"
  "build-fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/$target-" -verbosity=0 \
    "build-fuzz/corpus/$target" "tests/fuzz/seeds/$target"
done
