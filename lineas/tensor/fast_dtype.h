// Which dtype is computed in where nobody asks for one.
#pragma once

#include <string_view>

#include "lineas/tensor/device.h"

namespace lineas {

/// `own`, or float32 where the device multiplies that badly (see
/// multiplies_well); says so, for the model `where`.
at::ScalarType fast_dtype(at::ScalarType own,
                          at::Device device,
                          std::string_view where);

}  // namespace lineas
