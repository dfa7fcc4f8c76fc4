#include "lineas/tensor/fast_dtype.h"

#include "lineas/base/log.h"

namespace lineas {

at::ScalarType fast_dtype(at::ScalarType own,
                          at::Device device,
                          std::string_view where) {
  if (multiplies_well(own, device)) return own;
  const std::string name = name_of_dtype(own);
  log_info(
      "{}: this processor is slow in {}, so float32 is computed in; --dtype {} "
      "keeps it",
      where,
      name,
      name);
  return at::kFloat;
}

}  // namespace lineas
