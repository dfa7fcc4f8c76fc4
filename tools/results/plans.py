"""What the experiments share: the methods and their settings, and the parts
that plans are put together from (see lab.py for their form).

Seed k learns from the prompts 32 k to 32 k + n of each list (round its end), so
seeds 0 to 2 share none with n <= 32; it also seeds learning and sampling.
"""

import json
from pathlib import Path

from lab import CONCEPTS, STORIES

SEEDS = (0, 1, 2)
SELECTION_SEED = 3  # prompts 96 to 127: what settings are chosen with
TAKE = 32
STRENGTHS = (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3)
MATCH = ".*norm.*"

SITES = {
    "all norms": r".*norm.*",
    "norms after attention": r".*post_attention_layernorm",
    "layers": r"model\.layers\.\d+",
    "one layer": r"model\.layers\.2",
    "mlp": r".*(gate|up)_proj",
}
METHODS = {
    "lineas": ["--method", "lineas"],
    "linear-act": ["--method", "linear-act"],
    "linear-act at once": ["--method", "linear-act", "--at-once"],
    "gaussian-act": ["--method", "gaussian-act"],
    "mean-act": ["--method", "mean-act"],
    "iti-c": ["--method", "iti-c"],
    "caa": ["--method", "caa"],
    "aura": ["--method", "aura"],
    "det-0": ["--method", "det-0"],
}
# Settings of a method that have no one value: the optimizer, and whether a
# penalty holds every slope so that shifts are left; whether the target runs
# through the earlier maps too (the published program) or not (the papers'
# text); how responses are pooled where the paper has a special last token; how
# many neurons are silenced.
VARIANTS = {
    "lineas": tuple(optimizer + shape
                    for shape in ("", " --l1 1000,0")
                    for optimizer in ("--optimizer adam --steps 100 --lr 0.01",
                                      "--optimizer auto")),
    **dict.fromkeys(("linear-act", "gaussian-act", "mean-act"),
                    ("", "--target-runs untouched")),
    **dict.fromkeys(("iti-c", "caa"), ("", "--pool mean")),
    "det-0": ("--experts 10", "--experts 100")}
# What did best for each method in `make results-settings`, which writes this
# file when all of its cells are done: [name of the sites, variant].
BEST_FILE = Path(__file__).with_name("best.json")
BEST = json.loads(BEST_FILE.read_text())


def style(method):
    """The number of a method's colour and marker, the same in every plot."""
    return list(METHODS).index(method)


def learn(method, concept, seed, take=TAKE, options=(), setting=None,
          reverse=False):
    """A recipe. `setting`: name of its sites, and its variant. Options that
    come later win over the method's own."""
    sites, variant = setting or BEST[method]
    chosen = dict_of_options([*METHODS[method], *variant.split(), *options])
    flags = [x for name, value in chosen.items()
             for x in ([name] if value is None else [name, value])]
    recipe = {"learn": [*flags, "--sites", SITES[sites], "-s", str(seed)],
              "concept": concept, "take": take, "rotate": TAKE * seed}
    return recipe | ({"reverse": True} if reverse else {})


def dict_of_options(options):
    """["--a", "1", "--b"] -> {"--a": "1", "--b": None}."""
    chosen, name = {}, None
    for word in map(str, options):
        if word.startswith("--"):
            name = word
            chosen[name] = None
        else:
            chosen[name] = word
    return chosen


def measure(maps, concept, seed, strengths=STRENGTHS, openings=None, count=300,
            others=(), questions=0, neutral=300, held=True):
    """A request. `concept` chooses openings and held-out prompts; `others` are
    counted too."""
    about = CONCEPTS[concept]
    request = {"maps": list(maps), "seed": seed,
               "concepts": [about["concept"],
                            *(CONCEPTS[name]["concept"] for name in others)],
               "openings": openings or about["openings"],
               "opening_count": count, "strengths": list(strengths),
               "neutral": "eval/neutral.txt", "neutral_count": neutral,
               "questions": questions}
    if held:
        request |= {"held_source": "eval/prompts.json#" + about["source"],
                    "held_target": "eval/prompts.json#" + about["target"],
                    "match": MATCH}
    return request


def match_stories(maps, seed):
    """A request on stories260K: matching alone, of its held-out prompts."""
    return {"model": STORIES, "maps": list(maps), "seed": seed,
            "strengths": [0, 1], "match": MATCH}


# Seconds of one core, as measured once; runs correct them as they go. A search
# for a penalty has about 6 shorter trials behind the first.
STEP, AUTO, CLOSED_FORM, TEXT, SCORED, QUESTION, PICTURE = \
    0.205, 39.0, 1.0, 0.012, 0.003, 0.018, 0.015
SEARCH = 2.5
SMALL = 0.25  # stories260K


def guess(plan):
    """About how many seconds a plan takes."""
    total = 1.0
    for recipe in plan["maps"].values():
        if "learn" not in recipe:
            continue
        options = dict_of_options(recipe["learn"])
        steps = STEP * int(options.get("--steps", 0))
        steps *= SEARCH if "--support-budget" in options else 1
        if options.get("--optimizer") == "auto":  # ends before its last step
            steps = AUTO
        total += CLOSED_FORM + steps * recipe["take"] / TAKE \
            * (SMALL if recipe["concept"] == STORIES else 1)
    for request in plan["measure"]:
        if "prompt_count" in request:
            total += len(request["strengths"]) * PICTURE \
                * request["prompt_count"]
        if "opening_count" not in request:
            continue
        total += len(request["strengths"]) * (
            TEXT * request["opening_count"] + SCORED * request["neutral_count"]
            + QUESTION * request["questions"])
    return total
