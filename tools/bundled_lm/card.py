"""Writes the model card (README.md of the exported folder)."""


def write_card(o, run):
    m = run.measured
    entropy = m["entropy"]
    rows = "\n".join(
        f"| {kind} | {e['model']:.3f} | {e['grammar']:.3f} | {e['gap']:.3f} |"
        for kind, e in entropy.items())
    flag = " --compile" if o.compile else ""
    parameters = sum(p.numel() for p in run.model.parameters())
    (o.out / "README.md").write_text(f"""\
# tinytown

A Qwen2 language model of {parameters / 1e6:.2f} M parameters (bfloat16) that
knows one small world, made by this project to learn and test steering on.
It is no general language model.

- **Data**: short stories, dialogues, notes and multiple-choice questions drawn
  from the grammar in `world.json`; nothing else. Labels: tone (rude, polite,
  neutral), topic, mood, truth. Texts whose opening (or question) falls into
  two of 16 hash buckets are held out for the prompt and evaluation lists.
- **Training**: `python tools/bundled_lm/train.py --threads {o.threads}{flag}`, seed
  {o.seed}, {run.step} steps, {run.tokens / 1e6:.1f} M tokens,
  {run.seconds / 60:.0f} minutes on one CPU thread.
- **Tokenizer**: byte-level BPE, {run.model.config['vocab_size']} tokens,
  trained on the same text; `<|bos|>` in front of every text.

Held-out cross-entropy in nat a token, beside the grammar's own entropy:

| documents | model | grammar | difference |
|---|---|---|---|
{rows}

Multiple choice (likeliest of the four answers): {100 * m['choices']:.1f}%
right on 64 held-out questions.

`prompts/` has the lists to learn maps from, `eval/` the held-out lists;
`tools/bundled_lm/README.md` describes both and `world.json`.
""")
