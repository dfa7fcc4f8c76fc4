"""Carries out plans: makes prompt lists, starts `lineas` and `bench_measure` in
fresh processes, and keeps learned maps, so that experiments share them.

A plan is {"maps": {name: recipe}, "measure": [request, ...]}. A recipe is one of
  {"learn": [options], "concept": ..., "take": n, "rotate": k, "reverse": bool,
   "penalty_of": recipe}
  {"compose": [names], "options": [...]}   {"inverse": name}
  {"shuffled": name, "seed": k}
and a request names the maps, concepts, openings and strengths. Standard library
only.
"""

import hashlib
import json
import os
import random
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import stories
from cells import write_whole

ROOT = Path(__file__).resolve().parents[2]
MODEL = "tinytown"
BUNDLED = ROOT / "bundled" / MODEL
# Models that are not bundled: a folder with models/stories260K.
DATA = Path(os.environ.get("LINEAS_TEST_DATA",
                           ROOT.parent / "shared" / "data"))
CURVE_POINTS = 60

# What is steered, from which lists, and what measures it. A topic is measured
# behind openings that leave it open: behind others it is decided already.
CONCEPTS = {
    "tone": {"concept": "tone=rude", "lists": "tone.json", "source": "rude",
             "target": "neutral", "openings": "eval/openings.txt",
             "selection": "eval/openings.json#selection"},
    **{topic: {"concept": f"topic={topic}", "lists": "topic.json",
               "source": topic, "target": f"not_{topic}",
               "openings": "eval/openings.json#free",
               "selection": "eval/openings.json#free_selection"}
       for topic in ("sea", "space")},
}
# The same of the bundled picture model. `prompts`: what it is measured with.
PICTURE_MODEL = "tinydraw"
PICTURES = ROOT / "bundled" / PICTURE_MODEL
PICTURE_CONCEPTS = {
    **{f"style={style}": {"lists": "style.json", "source": "plain",
                          "target": style, "prompts": "eval/plain.jsonl"}
       for style in ("sketch", "pixel", "neon")},
    "remove": {"lists": "remove.json", "source": "any", "target": "not_any",
               "prompts": "eval/negated.jsonl"},
}
# What is steered where there is no oracle: only learning and matching are
# measured.
STORIES = "stories"


def model_of(concept):
    """What `lineas -m` is told."""
    if concept in PICTURE_CONCEPTS:
        return PICTURE_MODEL
    if concept != STORIES:
        return MODEL
    folder = DATA / "models" / "stories260K"
    if not folder.exists():
        raise RuntimeError("set LINEAS_TEST_DATA to a folder with "
                           "models/stories260K")
    return folder.resolve()


def rotated(prompts, take, by):
    """`take` prompts from place `by` on, round the end of the list."""
    by %= len(prompts)
    return (prompts[by:] + prompts[:by])[:take]


def thinned(points, most=CURVE_POINTS):
    """At most so many points of a curve, first and last among them, denser
    where the curve begins."""
    if len(points) <= most:
        return points
    last = len(points) - 1
    places = sorted({round(last * (i / (most - 1)) ** 2) for i in range(most)})
    return [points[i] for i in places]


def lists_of(concept):
    """Prompts of the source and of the target."""
    if concept == STORIES:
        lists = stories.lists()
        return [lists["sad"], lists["happy"]]
    folder = PICTURES if concept in PICTURE_CONCEPTS else BUNDLED
    about = (CONCEPTS | PICTURE_CONCEPTS)[concept]
    lists = json.loads((folder / "prompts" / about["lists"]).read_text())
    return [lists[about["source"]], lists[about["target"]]]


