// Source: diffusers pipelines/stable_diffusion, pipelines/stable_diffusion_xl
// and pipelines/flux, encode_prompt.
#include "lineas/pipelines/prompt_encoder.h"

#include <numeric>

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr int64_t kLongestT5 = 512;
constexpr int64_t kPromptsAtOnce = 8;

PassContext entries(const std::vector<RowView>& rows) {
  return {.rows = rows, .axis = Axis::entries};
}

std::vector<RowView> numbered_rows(int64_t count) {
  std::vector<RowView> rows;
  for (int64_t i = 0; i < count; ++i)
    rows.push_back({.row = i, .begin = i, .end = i + 1});
  return rows;
}

PromptTokens part_of(const PromptTokens& tokens, int64_t begin, int64_t count) {
  PromptTokens part{tokens.ids_BT.narrow(0, begin, count)};
  if (tokens.ids_2_BT.defined())
    part.ids_2_BT = tokens.ids_2_BT.narrow(0, begin, count);
  return part;
}

PromptEmbeddings join(const std::vector<PromptEmbeddings>& parts) {
  std::vector<Tensor> texts, pooled;
  for (const PromptEmbeddings& part : parts) {
    texts.push_back(part.text_BLD);
    if (part.pooled_BD.defined()) pooled.push_back(part.pooled_BD);
  }
  return {at::cat(texts), pooled.empty() ? Tensor() : at::cat(pooled)};
}

}  // namespace

PromptEmbeddings PromptEmbeddings::at_rows(const Tensor& numbers_B) const {
  return {
      text_BLD.index_select(0, numbers_B),
      pooled_BD.defined() ? pooled_BD.index_select(0, numbers_B) : Tensor()};
}

PromptEmbeddings PromptEmbeddings::repeated(int64_t rows) const {
  return {text_BLD.expand({rows, -1, -1}),
          pooled_BD.defined() ? pooled_BD.expand({rows, -1}) : Tensor()};
}

PromptEncoder::PromptEncoder(const PipelineNetworks& networks,
                             const PipelineIndex& index,
                             const PromptOptions& options)
    : networks_(networks), index_(index), options_(options) {
  const bool has_t5 = networks.reader_2.t5 != nullptr;
  if (options.t5_tokens < 0 || options.t5_tokens > kLongestT5)
    fail(ErrorKind::usage,
         "--prompt-tokens {}: must be between 1 and {}",
         options.t5_tokens,
         kLongestT5);
  if (has_t5 && options.clip_skip != 0)
    fail(ErrorKind::usage,
         "--clip-skip: FLUX takes nothing of CLIP but its summary of the "
         "prompt, so there is no layer to skip");
  for (const PromptReader* reader : {&networks.reader, &networks.reader_2}) {
    if (!reader->clip) continue;
    const int64_t most = reader->clip->config().layers - 1;
    if (options.clip_skip < 0 || options.clip_skip > most)
      fail(ErrorKind::usage,
           "--clip-skip {}: must be between 0 and {}, the text encoder has {} "
           "layers",
           options.clip_skip,
           most,
           most + 1);
  }
}

Tensor PromptEncoder::ids_of(const std::vector<std::string>& prompts,
                             const PromptReader& reader,
                             const char* name) const {
  const int64_t length =
      reader.t5 ? (options_.t5_tokens > 0 ? options_.t5_tokens : kLongestT5)
                : reader.clip->config().context;
  std::vector<int64_t> ids;
  for (const std::string& prompt : prompts) {
    const PromptIds row = reader.tokenizer->encode(prompt, length);
    warn_of_cut(row, name);
    ids.insert(ids.end(), row.ids.begin(), row.ids.end());
  }
  return at::tensor(ids, at::kLong)
      .view({-1, length})
      .to(networks_.placement.device);
}

PromptTokens PromptEncoder::tokenize(
    const std::vector<std::string>& prompts) const {
  PromptTokens tokens{ids_of(prompts, networks_.reader, "tokenizer")};
  if (networks_.reader_2.tokenizer)
    tokens.ids_2_BT = ids_of(prompts, networks_.reader_2, "tokenizer_2");
  return tokens;
}

Tensor PromptEncoder::states_of(const PromptReader& reader,
                                const ClipTextOutput& output) const {
  const auto behind = [&](int64_t layers_left_out) {
    const auto last = std::ssize(output.hidden_BTD) - 1;
    return output.hidden_BTD[static_cast<size_t>(last - layers_left_out)];
  };
  if (networks_.reader_2.clip) return behind(options_.clip_skip + 1);
  if (options_.clip_skip == 0) return output.last_BTD;
  return reader.clip->final_norm(behind(options_.clip_skip));
}

PromptEmbeddings PromptEncoder::encode(const PromptTokens& tokens,
                                       const std::vector<RowView>& rows,
                                       Tap* tap) const {
  const auto& [reader, reader_2] =
      std::tie(networks_.reader, networks_.reader_2);
  Pass pass(entries(rows), tap);
  const ClipTextOutput first = (*reader.clip)(tokens.ids_BT, pass);
  const Tensor states = states_of(reader, first);
  if (reader_2.t5) {
    Pass pass_2(entries(rows), tap);
    return {(*reader_2.t5)(tokens.ids_2_BT, pass_2), first.pooled_BD};
  }
  if (!reader_2.clip) return {states};
  Pass pass_2(entries(rows), tap);
  const ClipTextOutput second = (*reader_2.clip)(tokens.ids_2_BT, pass_2);
  return {at::cat({states, states_of(reader_2, second)}, -1),
          second.text_embeds_BP};
}

PromptEmbeddings PromptEncoder::encode(
    const std::vector<std::string>& prompts) const {
  const at::NoGradGuard no_grad;
  const PromptTokens tokens = tokenize(prompts);
  std::vector<PromptEmbeddings> parts;
  for (int64_t begin = 0; begin < std::ssize(prompts);
       begin += kPromptsAtOnce) {
    const int64_t count = std::min(kPromptsAtOnce, std::ssize(prompts) - begin);
    parts.push_back(
        encode(part_of(tokens, begin, count), numbered_rows(count), nullptr));
  }
  return join(parts);
}

PromptEmbeddings PromptEncoder::encode_nothing() const {
  PromptEmbeddings empty = encode(std::vector<std::string>{""});
  const bool is_zero = index_.class_name == "StableDiffusionXLPipeline" &&
                       index_.force_zeros_for_empty_prompt;
  if (!is_zero) return empty;
  return {at::zeros_like(empty.text_BLD), at::zeros_like(empty.pooled_BD)};
}

}  // namespace lineas
