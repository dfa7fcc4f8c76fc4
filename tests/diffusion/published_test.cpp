// The published configurations, built without their weights: tensors, shapes,
// sites and widths must be those of the classes of transformers and diffusers
// on the meta device (tools/goldens/make_picture_text.py,
// make_picture_unets.py).
#include <fstream>
#include <sstream>

#include "lineas/diffusion/autoencoder.h"
#include "lineas/diffusion/clip_text.h"
#include "lineas/diffusion/flux_transformer.h"
#include "lineas/diffusion/t5_encoder.h"
#include "lineas/diffusion/unet.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

/// A file of data/real: its config, and lines "name rest" with those under
/// "prefix{a-b}" repeated for prefixa ... prefixb.
struct Published {
  explicit Published(const std::string& name)
      : file(LINEAS_SOURCE_DIR "/tests/diffusion/data/real/" + name + ".txt") {
    std::string line, part;
    while (std::getline(file, line)) {
      if (line == "config" || line == "tensors" || line == "sites") {
        flush(part);
        part = line;
      } else if (part == "config") {
        config = parse_json(line, name);
      } else if (line.back() == '}') {
        flush(part);
        read_range(line);
      } else if (line.front() == ' ') {
        lines.push_back(line.substr(1));
      } else {
        flush(part);
        add(part, line);
      }
    }
    flush(part);
  }

  void read_range(const std::string& line) {
    const size_t brace = line.find('{');
    prefix = line.substr(0, brace);
    std::sscanf(line.c_str() + brace, "{%d-%d}", &first, &last);
  }
  void flush(const std::string& part) {
    for (int i = first; i <= last && !lines.empty(); ++i)
      for (const std::string& line : lines)
        add(part, prefix + std::to_string(i) + line);
    lines.clear();
  }
  void add(const std::string& part, const std::string& line) {
    const size_t space = line.find(' ');
    (part == "tensors" ? tensors : sites)
        .emplace_back(line.substr(0, space), line.substr(space + 1));
  }

  std::ifstream file;
  Json config;
  Rows tensors, sites;

 private:
  std::string prefix;
  int first = 0, last = 0;
  std::vector<std::string> lines;
};

/// Tensors of the meta device: shapes without numbers.
class EmptyStore : public WeightStore {
 public:
  explicit EmptyStore(const Rows& tensors) {
    for (const auto& [name, sizes] : tensors) {
      std::istringstream numbers(sizes);
      for (int64_t size; numbers >> size;) shapes_[name].push_back(size);
    }
  }
  const std::string& where() const override { return where_; }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, shape] : shapes_) names.push_back(name);
    return names;
  }
  bool contains(const std::string& name) const override {
    return shapes_.contains(name);
  }
  std::vector<int64_t> shape(const std::string& name) const override {
    return shapes_.at(name);
  }
  at::ScalarType dtype() const override { return at::kBFloat16; }
  Tensor load(const std::string& name,
              at::ScalarType dtype,
              at::Device) const override {
    return at::empty(shapes_.at(name),
                     at::TensorOptions(dtype).device(at::kMeta));
  }

 private:
  std::string where_ = "nowhere";
  std::map<std::string, std::vector<int64_t>> shapes_;
};

void build(const std::string& name, ModelFiles& files) {
  if (name.starts_with("flux"))
    make_flux_transformer(files);
  else if (name.starts_with("t5"))
    make_t5_encoder(files);
  else if (name.starts_with("unet"))
    make_unet(files);
  else if (name == "vae_taef1")
    make_autoencoder_tiny(files);
  else if (name.starts_with("vae"))
    make_autoencoder_kl(files);
  else
    make_clip_text(files, name == "clip_bigg");
}

class PublishedNetwork : public ::testing::TestWithParam<const char*> {};

TEST_P(PublishedNetwork, HasTheTensorsAndSitesOfItsClass) {
  const Published golden(GetParam());
  ASSERT_GT(golden.tensors.size(), 100u);
  const EmptyStore store(golden.tensors);
  SiteTable sites;
  WeightSource source{store, {at::kCPU, at::kBFloat16}, sites};
  const std::string where = "config.json";
  ModelFiles files{golden.config, where, source};
  build(GetParam(), files);
  EXPECT_EQ(source.used.size(), golden.tensors.size());
  Rows found;
  for (SiteIndex i = 0; i < sites.size(); ++i)
    found.emplace_back(sites[i].name, std::to_string(sites[i].width));
  ASSERT_EQ(found.size(), golden.sites.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], golden.sites[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(All,
                         PublishedNetwork,
                         ::testing::Values("clip_l",
                                           "clip_bigg",
                                           "clip_sd21",
                                           "t5_xxl",
                                           "flux_dev",
                                           "flux_schnell",
                                           "unet_sdxl",
                                           "unet_sd15",
                                           "unet_sd21",
                                           "vae_sdxl",
                                           "vae_flux",
                                           "vae_taef1"));

TEST(PublishedNetwork, TensorsAreAsManyAsInTheFiles) {
  EXPECT_EQ(Published("flux_dev").tensors.size(), 1160u);
  EXPECT_EQ(Published("flux_schnell").tensors.size(), 1156u);
  EXPECT_EQ(Published("t5_xxl").tensors.size(), 219u);
  EXPECT_EQ(Published("unet_sdxl").tensors.size(), 1680u);
  EXPECT_EQ(Published("unet_sd15").tensors.size(), 686u);
  EXPECT_EQ(Published("unet_sd21").tensors.size(), 686u);
}

// The norms of the published runs, "unet.*norm.*".
TEST(PublishedNetwork, NormSitesAreAsManyAsPublished) {
  const auto norms = [](const std::string& name) {
    int64_t count = 0, widths = 0;
    for (const auto& [site, width] : Published(name).sites) {
      if (site.find("norm") == site.npos) continue;
      ++count;
      widths += std::stol(width);
    }
    return std::pair(count, widths);
  };
  EXPECT_EQ(norms("unet_sdxl"), std::pair(int64_t{256}, int64_t{294080}));
  EXPECT_EQ(norms("unet_sd15").first, 109);
  EXPECT_EQ(norms("unet_sd21").first, 109);
}

}  // namespace
}  // namespace lineas
