"""What all stages share: checkpoints, a log, a learning rate, averages."""

import json
import math
import time
from pathlib import Path

import torch


def rate(step, steps, top, warm=100, flat=0.5):
    """Warm-up, flat to `flat` of the steps, then a cosine to 2%."""
    if step < warm:
        return top * (step + 1) / warm
    if step < flat * steps:
        return top
    done = (step - flat * steps) / ((1 - flat) * steps)
    return top * (0.02 + 0.98 * (1 + math.cos(math.pi * min(done, 1))) / 2)


class Average:
    """Exponential mean of the weights."""

    def __init__(self, modules, decay):
        self.modules, self.decay = modules, decay
        self.mean = [p.detach().clone() for m in modules
                     for p in m.parameters()]

    def update(self, step):
        decay = min(self.decay, (1 + step) / (10 + step))
        current = [p.detach() for m in self.modules for p in m.parameters()]
        torch._foreach_lerp_(self.mean, current, 1 - decay)

    def copy_to(self):
        i = 0
        for m in self.modules:
            for p in m.parameters():
                p.data.copy_(self.mean[i])
                i += 1


class Run:
    """A resumable stage: `step` counts up to `steps`; `batch(step)` must
    depend on the step only."""

    def __init__(self, folder, modules, steps, lr, decay=0.999, betas=(.9, .99),
                 flat=0.5, save_every=200, wanted=None):
        self.folder, self.modules, self.steps = Path(folder), modules, steps
        self.lr, self.flat, self.save_every = lr, flat, save_every
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parameters = [p for m in modules for p in m.parameters()]
        self.optimizer = torch.optim.AdamW(self.parameters, lr, betas,
                                           weight_decay=1e-2, foreach=True)
        self.average = Average(modules, decay)
        self.step, self.seconds = 0, 0.0
        self.state = self.folder / "state.pt"
        if self.state.exists():
            self.restore()

    def restore(self):
        s = torch.load(self.state, weights_only=True)
        for m, weights in zip(self.modules, s["modules"]):
            m.load_state_dict(weights)
        self.optimizer.load_state_dict(s["optimizer"])
        self.average.mean = s["mean"]
        self.step, self.seconds = s["step"], s["seconds"]

    def save(self):
        part = self.state.with_suffix(".part")
        torch.save({"modules": [m.state_dict() for m in self.modules],
                    "optimizer": self.optimizer.state_dict(),
                    "mean": self.average.mean, "step": self.step,
                    "seconds": self.seconds}, part)
        part.rename(self.state)

    def note(self, **entry):
        with open(self.folder / "log.jsonl", "a") as log:
            log.write(json.dumps({"step": self.step, **entry}) + "\n")
        print(entry | {"step": self.step}, flush=True)

    def train(self, loss_of, until=None):
        """loss_of(step) -> loss, or a dict whose "loss" it is."""
        began, shown = time.time(), []
        while self.step < (until or self.steps):
            torch.manual_seed(1000003 + self.step)
            got = loss_of(self.step)
            got = got if isinstance(got, dict) else {"loss": got}
            self.optimizer.zero_grad(set_to_none=True)
            got["loss"].backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            for group in self.optimizer.param_groups:
                group["lr"] = rate(self.step, self.steps, self.lr,
                                   flat=self.flat)
            self.optimizer.step()
            self.step += 1
            self.average.update(self.step)
            shown.append({k: v.item() for k, v in got.items()})
            if self.step % 50 == 0:
                self.note(**{k: round(sum(s[k] for s in shown) / len(shown), 5)
                             for k in shown[0]},
                          seconds=round(self.seconds + time.time() - began, 1))
                shown = []
            if self.step % self.save_every == 0:
                self.seconds, began = (self.seconds + time.time() - began,
                                       time.time())
                self.save()
        self.seconds += time.time() - began
        self.save()
