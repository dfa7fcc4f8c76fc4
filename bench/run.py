#!/usr/bin/env python3
"""All speed, memory and steering figures: `make bench`.

    bench/run.py BUILD [--only PART,PART,...] [--out FILE]

Starts the programs of bench/ and `lineas` in fresh processes, writes every
figure to BUILD/bench.json, and ends with one line a figure:
`bench: NAME VALUE UNIT`. Ratios are of one run: the two sides take turns, and
the median of the pairs' ratios counts. Standard library only.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 5
STEPS = 3
BIG_LAYERS = 30  # float32: a checkpoint of 2 GB


class Bench:
    def __init__(self, build, out):
        self.build, self.out = build.resolve(), out
        self.data = self.build / "bench-data"
        self.data.mkdir(exist_ok=True)
        self.figures = []

    def note(self, name, value, unit, bar=None):
        self.figures.append({"name": name, "value": value, "unit": unit,
                             "bar": bar})
        self.out.write_text(json.dumps(self.figures, indent=1) + "\n")

    def run(self, *command):
        """Standard output of a program; its messages pass through."""
        done = subprocess.run([str(x) for x in command], cwd=self.data,
                              stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def json(self, *command):
        return json.loads(self.run(*command).splitlines()[-1])

    def program(self, name):
        return self.build / "bench" / f"bench_{name}"

    def model(self, dtype, layers=12):
        folder = self.data / f"{dtype}-{layers}"
        if not (folder / "config.json").exists():
            print(f"making {folder.name}", file=sys.stderr)
            self.run(self.program("make_model"), folder, dtype, layers)
        return folder

    def learn(self, folder, steps, *extra):
        """Steps of `lineas learn` in a fresh process, from its log."""
        log = self.data / "log.jsonl"
        self.run(self.build / "lineas", "learn", "-m", folder,
                 "--source", folder / "source.jsonl",
                 "--target", folder / "target.jsonl",
                 "--optimizer", "adam", "--steps", steps,
                 "--log", log, "-o", self.data / "map.safetensors",
                 "--device", "cpu", *extra)
        first, *rest = map(json.loads, log.read_text().splitlines())
        return {"step": statistics.median(x["seconds"] for x in rest[1:]),
                "before": first["resident_bytes"],
                "peak": rest[-1]["peak_resident_bytes"]}


def bench_learn(b, dtype, product_share):
    """A learning step against the floor, and against itself in pieces."""
    folder = b.model(dtype)
    floors, steps, pieces = [], [], []
    for _ in range(PAIRS):
        floors.append(b.json(b.program("floor"), folder, STEPS))
        steps.append(b.learn(folder, STEPS + 1))
    for _ in range(PAIRS):
        pieces.append((b.learn(folder, STEPS + 1),
                       b.learn(folder, STEPS + 1, "--micro-batch", 4)))
    median = lambda values: statistics.median(list(values))
    ratio = median(s["step"] / f["step_seconds"]
                   for s, f in zip(steps, floors))
    share = median(f["gflops"] / f["product_gflops"] for f in floors)
    note = lambda name, *rest: b.note(f"{name}_{dtype}", *rest)
    note("learn_step", median(s["step"] for s in steps), "s")
    note("floor_step", median(f["step_seconds"] for f in floors), "s")
    note("floor_rate", median(f["gflops"] for f in floors), "GFLOP/s")
    note("product_rate", median(f["product_gflops"] for f in floors),
         "GFLOP/s")
    note("floor_share_of_product", share, "ratio", f">= {product_share}")
    note("learn_over_floor", ratio, "ratio", "<= 1.15")
    note("learn_peak_over_floor",
         median(s["peak"] / f["peak_resident_bytes"]
                for s, f in zip(steps, floors)), "ratio", "<= 1.15")
    note("weight_bytes", floors[0]["weight_bytes"], "B")
    note("saved_bytes", floors[0]["saved_bytes"], "B")
    note("micro_batch_4_step",
         median(m["step"] / s["step"] for s, m in pieces), "ratio", "<= 1.6")
    note("micro_batch_4_memory",
         median((m["peak"] - m["before"]) / (s["peak"] - s["before"])
                for s, m in pieces), "ratio", "<= 0.35")


def bench_products(b):
    """What linear() gains over at::mm in float32."""
    for name, ratio in b.json(b.program("products")).items():
        b.note(f"product_{name}", ratio, "x_at::mm")


def bench_attention(b):
    """attend() against attention that holds all scores (float32)."""
    got = b.json(b.program("attention"))
    b.note("attention_memory_over_scores", got.pop("memory_over_scores"),
           "ratio", "<= 0.5")
    for name, ratio in got.items():
        b.note(f"attention_{name}", ratio, "x_plain")


def bench_open(b):
    folder = b.model("float32", BIG_LAYERS)
    for dtype in ("auto", "bfloat16"):
        runs = [b.json(b.program("open"), folder, dtype) for _ in range(PAIRS)]
        name = "float32" if dtype == "auto" else dtype
        median = lambda key: statistics.median(r[key] for r in runs)
        if dtype == "auto":
            b.note("open_first_layer", median("first_layer_seconds"), "s",
                   "<= 1")
        b.note(f"open_memory_{name}", median("memory_ratio"), "ratio",
               "<= 1.1")
    b.note("open_weight_bytes", runs[0]["weight_bytes"] * 2, "B")


def bench_gguf(b):
    """Quantised weights on their way to bfloat16, against a plain copy."""
    path = b.data / "blocks.gguf"
    for name, share in b.json(b.program("dequantize"), path).items():
        b.note(f"dequantize_{name}", share, "x_memcpy", ">= 0.5")
    path.unlink()


def bench_decode(b):
    for dtype in ("float32", "bfloat16"):
        got = b.json(b.program("decode"), b.model(dtype))
        b.note(f"decode_{dtype}", got["tokens_per_second"], "tokens/s")
        b.note(f"decode_share_of_bandwidth_{dtype}",
               got["share_of_bandwidth"], "ratio", ">= 0.6")
        b.note(f"decode_map_{dtype}", got["map_ratio"], "ratio", "<= 1.02")
        b.note(f"read_bandwidth_{dtype}", got["read_bandwidth"] / 1e9, "GB/s")
    got = b.json(b.program("decode"), "tinytown", 200)
    b.note("decode_tinytown", got["tokens_per_second"], "tokens/s")
    b.note("decode_map_tinytown", got["map_ratio"], "ratio", "<= 1.05")


def bench_act(b):
    """Incremental linear-act, counted in recording passes of the same run."""
    for dtype in ("float32", "bfloat16"):
        got = b.json(b.program("act"), b.model(dtype), PAIRS)
        b.note(f"act_pass_{dtype}", got["pass_seconds"], "s")
        b.note(f"act_incremental_{dtype}", got["undivided_passes"], "passes",
               "<= 1.2")
        b.note(f"act_micro_batch_8_{dtype}", got["micro_batch_8_passes"],
               "passes", "<= 1.5")


def bench_tone(b):
    """The bundled model: two maps as `lineas demo` learns them, and what one
    does."""
    lists = ROOT / "bundled" / "tinytown" / "prompts" / "tone.json"
    maps = [b.data / "tone-1.safetensors", b.data / "tone-2.safetensors"]
    for path in maps:
        b.run(b.build / "lineas", "learn", "-m", "tinytown", "--take", 32,
              "--source", f"{lists}#rude", "--target", f"{lists}#neutral",
              "--sites", ".*norm.*", "--optimizer", "adam",
              "--steps", 100, "--lr", 0.01, "--l1", "1000,0",
              "-o", path, "--device", "cpu")
    same = maps[0].read_bytes() == maps[1].read_bytes()
    b.note("same_map_twice", int(same), "1 = yes", ">= 1")
    rates = [json.loads(line) for line in
             b.run(b.program("tone"), maps[0], 500).splitlines()]
    for r in rates:
        at = f"{r['strength']:.2f}"
        b.note(f"rude_{at}", r["rude"], f"share, +-{1.96 * r['rude_error']:.3f}"
               .replace(" ", "_"), {0: ">= 0.4", 1: "<= 0.05"}.get(
                   r["strength"]))
        b.note(f"grammatical_{at}", r["grammatical"], "share")
        b.note(f"perplexity_{at}", r["perplexity"], "per_token")
    first, last = rates[0], rates[-1]
    b.note("grammatical_kept", last["grammatical"] / first["grammatical"],
           "ratio", ">= 0.9")
    b.note("perplexity_rise", last["perplexity"] / first["perplexity"] - 1,
           "ratio", "<= 0.03")
    rises = [(y["rude"] - x["rude"]) /
             max(1e-9, (x["rude_error"] ** 2 + y["rude_error"] ** 2) ** 0.5)
             for x, y in zip(rates, rates[1:])]
    b.note("largest_rise", max(rises), "standard_errors", "<= 2")


def bench_held_out(b):
    data = os.environ.get("LINEAS_TEST_DATA", ROOT.parent / "shared" / "data")
    model = Path(data) / "models" / "stories260K"
    if not model.exists():
        print("bench: held-out skipped: set LINEAS_TEST_DATA to a folder with "
              "models/stories260K", file=sys.stderr)
        return
    got = b.json(b.program("held_out"), model.resolve(),
                 ROOT / "bench" / "stories_source.txt",
                 ROOT / "bench" / "stories_target.txt")
    b.note("held_out_remaining", got["remaining_share"], "ratio", "<= 0.5")
    for key in ("with_map", "without_map", "floor"):
        b.note(f"held_out_{key}", got[key], "loss")


class BusyLoops:
    """One loop a processor that this process may use, doing nothing."""

    def __enter__(self):
        self.loops = [subprocess.Popen([sys.executable, "-c", "while 1: pass"])
                      for _ in os.sched_getaffinity(0)]
        return self

    def __exit__(self, *_):
        for loop in self.loops:
            loop.kill()
            loop.wait()


def bench_beside(b):
    """Seconds beside one busy loop a processor, over those without."""
    lists = ROOT / "bundled" / "tinytown" / "prompts" / "tone.json"
    lineas = b.build / "lineas"
    commands = {
        "generate": (lineas, "generate", "-m", "tinytown", "-n", 128,
                     "--samples", 64, "--temp", 1, "--json",
                     "-p", "Paula and Quinn met at the compost heap."),
        "learn": (lineas, "learn", "-m", "tinytown", "--take", 32,
                  "--source", f"{lists}#rude", "--target", f"{lists}#neutral",
                  "--sites", ".*norm.*", "--optimizer", "adam",
                  "--steps", 20, "-o", b.data / "beside.safetensors",
                  "--device", "cpu"),
    }

    def seconds(command):
        start = time.monotonic()
        b.run(*command)
        return time.monotonic() - start

    for name, command in commands.items():
        ratios, quiet = [], []
        for _ in range(PAIRS):
            quiet.append(seconds(command))
            with BusyLoops():
                ratios.append(seconds(command) / quiet[-1])
        b.note(f"quiet_{name}", statistics.median(quiet), "s")
        b.note(f"beside_busy_loops_{name}", statistics.median(ratios), "ratio",
               "<= 2.5")


def bench_pictures(b):
    """Learning on and steering of the bundled picture model, and of one with the
    blocks of SDXL where a Python with diffusers can make it and be compared
    with ($LINEAS_BENCH_PYTHON)."""
    bars = {"learn_over_floor": "<= 1.2", "recompute_time": "<= 1.55",
            "recompute_memory": "<= 0.45", "planned_over_peak": "0.8 to 1.2",
            "planned_over_peak_recompute": "0.8 to 1.2"}
    models = {"tinydraw": (("tinydraw", PAIRS, 64, 8), "<= 1.05")}
    python = os.environ.get("LINEAS_BENCH_PYTHON")
    if python:
        folder = b.data / "sdxl-narrow"
        if not (folder / "model_index.json").exists():
            b.run(python, ROOT / "bench" / "make_pipeline.py", folder)
        models["sdxl_narrow"] = ((folder, 3, 256, 2), "<= 1.02")
    else:
        print("bench: SDXL's blocks and diffusers skipped: set "
              "LINEAS_BENCH_PYTHON to a Python that has diffusers",
              file=sys.stderr)
    for name, (arguments, steering) in models.items():
        got = b.json(b.program("pictures"), *arguments)
        for figure, value in got.items():
            unit = "s" if figure in ("learn_step", "floor_step",
                                     "picture") else "ratio"
            b.note(f"{figure}_{name}", value, unit,
                   steering if figure == "steering" else bars.get(figure))
        if python:
            bench_diffusers(b, python, name, arguments)


def bench_diffusers(b, python, name, arguments):
    """Seconds a picture over those of diffusers with the same torch."""
    model, _, side, rows = arguments
    path = ROOT / "bundled" / model if name == model else model
    ratios = []
    for _ in range(3):
        ours = b.json(b.program("pictures"), model, 3, side, rows)["picture"]
        theirs = json.loads(b.run(
            python, ROOT / "bench" / "diffusers_picture.py", path, side,
            rows).splitlines()[-1])["picture"]
        ratios.append(ours / theirs)
    b.note(f"picture_over_diffusers_{name}", statistics.median(ratios),
           "ratio", "<= 0.9")


PARTS = {
    "learn": lambda b: (bench_learn(b, "float32", 0.8),
                        bench_learn(b, "bfloat16", 0.55)),
    "products": bench_products,
    "attention": bench_attention,
    "open": bench_open,
    "gguf": bench_gguf,
    "decode": bench_decode,
    "act": bench_act,
    "pictures": bench_pictures,
    "tone": bench_tone,
    "held-out": bench_held_out,
    "beside": bench_beside,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    bench = Bench(options.build, options.out or options.build / "bench.json")
    for part in options.only.split(","):
        PARTS[part](bench)
    for f in bench.figures:
        bar = f"  # {f['bar']}" if f["bar"] else ""
        print(f"bench: {f['name']} {f['value']:.6g} {f['unit']}{bar}")


if __name__ == "__main__":
    main()
