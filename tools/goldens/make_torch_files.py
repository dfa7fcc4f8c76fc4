#!/usr/bin/env python3
"""Makes the small files of torch.save in tests/tensor/data and the .statedict
folders in tests/maps/data, with what is in them.

Use: python3 tools/goldens/make_torch_files.py
Needs: tools/goldens/requirements.txt (torch, numpy, safetensors)

zip.bin, old.bin: one dict of tensors in both forms (old: before torch 1.6);
values.safetensors: the same tensors. extras.bin: every plain value that the
reader takes. evil.bin, evil_old.bin: a call of os.system, never to be run.
The same versions give the same bytes.
"""
import collections
import io
import os
import pathlib
import pickle
import struct
import warnings

import numpy
import torch
from safetensors.torch import save_file

TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
OUT = TESTS / "tensor" / "data"
MAPS = TESTS / "maps" / "data"


def tensors():
    """Every dtype, and views of all kinds."""
    generator = torch.Generator().manual_seed(4)
    base = torch.randn(4, 6, generator=generator)
    whole = torch.arange(24.0).reshape(4, 6)
    named = collections.OrderedDict(
        f32=base, f16=base.half(), bf16=base.bfloat16(), f64=base.double(),
        i64=torch.arange(-3, 3), i32=torch.arange(5, dtype=torch.int32),
        i16=torch.arange(3, dtype=torch.int16),
        i8=torch.arange(-2, 3, dtype=torch.int8),
        u8=torch.arange(7, dtype=torch.uint8),
        boolean=torch.tensor([True, False, True]),
        transposed=torch.randn(3, 5, generator=generator).t(),
        shared=whole, row=whole[2], column=whole[:, 1], block=whole[1:3, 2:5],
        spread=torch.tensor([1.5, -2.0]).unsqueeze(1).expand(2, 3),
        parameter=torch.nn.Parameter(torch.randn(3, generator=generator)),
        scalar=torch.tensor(2.5), empty=torch.zeros(0, 3))
    # As nn.Module.state_dict() does: an attribute beside the items.
    named._metadata = collections.OrderedDict({"": {"version": 1}})
    return named


def extras():
    return {
        "none": None, "yes": True, "no": False, "small": 7, "short": 65000,
        "negative": -5, "long": 1 << 40, "real": 0.25, "text": "naïve",
        "bytes": b"\x00\xff\x80a", "list": [1, [2, 3]], "tuple": (1, 2, 3, 4),
        "empty": [], "set": {5}, "dict": {"a": 1, 2: "b"},
        "ordered": collections.OrderedDict(x=1), "numpy": numpy.float64(1.5),
        "numpy32": numpy.float32(0.5), "numpy_int": numpy.int64(-9),
        "size": torch.Size([2, 3]), "dtype": torch.float16,
        "device": torch.device("cpu"), "weight": torch.arange(3.0)}


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must not run",)


def save(value, old=False):
    """torch.save's bytes. The keys of the old form are addresses, and its
    storages lie in their order: they are numbered as they appear instead."""
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not old)
    if not old:
        return buffer.getvalue()
    data, stream = buffer.getvalue(), buffer
    stream.seek(0)
    for _ in range(3):
        pickle.load(stream)
    begin = stream.tell()
    finder = KeyFinder(stream)
    finder.load()
    head, body = data[:begin], data[begin:stream.tell()]
    storages = {}
    for key in pickle.load(stream):
        count = stream.read(8)
        size = struct.unpack("<q", count)[0] * finder.item_sizes[key]
        storages[key] = count + stream.read(size)
    keys = list(finder.item_sizes)
    for number, key in enumerate(keys):
        body = body.replace(unicode_opcode(key), unicode_opcode(str(number)))
    names = pickle.dumps([str(number) for number in range(len(keys))], 2)
    return head + body + names + b"".join(storages[key] for key in keys)


