// A tiny convolutional network of tests/diffusion/data
// (tools/goldens/make_picture_unets.py), and the mean pixel or token of every
// row at every site.
#pragma once

#include "lineas/tap/pool.h"
#include "tests/support/tiny_network.h"

namespace lineas::testing {

class RowMeans : public Tap {
 public:
  explicit RowMeans(const SiteTable& sites) : sites_(sites) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override {
    const Tensor mean_BD = pool(x.detach(), context, Pooling::mean);
    if (!seen.emplace(sites_[site].name, mean_BD).second)
      twice.push_back(sites_[site].name);
    return x;
  }
  std::map<std::string, Tensor> seen;
  std::vector<std::string> twice;

 private:
  const SiteTable& sites_;
};

class PictureNetwork : public TinyNetwork {
 public:
  using TinyNetwork::TinyNetwork;

  /// Every site of the table against sites.json and its golden means.
  void check_sites(const RowMeans& tap, double bar) const {
    EXPECT_EQ(Json(sites.names()), read_json(folder + "/sites.json"));
    EXPECT_TRUE(tap.twice.empty()) << tap.twice.front();
    EXPECT_EQ(tap.seen.size(), sites.names().size());
    for (const auto& [name, mean_BD] : tap.seen) {
      EXPECT_LE(error_of(mean_BD, golden.view("mean/" + name)), bar) << name;
      EXPECT_EQ(sites[sites.find(name)].width, mean_BD.size(1)) << name;
    }
  }
};

}  // namespace lineas::testing
