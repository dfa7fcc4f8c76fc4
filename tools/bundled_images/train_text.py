"""Stage 2a: the text encoders learn to read captions, before any picture.

    python train_text.py --work DIR

Three linear heads, thrown away afterwards, must find the scene: in the pooled
row, in the states of the last token, and (colour, first or second) in the
states of each word that names a kind. Binding a colour to its object is the
slow part of the joint training; here it takes minutes.
"""

import argparse
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from data import sets
from models import make_text
from tokenizer import encode, load_tokenizers
from trainer import Run
from world import BACKGROUNDS, COLOURS, KINDS, STYLES, caption

SHORT = 24
SIZES = (5, 6, 6, 7, 3, 4)  # kind, colour; the second's or none; place, style


def labels(scene):
    out = []
    for i in range(2):
        if i < len(scene.things):
            out += [KINDS.index(scene.things[i].kind),
                    COLOURS.index(scene.things[i].colour)]
        else:
            out += [len(KINDS), len(COLOURS)]
    return out + [BACKGROUNDS.index(scene.background),
                  STYLES.index(scene.style)]


def parts_loss(logits, wanted):
    return sum(F.cross_entropy(part, wanted[:, i])
               for i, part in enumerate(logits.split(SIZES, 1)))


def loss_function(text, heads, tokenizers, found, rows):
    kind_ids = [tokenizers[0].convert_tokens_to_ids(k + "</w>") for k in KINDS]
    end = tokenizers[0].eos_token_id

    def loss(step):
        rng = random.Random(f"text:{step}")
        pick = [rng.choice(found) for _ in range(rows)]
        captions = [caption(rng, s) for s in pick]
        ids = [encode(t, captions, SHORT) for t in tokenizers]
        outs = [m(i, output_hidden_states=True) for m, i in zip(text, ids)]
        states = torch.cat([o.hidden_states[-2] for o in outs], -1)
        wanted = torch.tensor([labels(s) for s in pick])
        last = (ids[0] == end).int().argmax(1)
        rows_, columns, word = [], [], []
        for r, s in enumerate(pick):
            for slot, thing in enumerate(s.things):
                at = (ids[0][r] == kind_ids[KINDS.index(thing.kind)]).nonzero()
                rows_.append(r)
                columns.append(at[0].item())
                word.append([COLOURS.index(thing.colour), slot])
        word = torch.tensor(word)
        said = heads[2](states[rows_, columns])
        got = {"pooled": parts_loss(heads[0](outs[1].text_embeds), wanted),
               "end": parts_loss(heads[1](states[range(rows), last]), wanted),
               "word": F.cross_entropy(said[:, :6], word[:, 0]) +
               F.cross_entropy(said[:, 6:], word[:, 1])}
        return {"loss": sum(got.values()), **got}
    return loss


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--steps", type=int, default=450)
    p.add_argument("--rows", type=int, default=64)
    p.add_argument("--threads", type=int, default=1)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(2)
    tokenizers = load_tokenizers(o.work)
    text = make_text(tokenizers[0])
    heads = nn.ModuleList([nn.Linear(96, sum(SIZES)),
                           nn.Linear(160, sum(SIZES)), nn.Linear(160, 8)])
    run = Run(o.work / "text", [*text, heads], o.steps, 1e-3, flat=0.3)
    run.train(loss_function(text, heads, tokenizers, sets()["train"], o.rows))
    text[0].save_pretrained(o.work / "text" / "text_encoder")
    text[1].save_pretrained(o.work / "text" / "text_encoder_2")


if __name__ == "__main__":
    main()
