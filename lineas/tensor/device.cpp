#include "lineas/tensor/device.h"

#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include "lineas/base/cpus.h"
#include "lineas/base/error.h"

namespace lineas {
namespace {

// A program linked with libtorch_cpu alone gains CUDA by loading the backend
// before the first question about it; afterwards it is too late.
bool cuda_is_available() {
  static const bool available = [] {
    dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
    return at::hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0;
  }();
  return available;
}

// Of the environment, which the runtime has read already.
bool has_own_number() {
  return std::getenv("OMP_NUM_THREADS") != nullptr ||
         std::getenv("MKL_NUM_THREADS") != nullptr;
}

}  // namespace

at::Device parse_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return cuda_is_available() ? at::kCUDA : at::kCPU;
  if (name != "cuda")
    fail(ErrorKind::usage,
         "--device {}: unknown device. Use auto, cpu or cuda.",
         name);
  if (!cuda_is_available())
    fail(ErrorKind::unsupported,
         "--device cuda: no usable CUDA device. It needs a GPU, its driver and "
         "a torch with libtorch_cuda.so and its libraries; use --device cpu "
         "otherwise.");
  return at::Device(at::kCUDA, 0);
}

std::optional<at::ScalarType> parse_dtype(const std::string& name) {
  if (name == "auto") return std::nullopt;
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  fail(ErrorKind::usage,
       "--dtype {}: unknown type. Use auto, float32, bfloat16 or float16.",
       name);
}

std::string name_of_dtype(at::ScalarType dtype) {
  for (const char* name : {"float32", "bfloat16", "float16"})
    if (parse_dtype(name) == dtype) return name;
  return at::toString(dtype);
}

bool multiplies_well(at::ScalarType dtype, at::Device device) {
  if (!device.is_cpu()) return true;
  static const auto has = at::cpu::get_cpu_capabilities();
  const auto has_not = [](const char* feature) {
    const auto found = has.find(feature);
    return found != has.end() && !found->second.toBool();
  };
  // What oneDNN asks before it takes such a product.
  if (dtype == at::kBFloat16)
    return !has_not("avx512_bw") || !has_not("avx512_vl");
  if (dtype == at::kHalf) return !has_not("avx512_fp16");
  return true;
}

void set_threads(int threads) {
  if (threads < 0)
    fail(ErrorKind::usage, "-t {}: threads must be 1 or more", threads);
  if (threads == 0 && !has_own_number())
    threads = std::min(at::get_num_threads(), usable_cpus());
  if (threads > 0) at::set_num_threads(threads);
}

}  // namespace lineas
