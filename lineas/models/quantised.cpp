#include "lineas/models/quantised.h"

#include <algorithm>
#include <map>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr const char* kAdvice =
    "Take the unquantised model, or its GGUF file instead.";

std::string method_name(const Json& quantization, const std::string& where) {
  static const std::map<std::string, std::string> names = {
      {"bitsandbytes", "bitsandbytes"},
      {"bitsandbytes_4bit", "bitsandbytes"},
      {"bitsandbytes_8bit", "bitsandbytes"},
      {"gptq", "GPTQ"},
      {"awq", "AWQ"},
      {"fp8", "FP8"},
      {"fbgemm_fp8", "FP8 (FBGEMM)"},
      {"modelopt", "ModelOpt"},
      {"mxfp4", "MXFP4"},
      {"hqq", "HQQ"},
      {"eetq", "EETQ"},
      {"aqlm", "AQLM"},
      {"quip", "QuIP"},
      {"vptq", "VPTQ"},
      {"exl2", "EXL2"},
      {"exl3", "EXL3"},
      {"quark", "Quark"},
      {"sinq", "SINQ"},
      {"quanto", "Quanto"},
      {"torchao", "torchao"},
      {"higgs", "HIGGS"},
      {"fp_quant", "FP-Quant"},
      {"auto-round", "AutoRound"},
      {"bitnet", "BitNet"},
      {"spqr", "SpQR"}};
  auto method = value_or<std::string>(quantization, "quant_method", where, "");
  const auto found = names.find(method);
  if (found != names.end()) return found->second;
  if (!method.empty()) return printable(method);
  for (const char* key : {"load_in_4bit", "load_in_8bit"})
    if (value_or<Json>(quantization, key, where, false) == true)
      return "bitsandbytes";
  if (quantization.contains("bits") && quantization.contains("group_size"))
    return quantization.contains("mode") ? "MLX" : "GPTQ, AWQ or MLX";
  return "a method that it does not name";
}

// Two of the keys belong to one program each.
std::string method_of(const Json& quantization,
                      const std::string& key,
                      const std::string& where) {
  if (key == "compression_config") return "compressed-tensors";
  if (key == "quantization" && !quantization.contains("quant_method"))
    return "MLX";
  return method_name(quantization, where);
}

// What gives a method away: the end of a tensor's name.
struct Sign {
  const char* ending;
  const char* method;
};
constexpr Sign kSigns[] = {{".quant_state.bitsandbytes__nf4", "bitsandbytes"},
                           {".quant_state.bitsandbytes__fp4", "bitsandbytes"},
                           {".weight.absmax", "bitsandbytes"},
                           {".weight.quant_map", "bitsandbytes"},
                           {".SCB", "bitsandbytes"},
                           {".weight_format", "bitsandbytes"},
                           {".g_idx", "GPTQ"},
                           {".qweight", "GPTQ or AWQ"},
                           {".qzeros", "GPTQ or AWQ"},
                           {".weight_scale_inv", "FP8"},
                           {".weight_packed", "compressed-tensors"},
                           {".weight_scale", "compressed-tensors or FP8"},
                           {".weight_zero_point", "compressed-tensors"},
                           {".input_scale", "FP8"},
                           {"_proj_blocks", "MXFP4"},
                           {".W_q", "HQQ"},
                           {".weight_scales", "EETQ"},
                           {".weight._data", "Quanto"},
                           {".codebooks", "AQLM"},
                           {".Qidxs", "QuIP"},
                           {".trellis", "EXL3"},
                           {".q_weight", "EXL2"},
                           {".biases", "MLX"}};

std::string find_method(const Checkpoint& checkpoint, std::string& tensor) {
  const std::vector<std::string> names = checkpoint.names();
  for (const Sign& sign : kSigns)
    for (const std::string& name : names)
      if (name.ends_with(sign.ending)) {
        tensor = name;
        return sign.method;
      }
  for (const std::string& name : names) {
    const DType type = checkpoint.stored_dtype(name);
    if (!name.ends_with(".weight") || (type != DType::i8 && type != DType::u8))
      continue;
    tensor = name;
    return fmt::format("numbers of type {}", name_of(type));
  }
  return "";
}

}  // namespace

void refuse_quantised(const Json& config, const std::string& where) {
  for (const char* key :
       {"quantization_config", "compression_config", "quantization"}) {
    const Json given = value_or<Json>(config, key, where, nullptr);
    if (given.is_null()) continue;
    const std::string place = fmt::format("{}: \"{}\"", where, key);
    if (!given.is_object())
      fail(ErrorKind::format, "{} is not an object", place);
    const std::string method = method_of(given, key, place);
    fail(ErrorKind::unsupported,
         "{}: the weights are quantised with {}, which is not read. {}",
         place,
         method,
         kAdvice);
  }
}

void refuse_quantised(const Checkpoint& checkpoint) {
  std::string tensor;
  const std::string method = find_method(checkpoint, tensor);
  if (method.empty()) return;
  fail(ErrorKind::unsupported,
       "{}: tensor \"{}\" says that the weights are quantised with {}, which "
       "is not read. {}",
       checkpoint.where(),
       printable(tensor),
       method,
       kAdvice);
}

}  // namespace lineas
