// One call of a part of a picture pipeline, with all that its sites saw.
#pragma once

#include <map>

#include "lineas/tap/tap.h"

namespace lineas::testing {

/// Keeps what every site saw.
class KeepTap : public Tap {
 public:
  explicit KeepTap(const SiteTable& sites) : sites_(sites) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (!seen.emplace(sites_[site].name, x.detach().clone()).second)
      twice.push_back(sites_[site].name);
    return x;
  }
  std::map<std::string, Tensor> seen;
  std::vector<std::string> twice;

 private:
  const SiteTable& sites_;
};

/// A context of so many rows, each one entry of the batch.
inline PassContext entries(int64_t rows) {
  PassContext context{.axis = Axis::entries};
  for (int64_t row = 0; row < rows; ++row)
    context.rows.push_back({.row = row, .begin = row, .end = row + 1});
  return context;
}

}  // namespace lineas::testing