class Lab:
    """`threads` of each process: figures depend on them in the last digits.
    Plans may be carried out from several threads of this program at once."""

    def __init__(self, build, threads=1):
        self.build = Path(build).resolve()
        self.threads = threads
        self.locks = defaultdict(threading.Lock)  # by map
        self.running = set()  # processes
        self.is_stopped = False
        self.folder = self.build / "results"
        (self.folder / "maps").mkdir(parents=True, exist_ok=True)
        self.held_stories = self.folder / "held_stories.json"
        write_whole(self.held_stories, json.dumps(stories.lists()))
        self.program = self.build / "lineas"
        self.measurer = self.build / "bench" / "bench_measure"

    def carry_out(self, plan):
        paths, learned = {}, {}
        for name, recipe in plan["maps"].items():
            paths[name], learned[name] = self.make(recipe, paths)
        return {"learned": learned,
                "measured": [self.measure(request, paths)
                             for request in plan["measure"]]}

    # Maps -----------------------------------------------------------------
    def make(self, recipe, paths):
        if "learn" in recipe:
            return self.learn(recipe)
        if "shuffled" in recipe:
            return self.shuffle(recipe, paths), {}
        if "inverse" in recipe:
            command = ["compose", "--inverse", paths[recipe["inverse"]]]
        else:
            command = ["compose", *recipe.get("options", []),
                       *(paths[name] for name in recipe["compose"])]
        made = self.folder / "maps" / f"{digest(command)}.safetensors"
        self.run(self.program, *command, "-o", made)
        return made, {}

    def learn(self, recipe):
        """A learned map and what is known of its learning. A map that an
        earlier cell learned with this very program is taken from there."""
        with self.locks[digest(recipe)]:
            return self.learn_alone(recipe)

    def learn_alone(self, recipe):
        prompts = lists_of(recipe["concept"])
        # Its time depends on the threads, and its last digits.
        name = self.folder / "maps" / digest([recipe, prompts, self.threads])
        made, facts = (name.with_suffix(x) for x in (".safetensors", ".json"))
        lists = self.write_lists(recipe, name.with_suffix(".lists.json"))
        if facts.exists() and self.is_of_this_program(facts):
            return made, json.loads(facts.read_text())
        log = name.with_suffix(".jsonl")
        state = Path(f"{made}.state")
        penalty = self.penalty_of(recipe)
        if state.exists() and not self.is_of_this_program(state):
            state.unlink()
        begun = time.monotonic()
        self.run(self.program, "learn", "-m", model_of(recipe["concept"]),
                 "--device", "cpu",
                 "--source", f"{lists}#source", "--target", f"{lists}#target",
                 "--no-calibrate", *as_published(recipe["learn"]), *penalty, "--log", log, "-o", made,
                 *(["--resume"] if state.exists() else []))
        result = {"seconds": round(time.monotonic() - begun, 2),
                  **self.facts_of(made), **curve_of(log)}
        write_whole(facts, json.dumps(result))
        return made, result

    def shuffle(self, recipe, paths):
        """A map of equal size that means nothing: the neurons of each site
        change places."""
        made = self.folder / "maps" / \
            f"{digest([recipe, str(paths[recipe['shuffled']])])}.safetensors"
        made.write_bytes(shuffled(paths[recipe["shuffled"]].read_bytes(),
                                  recipe["seed"]))
        return made

    def is_of_this_program(self, file):
        return file.stat().st_mtime > self.program.stat().st_mtime

    def penalty_of(self, recipe):
        """The options of the penalty that another recipe's search found."""
        if "penalty_of" not in recipe:
            return []
        made, _ = self.learn(recipe["penalty_of"])
        found = provenance(made)["found"]["penalty"]
        return [x for name in ("l1", "group")
                for x in (f"--{name}", ",".join(map(str, found[name])))]

    def write_lists(self, recipe, path):
        lists = lists_of(recipe["concept"])
        sides = [rotated(prompts, recipe["take"], recipe["rotate"])
                 for prompts in lists]
        if recipe.get("reverse"):
            sides.reverse()
        write_whole(path, json.dumps(dict(zip(("source", "target"), sides))))
        return path

    def facts_of(self, made):
        """Neurons that a map moves, of how many."""
        lines = self.run(self.program, "inspect", made, "--json").splitlines()
        sites = [site for site in map(json.loads, lines) if "support" in site]
        return {"support": sum(site["support"] for site in sites),
                "neurons": sum(site["width"] for site in sites)}

    # Measures -------------------------------------------------------------
    def measure(self, request, paths):
        """One row a strength, as bench_measure prints them."""
        told = {"model": MODEL, **request,
                "maps": [f"{paths[name]}:1" for name in request["maps"]]}
        if told["model"] == STORIES:
            told |= {"model": str(model_of(STORIES)),
                     "held_source": f"{self.held_stories}#held_sad",
                     "held_target": f"{self.held_stories}#held_happy"}
        if "prompts" in told:
            told["prompts"] = str(PICTURES / told["prompts"])
        for key in ("openings", "neutral", "held_source", "held_target"):
            if key in told:
                told[key] = str(BUNDLED / told[key])
        with tempfile.NamedTemporaryFile("w", dir=self.folder,
                                         suffix=".json") as file:
            file.write(json.dumps(told))
            file.flush()
            lines = self.run(self.measurer, file.name).splitlines()
        return [rounded(json.loads(line)) for line in lines]

    def run(self, *command):
        """Standard output. A failure is a RuntimeError with the message."""
        # Threads that wait without spinning: other cells hold the cores too.
        threads = {"OMP_NUM_THREADS": str(self.threads),
                   "OMP_WAIT_POLICY": "passive"}
        with subprocess.Popen([str(x) for x in command], text=True, cwd=ROOT,
                              env=os.environ | threads, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.running.add(process)
            if self.is_stopped:
                process.terminate()
            out, errors = process.communicate()
            self.running.discard(process)
        if process.returncode != 0:
            last = (errors.strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"{Path(command[0]).name} ended with "
                               f"{process.returncode}: {last}")
        return out

    def stop(self):
        """Ends all processes, of every thread; what they were at is lost."""
        self.is_stopped = True
        for process in list(self.running):
            process.terminate()


def as_published(options):
    """The closed forms with slopes as the cells have them: recipes, which are
    the keys of cells, are older than their shrinkage."""
    has_slopes = any(x in options for x in ("linear-act", "gaussian-act"))
    return [*options, *(["--shrink", "none"] if has_slopes else [])]


def provenance(path):
    """What a map file says of its making: safetensors begin with the length of
    a JSON header."""
    data = path.read_bytes()
    header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["provenance"])


