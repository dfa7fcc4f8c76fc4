"""What a stage draws, read by the oracle.

    python measure.py --work DIR --stage unet --steps 12 --guidance 3
    python measure.py --work DIR --stage student --steps 4 --guidance 0

`drawn`: held-out captions; all named kinds and colours and nothing else, the
style, the background. `negated`: how often the object after "no" is there.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import torch

from lists import evaluation
from oracle import Oracle, read
from sample import Model


def load_oracle(work):
    net = Oracle(norms=False)
    net.load_state_dict(torch.load(Path(work) / "oracle" / "oracle.pt",
                                   weights_only=True))
    return net.eval()


def share(found):
    found = list(found)
    return round(sum(found) / len(found), 4) if found else None


def named(reading, pairs):
    """Are all pairs (kind, colour) there?"""
    return not Counter(map(tuple, pairs)) - Counter(reading[0])


def drawn(lines, readings):
    rows = []
    for line, r in zip(lines, readings):
        wanted = Counter(map(tuple, line["objects"]))
        rows.append({
            "count": len(line["objects"]), "style_": line["style"],
            "named": not wanted - Counter(r[0]),
            "exact": wanted == Counter(r[0]),
            "kinds": sorted(str(k) for k, _ in r[0]) ==
            sorted(k for k, _ in wanted.elements()),
            "style": r[1] == line["style"],
            "background": r[2] == line["background"],
            "unclear": any(None in o for o in r[0])})
    figures = {k: share(x[k] for x in rows) for k in
               ("named", "exact", "kinds", "style", "background", "unclear")}
    figures["exact_by_count"] = {n: share(x["exact"] for x in rows
                                          if x["count"] == n) for n in (1, 2)}
    figures["exact_by_style"] = {
        s: share(x["exact"] for x in rows if x["style_"] == s)
        for s in sorted({x["style_"] for x in rows})}
    return figures


def refused(lines, readings):
    """The object after "no": there in kind and colour, there in kind; and the
    object before it kept."""
    rows = [(tuple(x["negated"]) in r[0],
             x["negated"][0] in [k for k, _ in r[0]],
             named(r, x["objects"])) for x, r in zip(lines, readings)]
    return {"negated_drawn": share(x[0] for x in rows),
            "negated_kind_drawn": share(x[1] for x in rows),
            "other_kept": share(x[2] for x in rows)}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--stage", default="unet")
    p.add_argument("--steps", type=int, default=12)
    p.add_argument("--guidance", type=float, default=3)
    p.add_argument("--only", type=int, default=300, help="of each list")
    o = p.parse_args()
    torch.set_num_threads(1)
    model, net, lists = Model(o.work, o.stage), load_oracle(o.work), evaluation()
    figures = {"stage": o.stage, "steps": o.steps, "guidance": o.guidance}
    for name in ("scenes", "plain", "negated"):
        lines = lists[name][::max(1, 300 // o.only)]
        pictures = model.draw([x["text"] for x in lines], o.steps, o.guidance,
                              seed=7)
        judge = refused if name == "negated" else drawn
        figures[name] = judge(lines, read(net, pictures)) | {"n": len(lines)}
    print(json.dumps(figures, indent=1), flush=True)
    with open(o.work / "measured.jsonl", "a") as log:
        log.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
