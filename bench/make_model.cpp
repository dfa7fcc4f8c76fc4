// Writes the benchmark's random Qwen2 as a Hugging Face folder, with its source
// and target prompts as token ids: make_model FOLDER float32|bfloat16 [LAYERS].
#include <sys/stat.h>

#include <cmath>
#include <iostream>

#include "bench/shape.h"
#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/tensor/checkpoint.h"
#include "lineas/tensor/device.h"

namespace lineas::bench {
namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;

// Every weight keeps the size of what flows through it.
class Writer {
 public:
  explicit Writer(at::ScalarType type) : type_(type) { at::manual_seed(1); }

  void matrix(const std::string& name, int64_t out, int64_t in) {
    const double deviation = 1.0 / std::sqrt(static_cast<double>(in));
    tensors.emplace_back(name, (at::randn({out, in}) * deviation).to(type_));
  }
  void gain(const std::string& name, int64_t width) {
    tensors.emplace_back(name, at::ones({width}).to(type_));
  }
  void bias(const std::string& name, int64_t width) {
    tensors.emplace_back(name, (at::randn({width}) * 0.1).to(type_));
  }
  Named tensors;

 private:
  at::ScalarType type_;
};

void write_layer(Writer& writer, const std::string& layer, const Shape& shape) {
  const int64_t q = shape.heads * shape.head_width;
  const int64_t kv = shape.kv_heads * shape.head_width;
  writer.gain(layer + "input_layernorm.weight", shape.width);
  writer.gain(layer + "post_attention_layernorm.weight", shape.width);
  for (const auto& [name, out] :
       {std::pair("q_proj", q), {"k_proj", kv}, {"v_proj", kv}}) {
    writer.matrix(layer + "self_attn." + name + ".weight", out, shape.width);
    writer.bias(layer + "self_attn." + name + ".bias", out);
  }
  writer.matrix(layer + "self_attn.o_proj.weight", shape.width, q);
  writer.matrix(layer + "mlp.gate_proj.weight", shape.inner, shape.width);
  writer.matrix(layer + "mlp.up_proj.weight", shape.inner, shape.width);
  writer.matrix(layer + "mlp.down_proj.weight", shape.width, shape.inner);
}

Json config_of(const Shape& shape, const std::string& type) {
  return {{"architectures", {"Qwen2ForCausalLM"}},
          {"model_type", "qwen2"},
          {"hidden_size", shape.width},
          {"num_hidden_layers", shape.layers},
          {"num_attention_heads", shape.heads},
          {"num_key_value_heads", shape.kv_heads},
          {"intermediate_size", shape.inner},
          {"vocab_size", shape.vocabulary},
          {"max_position_embeddings", 4096},
          {"rms_norm_eps", shape.eps},
          {"rope_theta", shape.theta},
          {"tie_word_embeddings", false},
          {"hidden_act", "silu"},
          {"torch_dtype", type}};
}

std::string lines_of(const std::vector<std::vector<int64_t>>& prompts) {
  std::string lines;
  for (const auto& ids : prompts) lines += Json{{"ids", ids}}.dump() + "\n";
  return lines;
}

void make(const std::string& folder, const std::string& type, Shape shape) {
  mkdir(folder.c_str(), 0777);
  Writer writer(parse_dtype(type).value());
  writer.matrix("model.embed_tokens.weight", shape.vocabulary, shape.width);
  for (int64_t l = 0; l < shape.layers; ++l)
    write_layer(writer, fmt::format("model.layers.{}.", l), shape);
  writer.gain("model.norm.weight", shape.width);
  writer.matrix("lm_head.weight", shape.vocabulary, shape.width);
  write_safetensors(folder + "/model.safetensors", writer.tensors);
  write_file(folder + "/config.json", config_of(shape, type).dump(1));
  const auto lengths = source_lengths();
  write_file(folder + "/source.jsonl",
             lines_of(random_prompts(lengths, shape.vocabulary, 1)));
  write_file(folder + "/target.jsonl",
             lines_of(random_prompts(lengths, shape.vocabulary, 2)));
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "make_model FOLDER float32|bfloat16 [LAYERS]\n";
    return 2;
  }
  lineas::bench::Shape shape;
  if (argc > 3) shape.layers = std::stol(argv[3]);
  lineas::bench::make(argv[1], argv[2], shape);
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
