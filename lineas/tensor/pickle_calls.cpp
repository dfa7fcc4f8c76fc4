#include "lineas/tensor/pickle_calls.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr size_t kMostValues = 1'000'000;
constexpr size_t kMostText = size_t{64} << 20;
constexpr size_t kMostDimensions = 16;
constexpr size_t kLongestKey = 256;
constexpr std::string_view kNumpyType = "numpy.dtype ";

using Call = PickleValue& (*)(PickleMaker&, const PickleValue&);

struct Function {
  std::string_view name;
  Call call;
};
struct StorageClass {
  std::string_view name;
  DType dtype;
};

constexpr StorageClass kStorageClasses[] = {
    {"torch.DoubleStorage", DType::f64},
    {"torch.FloatStorage", DType::f32},
    {"torch.HalfStorage", DType::f16},
    {"torch.BFloat16Storage", DType::bf16},
    {"torch.LongStorage", DType::i64},
    {"torch.IntStorage", DType::i32},
    {"torch.ShortStorage", DType::i16},
    {"torch.CharStorage", DType::i8},
    {"torch.ByteStorage", DType::u8},
    {"torch.BoolStorage", DType::boolean}};

// Values that stand for themselves: a tensor's dtype kept beside it.
constexpr std::string_view kConstants[] = {"torch.float64",
                                           "torch.float32",
                                           "torch.float16",
                                           "torch.bfloat16",
                                           "torch.int64",
                                           "torch.int32",
                                           "torch.int16",
                                           "torch.int8",
                                           "torch.uint8",
                                           "torch.bool"};

// arguments[place], of that kind.
const PickleValue& argument(const PickleMaker& maker,
                            const PickleValue& arguments,
                            size_t place,
                            PickleKind kind) {
  if (place >= arguments.items.size())
    maker.refuse("argument {} of a call is missing", place + 1);
  const PickleValue& value = *arguments.items[place];
  if (value.kind != kind)
    maker.refuse("argument {} of a call is {}, not {}",
                 place + 1,
                 name_of(value.kind),
                 name_of(kind));
  return value;
}

std::vector<int64_t> sizes_of(const PickleMaker& maker,
                              const PickleValue& tuple) {
  std::vector<int64_t> sizes;
  if (tuple.items.size() > kMostDimensions)
    maker.refuse("a tensor has {} dimensions", tuple.items.size());
  for (const PickleValue* item : tuple.items) {
    if (item->kind != PickleKind::integer || item->integer < 0)
      maker.refuse("a size or stride is not an integer from 0");
    sizes.push_back(item->integer);
  }
  return sizes;
}

