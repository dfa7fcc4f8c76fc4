// From the words of prompts to what a denoiser is told of them, as each
// pipeline of diffusers does it: which states of which text encoders.
#pragma once

#include <string>
#include <vector>

#include "lineas/pipelines/pipeline_networks.h"

namespace lineas {

/// What a denoiser is told, one row a prompt.
struct PromptEmbeddings {
  Tensor text_BLD;
  Tensor pooled_BD = {};  // undefined for Stable Diffusion 1.x and 2.x

  int64_t rows() const { return text_BLD.size(0); }
  /// The prompts of these numbers (int64 on the same device).
  PromptEmbeddings at_rows(const Tensor& numbers_B) const;
  /// As many rows of the only one.
  PromptEmbeddings repeated(int64_t rows) const;
};

/// Ids for the one or two encoders, undefined where there is no second.
struct PromptTokens {
  Tensor ids_BT, ids_2_BT = {};
};

struct PromptOptions {
  /// As many of CLIP's last layers are left out, beyond those that the pipeline
  /// leaves out anyway (diffusers' clip_skip). FLUX takes 0 alone.
  int64_t clip_skip = 0;
  /// Tokens that T5 reads (max_sequence_length); 0: 512.
  int64_t t5_tokens = 0;
};

class PromptEncoder {
 public:
  /// The networks must outlive it. Throws usage for options that the pipeline
  /// cannot follow.
  PromptEncoder(const PipelineNetworks& networks,
                const PipelineIndex& index,
                const PromptOptions& options = {});

  /// Warns of what does not fit into a prompt's length.
  PromptTokens tokenize(const std::vector<std::string>& prompts) const;
  /// `rows`: what the prompts are called, for the tap (or null).
  PromptEmbeddings encode(const PromptTokens& tokens,
                          const std::vector<RowView>& rows,
                          Tap* tap) const;
  /// The same without a tap, a few prompts at a time.
  PromptEmbeddings encode(const std::vector<std::string>& prompts) const;
  /// What stands for no negative prompt at all: SDXL's zeros, or the empty
  /// prompt. One row.
  PromptEmbeddings encode_nothing() const;

 private:
  Tensor ids_of(const std::vector<std::string>& prompts,
                const PromptReader& reader,
                const char* name) const;
  /// Hidden states of one encoder as the pipeline takes them.
  Tensor states_of(const PromptReader& reader,
                   const ClipTextOutput& output) const;

  const PipelineNetworks& networks_;
  PipelineIndex index_;
  PromptOptions options_;
};

}  // namespace lineas
