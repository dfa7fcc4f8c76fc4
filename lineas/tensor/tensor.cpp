#include "lineas/tensor/tensor.h"

#include "lineas/base/error.h"

namespace lineas {

at::ScalarType to_scalar_type(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return at::kDouble;
    case DType::f32:
      return at::kFloat;
    case DType::f16:
      return at::kHalf;
    case DType::bf16:
      return at::kBFloat16;
    case DType::i64:
      return at::kLong;
    case DType::i32:
      return at::kInt;
    case DType::i16:
      return at::kShort;
    case DType::i8:
      return at::kChar;
    case DType::u8:
      return at::kByte;
    case DType::boolean:
      return at::kBool;
  }
  fail(ErrorKind::unsupported, "dtype {} is unknown", static_cast<int>(dtype));
}

DType to_dtype(at::ScalarType type) {
  for (DType dtype : {DType::f64,
                      DType::f32,
                      DType::f16,
                      DType::bf16,
                      DType::i64,
                      DType::i32,
                      DType::i16,
                      DType::i8,
                      DType::u8,
                      DType::boolean})
    if (to_scalar_type(dtype) == type) return dtype;
  fail(ErrorKind::unsupported,
       "tensors of type {} cannot be written to safetensors",
       at::toString(type));
}

std::string to_string(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

std::string_view bytes_of(const Tensor& tensor) {
  TORCH_CHECK(tensor.is_contiguous() && tensor.is_cpu());
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

}  // namespace lineas
