"""What the trained model is measured by: entropy gap and multiple choice."""

import torch
import torch.nn.functional as F

from data import padded


@torch.no_grad()
def token_losses(model, sequences, pad, chunk=64):
    """The summed negative log-probability of each sequence after its first."""
    sums = []
    for at in range(0, len(sequences), chunk):
        part = sequences[at:at + chunk]
        ids = padded(part, pad)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1),
                               ids[:, 1:].flatten(), reduction="none")
        loss = loss.view(len(part), -1)
        sums += [loss[i, :len(s) - 1].sum().item()
                 for i, s in enumerate(part)]
    return sums


def entropy_gap(model, tokenizer, documents):
    """Cross-entropy, the grammar's own, and their difference, nat a token."""
    eos, pad = (tokenizer.token_to_id(t) for t in ("<|eos|>", "<|pad|>"))
    sequences = [tokenizer.encode(d["text"]).ids + [eos] for d in documents]
    losses = token_losses(model, sequences, pad)
    report = {}
    for kind in ["all"] + sorted({d["kind"] for d in documents}):
        chosen = [i for i, d in enumerate(documents)
                  if kind in ("all", d["kind"])]
        tokens = sum(len(sequences[i]) - 1 for i in chosen)
        model_nats = sum(losses[i] for i in chosen) / tokens
        grammar = -sum(documents[i]["logprob"] for i in chosen) / tokens
        report[kind] = {"model": model_nats, "grammar": grammar,
                        "gap": model_nats - grammar}
    return report


def choice_prompt(item):
    lines = ["Question: " + item["question"]]
    lines += [f"{k}) {v}" for k, v in zip("ABCD", item["choices"])]
    return "\n".join(lines + ["Answer:"])


def choice_accuracy(model, tokenizer, items):
    """Share of questions whose right answer is the likeliest of the four.

    All four texts share the question, so comparing whole texts compares the
    answers alone.
    """
    pad = tokenizer.token_to_id("<|pad|>")
    texts = [f"{choice_prompt(item)} {choice} (" for item in items
             for choice in item["choices"]]
    losses = token_losses(model, [tokenizer.encode(t).ids for t in texts], pad)
    right = 0
    for number, item in enumerate(items):
        four = losses[4 * number:4 * number + 4]
        right += four.index(min(four)) == item["answer"]
    return right / len(items)


def quiz_item(unit):
    """A question unit of the grammar as {question, choices, answer}."""
    lines = unit.text.split("\n")
    return {"question": lines[0].removeprefix("Question: "),
            "choices": [line[3:] for line in lines[1:5]],
            "answer": "ABCD".index(lines[5][-2])}