def shuffled(data, seed):
    """The bytes of a map file with each site's neurons in another order."""
    begin = 8 + int.from_bytes(data[:8], "little")
    header, data = json.loads(data[8:begin]), bytearray(data)
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        site, width = name.rsplit(".", 1)[0], entry["shape"][0]
        order = list(range(width))
        random.Random(f"{seed} {site}").shuffle(order)
        first, last = (begin + offset for offset in entry["data_offsets"])
        values, size = bytes(data[first:last]), (last - first) // width
        data[first:last] = b"".join(values[i * size:(i + 1) * size]
                                    for i in order)
    return bytes(data)


def digest(thing):
    text = json.dumps(thing, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def curve_of(log):
    """Loss against seconds of learning, where a method learns step by step."""
    if not log.exists():
        return {}
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    points, seconds = [], 0.0
    for step in steps:
        seconds += step.get("seconds", 0)
        if "loss" in step and "site" not in step:
            points.append([round(seconds, 4), significant(step["loss"])])
    return {"curve": thinned(points), "steps": len(points)} if points else {}


def significant(value, digits=6):
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def rounded(thing):
    """JSON with floats of six digits: cells are committed."""
    if isinstance(thing, dict):
        return {key: rounded(value) for key, value in thing.items()}
    return significant(thing)
