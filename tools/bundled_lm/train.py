"""Trains the bundled model `tinytown`: one command, deterministic, resumable.

    python tools/bundled_lm/train.py                     # the shipped model
    python tools/bundled_lm/train.py --minutes 2 --work try-out   # a trial

Draws the text from bundled/tinytown/world.json, trains tokenizer and model,
writes checkpoints, a JSONL log and exports into --work, and at the end the
export and the model card into --out. Run again, it goes on from its last
checkpoint. The rate is warm-up, constant up to 0.4 of --steps, then a linear
decay, so --steps may still be changed before the decay begins.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from card import write_card
from data import IGNORE, Packer
from measure import choice_accuracy, entropy_gap, quiz_item
from model import SHAPE, LanguageModel, export
from tokenizer import load_tokenizer, train_tokenizer
from world import World

HERE = Path(__file__).resolve().parent
BUNDLED = HERE.parents[1] / "bundled" / "tinytown"


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", type=Path, default=BUNDLED)
    p.add_argument("--work", type=Path, default=Path("build-tinytown"))
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--minutes", type=float, help="stop and save after this")
    p.add_argument("--rows", type=int, default=8, help="rows of 256 a step")
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--save-every", type=int, default=100)
    p.add_argument("--measure-every", type=int, default=200)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--compile", action="store_true",
                   help="torch.compile (needs a C++ compiler): 2x faster")
    return p.parse_args()


def rate(step, o):
    """The learning rate of one step."""
    decay = 0.4 * o.steps
    if step < 100:
        return o.lr * (step + 1) / 100
    if step < decay:
        return o.lr
    return o.lr * max(0.01, (o.steps - step) / (o.steps - decay))


def optimizers_of(model, lr):
    """Muon for the matrices inside the blocks, AdamW for all else."""
    inside = [p for p in model.model.layers.parameters() if p.dim() == 2]
    chosen = {id(p) for p in inside}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [torch.optim.Muon(inside, lr=lr, weight_decay=0.05,
                             adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), eps=1e-8,
                              weight_decay=0.0)]


class Run:
    """Everything that a checkpoint holds, and how to go on from it."""

    def __init__(self, o):
        self.o = o
        torch.manual_seed(o.seed)
        o.work.mkdir(parents=True, exist_ok=True)
        self.world = World(BUNDLED / "world.json")
        if not (o.work / "tokenizer.json").exists():
            train_tokenizer(self.world, o.work, SHAPE["vocab_size"], 20000)
        self.tokenizer = load_tokenizer(o.work)
        self.packer = Packer(self.world, self.tokenizer, o.seed)
        self.model = LanguageModel(SHAPE)
        self.optimizers = optimizers_of(self.model, o.lr)
        self.step, self.seconds, self.tokens = 0, 0.0, 0
        self.measured = {}
        self.state = o.work / "checkpoint.pt"
        if self.state.exists():
            self.load()
        documents = [self.world.draw(f"measure-{i}", "eval")
                     for i in range(240)]
        self.held_out = [{"kind": d.kind, "text": d.text,
                          "logprob": d.logprob} for d in documents]
        quiz = [self.world.draw(f"measure-{i}", "eval", "quiz")
                for i in range(64)]
        self.questions = [quiz_item(d.units[0]) for d in quiz]
        self.log = (o.work / "log.jsonl").open("a")

    def load(self):
        saved = torch.load(self.state, weights_only=True)
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        self.step, self.seconds = saved["step"], saved["seconds"]
        self.tokens, self.measured = saved["tokens"], saved["measured"]

    def save(self):
        part = self.state.with_suffix(".part")
        torch.save({"model": self.model.state_dict(),
                    "optimizers": [x.state_dict() for x in self.optimizers],
                    "step": self.step, "seconds": self.seconds,
                    "tokens": self.tokens, "measured": self.measured}, part)
        part.rename(self.state)
        self.export(self.o.work / "export")

    def export(self, folder):
        ids = [self.tokenizer.token_to_id(t)
               for t in ("<|bos|>", "<|eos|>", "<|pad|>")]
        export(self.model, folder, *ids)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(self.o.work / name, folder / name)

    def measure(self):
        gap = entropy_gap(self.model, self.tokenizer, self.held_out)
        self.measured = {
            "step": self.step, "entropy": gap,
            "choices": choice_accuracy(self.model, self.tokenizer,
                                       self.questions)}
        self.note(self.measured)

    def note(self, entry):
        self.log.write(json.dumps(entry) + "\n")
        self.log.flush()


def loss_function(model):
    def loss(inputs, targets):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(inputs)
        return F.cross_entropy(logits.float().flatten(0, 1),
                               targets.flatten(), ignore_index=IGNORE)
    return loss


def show(run, loss, speed):
    o = run.o
    done = int(30 * run.step / o.steps)
    left = (o.steps - run.step) * speed / 60
    line = (f"[{'#' * done}{'.' * (30 - done)}] {run.step}/{o.steps} "
            f"loss {loss:.3f}  {speed:.2f} s/step  {left:.0f} min left")
    if sys.stderr.isatty():
        print("\r" + line, end="", file=sys.stderr)
    elif run.step % 20 == 0:
        print(line, file=sys.stderr, flush=True)


def train_step(run, compute):
    """One step of some rows of 256; the last of them have rows of 512, so
    that all positions are seen."""
    wide = run.step >= 0.96 * run.o.steps
    rows, length = (run.o.rows // 2, 512) if wide else (run.o.rows, 256)
    inputs, targets = run.packer.batch(run.step, rows, length)
    loss = compute[length](inputs, targets)
    run.model.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    for optimizer in run.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate(run.step, run.o)
        optimizer.step()
    run.step += 1
    run.tokens += int((targets != IGNORE).sum())
    return loss.item(), norm.item()


def train(run):
    o, speed = run.o, None
    plain = loss_function(run.model)
    compute = {256: plain, 512: plain}
    if o.compile:
        compute[256] = torch.compile(plain, dynamic=False)
    began = time.time()
    while run.step < o.steps:
        if o.minutes and time.time() - began > 60 * o.minutes:
            break
        start = time.time()
        loss, norm = train_step(run, compute)
        took = time.time() - start
        run.seconds += took
        speed = took if speed is None else 0.95 * speed + 0.05 * took
        if run.step % 10 == 0:
            run.note({"step": run.step, "loss": loss, "norm": norm,
                      "lr": rate(run.step - 1, o), "tokens": run.tokens,
                      "seconds": round(run.seconds, 1)})
        show(run, loss, speed)
        if run.step % o.measure_every == 0:
            run.measure()
        if run.step % o.save_every == 0:
            run.save()
    run.measure()
    run.save()


def main():
    o = options()
    torch.set_num_threads(o.threads)
    run = Run(o)
    train(run)
    if run.step >= o.steps:
        run.export(o.out)
        write_card(o, run)
    print(json.dumps(run.measured, indent=1))


if __name__ == "__main__":
    main()
