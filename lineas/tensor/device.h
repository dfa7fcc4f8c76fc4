// Where and in which number format a model runs. The only file that knows how
// a CUDA backend gets loaded.
#pragma once

#include <optional>
#include <string>

#include "lineas/tensor/tensor.h"

namespace lineas {

/// Device and dtype of a model's weights and activations.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
};

/// "auto" (cuda where there is one, else cpu), "cpu" or "cuda". Throws usage
/// for another word, unsupported where CUDA is asked for and cannot be had.
at::Device parse_device(const std::string& name);

/// "float32", "bfloat16", "float16"; nothing for "auto" (keep what the
/// checkpoint has).
std::optional<at::ScalarType> parse_dtype(const std::string& name);
/// "float32", ... of those three; torch's own word for others.
std::string name_of_dtype(at::ScalarType dtype);

/// Whether products of that type are a processor's or GPU's own, instead of a
/// loop some ten times slower than float32: half types on a processor without
/// AVX-512. Where the processor's kind is not known: true.
bool multiplies_well(at::ScalarType dtype, at::Device device);

/// Number of threads of every tensor operation. 0: LibTorch's own number, or
/// as many as the process may really use (base/cpus.h) where that is less;
/// OMP_NUM_THREADS and MKL_NUM_THREADS of the environment win over it. A
/// program of your own may also want to set OMP_WAIT_POLICY=passive before it
/// starts, as threads that wait take the processor from others.
void set_threads(int threads);

}  // namespace lineas
