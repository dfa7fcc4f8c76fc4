// Any bytes as a pickle: a tree of plain values or an Error, quickly. Every
// tensor in it lies inside its storage. And as the archive that pickles come
// in: every entry lies inside the file.
#include <cstdlib>
#include <set>

#include "lineas/base/error.h"
#include "lineas/tensor/pickle.h"
#include "lineas/tensor/zip_directory.h"

namespace {

using namespace lineas;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_tensor(const PickleTensor& tensor) {
  check(tensor.shape.size() == tensor.strides.size());
  check(tensor.offset >= 0);
  check(tensor.offset <= tensor.storage.elements);
  int64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 0) return;
    last += (tensor.shape[i] - 1) * tensor.strides[i];
  }
  check(last < tensor.storage.elements);
}

void check_pickle(const Pickle& pickle, size_t size) {
  check(pickle.size > 0 && pickle.size <= size);
  std::set<const PickleValue*> known;
  for (const PickleValue& value : pickle.values) known.insert(&value);
  check(known.contains(pickle.root));
  for (const PickleValue& value : pickle.values) {
    for (const PickleValue* item : value.items) check(known.contains(item));
    if (value.kind == PickleKind::dict) check(value.items.size() % 2 == 0);
    check((value.kind == PickleKind::tensor) == (value.tensor != nullptr));
    check((value.kind == PickleKind::storage) == (value.storage != nullptr));
    if (value.tensor) check_tensor(*value.tensor);
    value.find("weight");
  }
}

void check_archive(std::string_view file) {
  for (const auto& [name, bytes] : read_zip_directory(file, "fuzz"))
    for (const std::string_view part : {name, bytes}) {
      check(part.data() >= file.data());
      check(part.data() + part.size() <= file.data() + file.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    check_pickle(read_pickle(std::as_bytes(std::span(data, size)), "fuzz"),
                 size);
  } catch (const Error& error) {
    check(std::string(error.what()).find("fuzz: pickle: byte") == 0);
  }
  try {
    check_archive({reinterpret_cast<const char*>(data), size});
  } catch (const Error& error) {
    check(std::string(error.what()).find("fuzz: ") == 0);
  }
  return 0;
}
