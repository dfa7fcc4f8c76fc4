#include "lineas/base/ggml_type.h"

#include <algorithm>
#include <array>
#include <vector>

#include "lineas/base/error.h"

namespace lineas {
namespace {

struct TypeInfo {
  uint32_t number;
  std::string_view label;
  int64_t elements;
  int64_t bytes;  // 0: not read
};

constexpr TypeInfo kTypes[] = {
#define LINEAS_GGML_TYPE(name, number, label, elements, bytes) \
  {number, label, elements, bytes},
#define LINEAS_GGML_UNREAD(number, label) {number, label, 0, 0},
#include "lineas/base/ggml_types.def"
#undef LINEAS_GGML_TYPE
#undef LINEAS_GGML_UNREAD
};

const TypeInfo* find_info(uint32_t number) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& info) {
        return info.number == number;
      });
  return found == std::end(kTypes) ? nullptr : found;
}

const TypeInfo& info_of(GgmlType type) {
  return *find_info(static_cast<uint32_t>(type));
}

std::string readable_types() {
  std::vector<std::string_view> labels;
  for (const TypeInfo& info : kTypes)
    if (info.bytes > 0) labels.push_back(info.label);
  return fmt::format("{}", fmt::join(labels, " "));
}

}  // namespace

GgmlType read_ggml_type(uint32_t number, std::string_view where) {
  const TypeInfo* info = find_info(number);
  if (info == nullptr)
    fail(ErrorKind::format,
         "{} has type number {}, which the format does not know. Readable: {}",
         where,
         number,
         readable_types());
  if (info->bytes == 0)
    fail(ErrorKind::unsupported,
         "{} has type {}, which this program does not read. Take a file of "
         "another quantisation; readable: {}",
         where,
         info->label,
         readable_types());
  return static_cast<GgmlType>(number);
}

std::string_view name_of(GgmlType type) {
  return info_of(type).label;
}

int64_t block_elements(GgmlType type) {
  return info_of(type).elements;
}

int64_t block_bytes(GgmlType type) {
  return info_of(type).bytes;
}

bool is_quantized(GgmlType type) {
  return block_elements(type) > 1;
}

}  // namespace lineas
