// Source: diffusers models/unets/unet_2d_condition.py, models/embeddings.py.
#include "lineas/diffusion/unet_embeddings.h"

#include "lineas/base/error.h"
#include "lineas/nn/timestep.h"

namespace lineas {
namespace {

std::optional<Activation> read_activation(const std::string& name,
                                          const char* key,
                                          const std::string& where) {
  if (name.empty()) return std::nullopt;
  return parse_activation(name, fmt::format("{}: \"{}\"", where, key));
}

}  // namespace

TimestepEmbedding::TimestepEmbedding(const WeightScope& scope,
                                     int64_t in,
                                     int64_t out,
                                     Activation activation,
                                     std::optional<Activation> post_activation)
    : site_(scope.site(out)),
      linear_1_(scope / "linear_1", in, out, true),
      act_(scope / "act", out, activation),
      linear_2_(scope / "linear_2", out, out, true) {
  if (post_activation)
    post_act_.emplace(scope / "post_act", out, *post_activation);
}

Tensor TimestepEmbedding::operator()(const Tensor& x_BD, Pass& pass) const {
  Tensor y_BD = linear_2_(act_(linear_1_(x_BD, pass), pass), pass);
  if (post_act_) y_BD = (*post_act_)(y_BD, pass);
  return pass.visit(site_, y_BD);
}

UnetConditioning::UnetConditioning(const WeightScope& scope,
                                   const UnetConfig& config,
                                   const std::string& where)
    : config_(config),
      time_proj_site_((scope / "time_proj").site(config.levels[0].channels)),
      time_embedding_(
          scope / "time_embedding",
          config.levels[0].channels,
          config.time_width,
          *read_activation(config.activation, "act_fn", where),
          read_activation(config.time_post_act, "timestep_post_act", where)) {
  // The second embedding has SiLU whatever act_fn says.
  if (config.has_text_time())
    text_time_.emplace(
        TextTime{(scope / "add_time_proj").site(config.added_sinusoids),
                 TimestepEmbedding(scope / "add_embedding",
                                   config.added_width,
                                   config.time_width,
                                   Activation::silu)});
  if (const auto act =
          read_activation(config.time_act, "time_embedding_act_fn", where))
    time_embed_act_.emplace(scope / "time_embed_act", config.time_width, *act);
}

Tensor UnetConditioning::sinusoids(const Tensor& numbers, int64_t width) const {
  return timestep_sinusoids(
      numbers,
      width,
      {.cos_first = config_.cos_first, .freq_shift = config_.freq_shift});
}

Tensor UnetConditioning::text_time(const UnetNumbers& numbers,
                                   at::ScalarType dtype,
                                   Pass& pass) const {
  const Tensor& ids_BN = numbers.time_ids_BN;
  const int64_t width =
      numbers.pooled_BD.size(1) + ids_BN.size(1) * config_.added_sinusoids;
  if (width != config_.added_width)
    fail(ErrorKind::shape,
         "a pooled prompt of {} numbers with {} time ids of {} sinusoids makes "
         "{}, this UNet takes {} (projection_class_embeddings_input_dim)",
         numbers.pooled_BD.size(1),
         ids_BN.size(1),
         config_.added_sinusoids,
         width,
         config_.added_width);
  // One row a number there; a row an entry here, as a tap knows entries alone.
  const Tensor wide_BNF = sinusoids(ids_BN.flatten(), config_.added_sinusoids)
                              .unflatten(0, ids_BN.sizes());
  const Tensor time_BF = pass.visit(text_time_->proj_site, wide_BNF).flatten(1);
  return text_time_->embedding(
      at::cat({numbers.pooled_BD.to(dtype), time_BF.to(dtype)}, 1), pass);
}

Tensor UnetConditioning::operator()(const UnetNumbers& numbers,
                                    at::ScalarType dtype,
                                    Pass& pass) const {
  const bool is_given =
      numbers.pooled_BD.defined() && numbers.time_ids_BN.defined();
  if (is_given != text_time_.has_value())
    fail(ErrorKind::usage,
         "this UNet {} pooled prompts and time ids (\"addition_embed_type\")",
         text_time_ ? "needs" : "takes no");
  const Tensor time_BF = pass.visit(
      time_proj_site_, sinusoids(numbers.time_B, config_.levels[0].channels));
  Tensor time_BE = time_embedding_(time_BF.to(dtype), pass);
  if (text_time_) time_BE = time_BE + text_time(numbers, dtype, pass);
  return time_embed_act_ ? (*time_embed_act_)(time_BE, pass) : time_BE;
}

}  // namespace lineas