def unicode_opcode(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


class KeyFinder(pickle.Unpickler):
    """Reads over the object of a file that this script wrote itself."""

    def __init__(self, stream):
        super().__init__(stream)
        self.item_sizes = {}

    def persistent_load(self, identity):
        self.item_sizes[identity[2]] = identity[1].dtype.itemsize

    def find_class(self, module, name):
        if name.startswith("_rebuild") or (module, name) == ("posix", "system"):
            return lambda *arguments: None
        return super().find_class(module, name)


def plain(values):
    return {name: value.detach().clone().contiguous()
            for name, value in values.items()}


def quantiles(generator, width):
    return {name: [torch.rand(width, generator=generator).double() - 2,
                   torch.rand(width, generator=generator).double() + 1]
            for name in ("q_0_100", "q_5_95")}


def write_fitted(write, expected, module, generator):
    """What the published hooks save after fit(): the chosen quantiles in the
    place of their name, of the neurons alone that have a map."""
    width = 4

    def draw(*shape):
        return torch.rand(*shape, generator=generator)

    scale, shift = draw(1, width) + 0.5, draw(1, width)
    low, high = draw(1, width).double() - 2, draw(1, width).double() + 1
    state = {"net.w1": scale, "net.b1": shift,
             "quantiles_dict_src": {"q_5_95": [low[0], high[0]]}}
    write("fitted_linear", module, {**state, "quantiles_src": [low, high]})
    write("fitted_everywhere", module, {**state, "quantiles_src": [-1e6, 1e6]})
    mu1, mu2, std1, std2 = (draw(width) for _ in range(4))
    std1[1], std2[3] = 1e-4, 0
    mask = (std1 > 1e-4) & (std2 > 1e-4)
    write("fitted_gaussian", module,
          {"mu1": mu1, "mu2": mu2, "std1": std1, "std2": std2,
           "quantiles_dict_src": {"q_5_95": [low[0], high[0]]},
           "quantiles_src": [low[0][mask].view(1, -1),
                             high[0][mask].view(1, -1)]})
    expected[f"fitted.{module}.scale"] = scale[0].clone()
    expected[f"fitted.{module}.low"] = low[0].float()
    expected[f"fitted.{module}.high"] = high[0].float()
    everywhere = torch.full((width,), torch.inf)
    expected[f"fitted_gaussian.{module}.low"] = torch.where(
        mask, low[0].float(), -everywhere)
    expected[f"fitted_gaussian.{module}.high"] = torch.where(
        mask, high[0].float(), everywhere)


def write_statedicts():
    """The four kinds of file, two modules each; expected.safetensors has the
    maps that they mean."""
    generator = torch.Generator().manual_seed(9)
    width, expected = 3, {}

    def draw(*shape):
        return torch.rand(*shape, generator=generator)

    def write(kind, module, state):
        folder = MAPS / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{module}.statedict").write_bytes(
            save(collections.OrderedDict(state)))

    for layer in (2, 10):
        module = f"model.layers.{layer}.norm"
        scale, shift = draw(1, width) + 0.5, draw(1, width)
        write("lineas", module,
              {"net.w1": scale, "net.b1": shift, "dim": width})
        chosen = quantiles(generator, width)
        write("linear", module + ":0",
              {"net.w1": scale, "net.b1": shift,
               "quantiles_dict_src": chosen, "quantiles_src": "q_5_95"})
        expected[f"{module}.scale"] = scale[0].clone()
        expected[f"{module}.shift"] = shift[0].clone()
        expected[f"{module}.low"] = chosen["q_5_95"][0].float()
        expected[f"{module}.high"] = chosen["q_5_95"][1].float()
        mu1, mu2, std1, std2 = (draw(width) for _ in range(4))
        std1[1] = 0  # a dead neuron is left alone
        write("gaussian", module + ":0",
              {"mu1": mu1, "mu2": mu2, "std1": std1, "std2": std2,
               "quantiles_dict_src": chosen, "quantiles_src": "q_all"})
        alive = std1 > 0
        slope = torch.where(alive, std2 / std1, torch.ones(width))
        expected[f"gaussian.{module}.scale"] = slope
        expected[f"gaussian.{module}.shift"] = torch.where(
            alive, mu2 - slope * mu1, torch.zeros(width))
        expected[f"means.{module}.shift"] = torch.where(
            alive, mu2 - mu1, torch.zeros(width))
        auroc = torch.tensor([0.25, 0.5 + layer / 100, 1.0])
        write("aura", module, {"auroc": auroc})
        expected[f"aura.{module}.scale"] = torch.where(
            auroc > 0.5, 1 - 2 * (auroc - 0.5), torch.ones(width))
    generator = torch.Generator().manual_seed(10)
    for layer in (2, 10):
        write_fitted(write, expected, f"model.layers.{layer}.norm", generator)
    write("evil", "model.layers.2.norm", {"net.w1": Evil()})
    save_file(expected, MAPS / "expected.safetensors")


def main():
    warnings.filterwarnings("ignore", message="TypedStorage")
    OUT.mkdir(parents=True, exist_ok=True)
    values = tensors()
    (OUT / "zip.bin").write_bytes(save(values))
    (OUT / "old.bin").write_bytes(save(values, old=True))
    save_file(plain(values), OUT / "values.safetensors")
    (OUT / "extras.bin").write_bytes(save(extras()))
    (OUT / "evil.bin").write_bytes(save({"weight": torch.ones(2),
                                         "evil": Evil()}))
    (OUT / "evil_old.bin").write_bytes(save({"evil": Evil()}, old=True))
    write_statedicts()


if __name__ == "__main__":
    main()