// The number of elements from the storage's start to behind the tensor's last
// one (to its offset where it has none), or nothing where a size overflows.
std::optional<int64_t> reach_of(const PickleTensor& tensor) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 16;
  int64_t last = tensor.offset, count = 1;
  bool is_empty = false;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    const int64_t size = std::max<int64_t>(tensor.shape[i], 1);
    is_empty = is_empty || tensor.shape[i] == 0;
    int64_t step = 0;
    if (__builtin_mul_overflow(size, count, &count) ||
        __builtin_mul_overflow(size - 1, tensor.strides[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      return std::nullopt;
  }
  if (last >= kMost || count >= kMost) return std::nullopt;
  return is_empty ? tensor.offset : last + 1;
}

// An expanded tensor is larger than its storage; a short file could ask for any
// amount of memory so.
bool repeats_too_much(const PickleTensor& tensor) {
  constexpr int64_t kMostRepeated = 1 << 24;
  int64_t count = 1;
  for (const int64_t size : tensor.shape) count *= size;
  return count > std::max(tensor.storage.elements, kMostRepeated);
}

// _rebuild_tensor(storage, offset, shape, strides, ...).
PickleValue& rebuild_tensor(PickleMaker& maker, const PickleValue& arguments) {
  const auto take = [&](size_t place, PickleKind kind) -> const PickleValue& {
    return argument(maker, arguments, place, kind);
  };
  const PickleTensor tensor{
      .storage = *take(0, PickleKind::storage).storage,
      .offset = take(1, PickleKind::integer).integer,
      .shape = sizes_of(maker, take(2, PickleKind::tuple)),
      .strides = sizes_of(maker, take(3, PickleKind::tuple))};
  if (tensor.offset < 0 || tensor.shape.size() != tensor.strides.size())
    maker.refuse("a tensor has {} sizes, {} strides, offset {}",
                 tensor.shape.size(),
                 tensor.strides.size(),
                 tensor.offset);
  const auto reach = reach_of(tensor);
  if (!reach || *reach > tensor.storage.elements)
    maker.refuse(
        "a tensor of shape [{}], strides [{}], offset {} lies outside its "
        "storage of {} elements",
        fmt::join(tensor.shape, ", "),
        fmt::join(tensor.strides, ", "),
        tensor.offset,
        tensor.storage.elements);
  if (repeats_too_much(tensor))
    maker.refuse(
        "a tensor of shape [{}], strides [{}] repeats its storage of {} "
        "elements too often; save a contiguous one",
        fmt::join(tensor.shape, ", "),
        fmt::join(tensor.strides, ", "),
        tensor.storage.elements);
  PickleValue& value = maker.make(PickleKind::tensor);
  value.tensor = std::make_unique<PickleTensor>(tensor);
  return value;
}

// _rebuild_parameter(tensor, requires_grad, hooks): a weight is a tensor.
PickleValue& rebuild_parameter(PickleMaker& maker,
                               const PickleValue& arguments) {
  const PickleTensor& tensor =
      *argument(maker, arguments, 0, PickleKind::tensor).tensor;
  PickleValue& value = maker.make(PickleKind::tensor);
  value.tensor = std::make_unique<PickleTensor>(tensor);
  return value;
}

// OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it.
PickleValue& make_dict(PickleMaker& maker, const PickleValue& arguments) {
  PickleValue& dict = maker.make(PickleKind::dict);
  if (arguments.items.empty()) return dict;
  for (const PickleValue* pair :
       argument(maker, arguments, 0, PickleKind::list).items) {
    if (pair->items.size() != 2 ||
        (pair->kind != PickleKind::list && pair->kind != PickleKind::tuple))
      maker.refuse("an OrderedDict is not made of pairs");
    maker.make(PickleKind::none);  // what is copied counts
    dict.items.insert(dict.items.end(), pair->items.begin(), pair->items.end());
  }
  return dict;
}

// A copy of the one list or tuple that is handed over.
PickleValue& copy_items(PickleMaker& maker,
                        const PickleValue& arguments,
                        PickleKind from,
                        PickleKind to) {
  PickleValue& value = maker.make(to);
  for (const PickleValue* item : argument(maker, arguments, 0, from).items) {
    maker.make(PickleKind::none);
    value.items.push_back(item);
  }
  return value;
}

PickleValue& make_set(PickleMaker& maker, const PickleValue& arguments) {
  return copy_items(maker, arguments, PickleKind::list, PickleKind::set);
}

PickleValue& make_size(PickleMaker& maker, const PickleValue& arguments) {
  return copy_items(maker, arguments, PickleKind::tuple, PickleKind::tuple);
}

PickleValue& make_device(PickleMaker& maker, const PickleValue& arguments) {
  return maker.make_text(PickleKind::text,
                         argument(maker, arguments, 0, PickleKind::text).text);
}

// _codecs.encode(text, "latin1"): how protocol 2 writes bytes.
PickleValue& encode_latin1(PickleMaker& maker, const PickleValue& arguments) {
  const auto& text = argument(maker, arguments, 0, PickleKind::text).text;
  const auto& codec = argument(maker, arguments, 1, PickleKind::text).text;
  if (codec != "latin1")
    maker.refuse("bytes are written in \"{}\", not latin1", printable(codec));
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    // U+0080 to U+00FF are two bytes in UTF-8.
    if ((lead != 0xc2 && lead != 0xc3) || i + 1 == text.size())
      maker.refuse("bytes are written with a character above U+00FF");
    const auto next = static_cast<unsigned char>(text[++i]);
    bytes.push_back(static_cast<char>((lead & 3) << 6 | (next & 0x3f)));
  }
  return maker.make_text(PickleKind::bytes, bytes);
}

PickleValue& make_numpy_type(PickleMaker& maker, const PickleValue& arguments) {
  const auto& code = argument(maker, arguments, 0, PickleKind::text).text;
  return maker.make_text(PickleKind::global,
                         fmt::format("{}{}", kNumpyType, code));
}

template <typename T>
T number_of(const PickleMaker& maker, const std::string& bytes) {
  if (bytes.size() != sizeof(T))
    maker.refuse(
        "a number has {} bytes instead of {}", bytes.size(), sizeof(T));
  T number;
  std::memcpy(&number, bytes.data(), sizeof(T));
  return number;
}

// numpy's scalar(dtype, bytes).
PickleValue& make_numpy_number(PickleMaker& maker,
                               const PickleValue& arguments) {
  const std::string& type =
      argument(maker, arguments, 0, PickleKind::global).text;
  const std::string& bytes =
      argument(maker, arguments, 1, PickleKind::bytes).text;
  const std::string_view code =
      type.starts_with(kNumpyType)
          ? std::string_view(type).substr(kNumpyType.size())
          : std::string_view();
  if (code == "i8") return maker.make_integer(number_of<int64_t>(maker, bytes));
  if (code == "i4") return maker.make_integer(number_of<int32_t>(maker, bytes));
  if (code != "f8" && code != "f4")
    maker.decline("a NumPy number of type \"{}\" is not read", printable(code));
  PickleValue& value = maker.make(PickleKind::real);
  value.real = code == "f8" ? number_of<double>(maker, bytes)
                            : number_of<float>(maker, bytes);
  return value;
}

