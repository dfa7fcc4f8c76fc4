// A restricted reader of Python pickles: bytes in, plain values out. Nothing
// in a pickle is ever executed; a class or function that is not on the short
// list in pickle_calls.cpp is refused by its name. No LibTorch in here: a
// tensor is described, torch_file.h makes it one. This is what fuzz_pickle
// attacks.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/safetensors.h"

namespace lineas {

enum class PickleKind {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  list,
  tuple,
  dict,
  set,
  global,   // a class or function by its dotted name
  storage,  // the bytes behind tensors
  tensor
};

/// "a list", for messages.
std::string_view name_of(PickleKind kind);

/// Bytes that tensors look at, by the key that the file knows them under.
struct PickleStorage {
  std::string key;
  DType dtype;
  int64_t elements;
};

/// A strided view of a storage. Every element lies inside it.
struct PickleTensor {
  PickleStorage storage;
  int64_t offset;  // of the first element, in elements
  std::vector<int64_t> shape, strides;
};

/// One value of the tree (which may share branches, or bite its tail).
struct PickleValue {
  PickleKind kind = PickleKind::none;
  int64_t integer = 0;  // also 0 or 1 of a boolean
  double real = 0;
  std::string text;  // text, bytes, or a global's name
  /// Of list, tuple and set; of a dict key, value, key, value, ...
  std::vector<const PickleValue*> items;
  std::unique_ptr<PickleStorage> storage;
  std::unique_ptr<PickleTensor> tensor;

  /// The value of a text key of a dict (the last of that name), or null.
  const PickleValue* find(std::string_view key) const;
};

struct Pickle {
  std::deque<PickleValue> values;  // all of them; `root` points into it
  const PickleValue* root = nullptr;
  size_t size = 0;  // bytes that were read, up to the end of this pickle
};

/// Reads one pickle (protocol 2 to 5) at the beginning of `bytes`. Throws
/// format, with `where` and the byte, for what is malformed or too large
/// (1,000,000 values, nesting of 1000 open marks); unsupported for a class
/// that is not known, by its name.
Pickle read_pickle(std::span<const std::byte> bytes, std::string_view where);

}  // namespace lineas
