#!/usr/bin/env python3
"""Golden probabilities of the sampling options, by Hugging Face transformers.

Use: tools/goldens/make_sampling.py > tests/generate/data/sampling.json

Every case: logits of one row, the ids seen so far, the options, and the
probabilities that the next token is drawn from after the logits processors of
transformers, in the order that generate() puts them: repetition penalty,
temperature, top-k, top-p.
"""
import json

import torch
import transformers.generation.logits_process as hf

VOCABULARY = 24
CASES = [
    dict(temperature=1.0),
    dict(temperature=0.7),
    dict(temperature=1.0, repeat_penalty=1.2),
    dict(temperature=1.0, top_k=1),
    dict(temperature=1.5, top_k=5),
    dict(temperature=1.0, top_k=100),
    dict(temperature=1.0, top_p=0.3),
    dict(temperature=1.0, top_p=0.9),
    dict(temperature=1.0, top_p=0.01),
    dict(temperature=2.0, top_k=12, top_p=0.8),
    dict(temperature=0.8, top_k=8, top_p=0.6, repeat_penalty=1.3),
    dict(temperature=1.0, top_p=0.6, repeat_penalty=0.8),
]


def probabilities(logits, seen, options):
    chain = hf.LogitsProcessorList()
    if options.get("repeat_penalty", 1.0) != 1.0:
        chain.append(hf.RepetitionPenaltyLogitsProcessor(
            options["repeat_penalty"]))
    if options["temperature"] != 1.0:
        chain.append(hf.TemperatureLogitsWarper(options["temperature"]))
    if options.get("top_k", 0) > 0:
        chain.append(hf.TopKLogitsWarper(options["top_k"]))
    if options.get("top_p", 1.0) < 1.0:
        chain.append(hf.TopPLogitsWarper(options["top_p"]))
    scores = chain(torch.tensor([seen]), logits.unsqueeze(0).clone())
    return torch.softmax(scores, -1)[0]


def main():
    generator = torch.Generator().manual_seed(3)
    cases = []
    for number, options in enumerate(CASES * 2):
        logits = 3 * torch.randn(VOCABULARY, generator=generator)
        # Ties; not with top-p, which leaves them to an unstable sort.
        if number >= len(CASES) and "top_p" not in options:
            logits = logits.round()
        seen = torch.randint(VOCABULARY, (6,), generator=generator).tolist()
        cases.append({
            "options": options,
            "logits": [round(x, 6) for x in logits.tolist()],
            "seen": seen,
        })
        logits = torch.tensor(cases[-1]["logits"])
        cases[-1]["probabilities"] = [
            round(x, 8) for x in probabilities(logits, seen, options).tolist()]
    lines = ",\n".join(json.dumps(case) for case in cases)
    print(f'{{"transformers": "4.56.2", "cases": [\n{lines}\n]}}')


if __name__ == "__main__":
    main()
