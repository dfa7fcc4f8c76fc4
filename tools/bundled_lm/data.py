"""Token batches: whole documents packed into rows, a step's batch by its number.

A batch depends on (seed, step) alone, so a resumed run sees what an unbroken
one would have seen, and nothing has to be stored.
"""

import torch

IGNORE = -100


class Packer:
    """Packs `<|bos|> document <|eos|>` sequences into rows of one length."""

    def __init__(self, world, tokenizer, seed):
        self.world, self.tokenizer, self.seed = world, tokenizer, seed
        self.eos = tokenizer.token_to_id("<|eos|>")
        self.pad = tokenizer.token_to_id("<|pad|>")

    def batch(self, step, rows, length):
        """Inputs and targets, both [rows, length]."""
        filled, room = [[] for _ in range(rows)], [length + 1] * rows
        misses = number = 0
        while misses < 12:
            document = self.world.draw(f"{self.seed}/{step}/{number}")
            ids = self.tokenizer.encode(document.text).ids + [self.eos]
            number += 1
            fits = [r for r in range(rows) if room[r] >= len(ids)]
            if not fits:
                misses += 1
                continue
            row = min(fits, key=lambda r: room[r])
            filled[row] += ids
            room[row] -= len(ids)
        inputs = torch.full((rows, length), self.pad)
        targets = torch.full((rows, length), IGNORE)
        for r, ids in enumerate(filled):
            inputs[r, :min(len(ids), length)] = torch.tensor(ids[:length])
            targets[r, :len(ids) - 1] = torch.tensor(ids[1:])
        # After a document's end comes the next one by chance: not learned.
        targets[inputs == self.eos] = IGNORE
        return inputs, targets


def padded(sequences, pad):
    """Sequences of ids as one [N, longest] tensor."""
    longest = max(map(len, sequences))
    return torch.tensor([s + [pad] * (longest - len(s)) for s in sequences])