constexpr Function kFunctions[] = {
    {"collections.OrderedDict", make_dict},
    {"torch._utils._rebuild_tensor_v2", rebuild_tensor},
    {"torch._utils._rebuild_tensor", rebuild_tensor},
    {"torch._utils._rebuild_parameter", rebuild_parameter},
    {"torch.Size", make_size},
    {"torch.device", make_device},
    {"builtins.set", make_set},
    {"__builtin__.set", make_set},
    {"builtins.frozenset", make_set},
    {"__builtin__.frozenset", make_set},
    {"_codecs.encode", encode_latin1},
    {"numpy.dtype", make_numpy_type},
    {"numpy.core.multiarray.scalar", make_numpy_number},
    {"numpy._core.multiarray.scalar", make_numpy_number}};

template <typename List>
auto find_named(const List& list, std::string_view name) {
  const auto* entry = std::begin(list);
  while (entry != std::end(list) && entry->name != name) ++entry;
  return entry == std::end(list) ? nullptr : entry;
}

bool is_known(std::string_view name) {
  for (const std::string_view constant : kConstants)
    if (constant == name) return true;
  return find_named(kFunctions, name) != nullptr ||
         find_named(kStorageClasses, name) != nullptr;
}

}  // namespace

PickleValue& PickleMaker::make(PickleKind kind) {
  if (values_.size() == kMostValues) refuse("more than {} values", kMostValues);
  values_.emplace_back().kind = kind;
  return values_.back();
}

PickleValue& PickleMaker::make_text(PickleKind kind, std::string_view text) {
  text_ += text.size();
  if (text_ > kMostText) refuse("more than {} bytes of text", kMostText);
  PickleValue& value = make(kind);
  value.text = text;
  return value;
}

PickleValue& PickleMaker::make_integer(int64_t number) {
  PickleValue& value = make(PickleKind::integer);
  value.integer = number;
  return value;
}

PickleValue& make_global(PickleMaker& maker,
                         std::string_view module,
                         std::string_view name) {
  const std::string dotted = fmt::format("{}.{}", module, name);
  if (!is_known(dotted))
    maker.decline(
        "it names \"{}\". Only tensors, containers, numbers and texts are "
        "read; nothing of the file was executed.",
        printable(dotted));
  return maker.make_text(PickleKind::global, dotted);
}

PickleValue& call_global(PickleMaker& maker,
                         const PickleValue& callee,
                         const PickleValue& arguments) {
  const Function* function = callee.kind == PickleKind::global
                                 ? find_named(kFunctions, callee.text)
                                 : nullptr;
  if (function == nullptr || arguments.kind != PickleKind::tuple)
    maker.refuse(
        "{} is called with {}", name_of(callee.kind), name_of(arguments.kind));
  return function->call(maker, arguments);
}

void set_state(PickleMaker& maker,
               const PickleValue& object,
               const PickleValue& state) {
  if (object.kind == PickleKind::dict && state.kind == PickleKind::dict) return;
  if (object.kind != PickleKind::global || !object.text.starts_with(kNumpyType))
    maker.refuse("{} is given {} as its state",
                 name_of(object.kind),
                 name_of(state.kind));
  const std::string& order = argument(maker, state, 1, PickleKind::text).text;
  if (order != "<" && order != "|" && order != "=")
    maker.decline("NumPy numbers in byte order \"{}\" are not read",
                  printable(order));
}

PickleValue& make_storage(PickleMaker& maker, const PickleValue& id) {
  if (id.kind != PickleKind::tuple)
    maker.refuse("a storage is named by {}", name_of(id.kind));
  if (argument(maker, id, 0, PickleKind::text).text != "storage")
    maker.refuse("a persistent id is no storage");
  const auto& type = argument(maker, id, 1, PickleKind::global).text;
  const StorageClass* found = find_named(kStorageClasses, type);
  if (found == nullptr)
    maker.refuse("\"{}\" is no class of storage", printable(type));
  const int64_t elements = argument(maker, id, 4, PickleKind::integer).integer;
  if (elements < 0) maker.refuse("a storage has {} elements", elements);
  if (id.items.size() > 5 && id.items[5]->kind != PickleKind::none)
    maker.decline(
        "a storage that is a part of another is not read; save the file again "
        "with a newer torch");
  const auto& key = argument(maker, id, 2, PickleKind::text).text;
  if (key.size() > kLongestKey)
    maker.refuse("a storage's key has {} bytes", key.size());
  PickleValue& value = maker.make_text(PickleKind::storage, key);
  value.storage = std::make_unique<PickleStorage>(
      PickleStorage{key, found->dtype, elements});
  return value;
}

}  // namespace lineas
