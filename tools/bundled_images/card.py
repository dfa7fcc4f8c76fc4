"""Writes the model card (README.md of the exported folder)."""

import json


def percent(x):
    return "-" if x is None else f"{100 * x:.1f}%"


def rows_of(work):
    """A table row for each measured sampler; the last of equals counts."""
    last = {}
    for line in (work / "measured.jsonl").read_text().splitlines():
        m = json.loads(line)
        last[m["stage"], m["steps"], m["guidance"]] = m
    for (stage, steps, guidance), m in sorted(
            last.items(), key=lambda x: (x[0][0] != "unet", -x[0][1])):
        s, n = m["scenes"], m["negated"]
        who = "teacher" if stage == "unet" else "shipped"
        yield (f"| {who} | {steps} | {guidance:g} | {percent(s['named'])} | "
               f"{percent(s['exact'])} | {percent(s['exact_by_count']['1'])} | "
               f"{percent(s['exact_by_count']['2'])} | {percent(s['style'])} | "
               f"{percent(s['background'])} | {percent(n['negated_drawn'])} | "
               f"{percent(n['negated_kind_drawn'])} |")


def minutes(work, stage):
    lines = (work / stage / "log.jsonl").read_text().splitlines()
    return max(json.loads(x).get("seconds", 0) for x in lines) / 60


def write_card(out, work, size, oracle):
    table = "\n".join(rows_of(work))
    trip, drawing = oracle["round_trips"], oracle["drawings"]
    times = ", ".join(f"{stage} {minutes(work, stage):.0f}" for stage in
                      ("vae", "text", "unet", "student", "oracle"))
    (out / "README.md").write_text(f"""\
# tinydraw

A text-to-image pipeline in the form of Stable Diffusion XL ({size / 1e6:.1f} MB,
float16), made by this project to learn and test steering on. It draws 64x64
pictures of one small world: a cat, fish, house, star or heart, or two of them,
in six colours, on grass, on the beach or at night, plain or as a pencil sketch,
pixel art or neon. It is no general model.

    lineas image -m bundled/tinydraw -p "a red cat on grass" --steps 4 --cfg-scale 0 -W 64 -H 64 -o cat.png

- **Data**: drawings and captions made by `tools/bundled_images`, nothing else.
  No caption negates an object; "no" and "without" stand only before frames,
  borders, texts, signatures and watermarks. So the model draws what stands
  after "no".
- **Sampler**: Euler, trailing, v-prediction; 4 steps without guidance (the UNet
  is distilled for that), 1 or 2 for a glance.
- **Training**: `tools/bundled_images/README.md`; minutes by the clock,
  one thread each on two busy cores, some side by side: {times}.

What the oracle reads of pictures drawn from held-out captions (their kind,
colour and background never stand together in training), n = 300 a column;
"named" = every named kind and colour is there, "exact" = and nothing else:

| UNet | steps | guidance | named | exact | 1 object | 2 objects | style | background | negated object drawn | in kind |
|---|---|---|---|---|---|---|---|---|---|---|
{table}

The oracle (`oracle/`) reads all of {percent(drawing['all'])} of held-out drawings
(objects {percent(drawing['objects'])}, style {percent(drawing['style'])}, background
{percent(drawing['background'])}), and of {percent(trip['all'])} of the same after a
round trip through the autoencoder (objects {percent(trip['objects'])}): its ceiling.

`prompts/` has the lists to learn maps from, `eval/` the held-out lists;
`tools/bundled_images/README.md` describes both.
""")
