// A tiny network of tests/diffusion/data with its golden tensors
// (tools/goldens/make_picture_text.py), and running it.
#pragma once

#include <filesystem>

#include "lineas/models/language_model.h"
#include "tests/support/compare.h"
#include "tests/support/folder.h"
#include "tests/support/picture_pass.h"

namespace lineas::testing {

class TinyNetwork {
 public:
  explicit TinyNetwork(const std::string& name,
                       at::ScalarType dtype = at::kFloat)
      : folder(LINEAS_SOURCE_DIR "/tests/diffusion/data/" + name),
        where(folder + "/config.json"),
        config(read_json(where)),
        golden(folder + "/golden.safetensors"),
        weights(folder, names_of(folder)),
        source{weights, {at::kCPU, dtype}, sites},
        files{config, where, source} {}

  Tensor in(const std::string& name) const { return golden.view("in/" + name); }
  bool has(const std::string& name) const {
    for (const TensorEntry& entry : golden.entries())
      if (entry.name == name) return true;
    return false;
  }

  /// Every site of the table against sites.json and the golden activations.
  void check_sites(const KeepTap& tap, double bar) const {
    EXPECT_EQ(Json(sites.names()), read_json(folder + "/sites.json"));
    EXPECT_TRUE(tap.twice.empty()) << tap.twice.front();
    EXPECT_EQ(tap.seen.size(), sites.names().size());
    for (const auto& [name, x] : tap.seen) {
      Tensor wanted = golden.view("act/" + name);
      // Made once for all rows there.
      if (wanted.dim() < x.dim()) wanted = wanted.unsqueeze(0);
      if (wanted.size(0) == 1) wanted = wanted.expand(x.sizes());
      EXPECT_LE(error_of(x, wanted), bar) << name;
      EXPECT_EQ(sites[sites.find(name)].width, x.size(-1)) << name;
    }
  }

  std::string folder, where;
  Json config;
  SafetensorsFile golden;
  Checkpoint weights;
  SiteTable sites;
  WeightSource source;
  ModelFiles files;

 private:
  static WeightNames names_of(const std::string& folder) {
    return file_exists(folder + "/model.safetensors")
               ? WeightNames{}
               : WeightNames{.safetensors = "diffusion_pytorch_model"};
  }
};

}  // namespace lineas::testing
