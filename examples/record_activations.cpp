// What a model computes for two prompt lists: records one vector a prompt at
// every norm and block, says where and in how many neurons the lists differ.
#include <fmt/format.h>

#include <numeric>

#include "lineas/base/error.h"
#include "lineas/engine/engine.h"
#include "lineas/generate/text_drive.h"
#include "lineas/tap/recorder.h"

namespace {

using lineas::Tensor;

// pooled_ND of every site for the first `count` prompts of a list.
std::vector<Tensor> record_list(const lineas::Engine& engine,
                                const std::string& list,
                                const std::string& sites,
                                size_t count) {
  auto prompts = engine.encode(lineas::read_prompts(list));
  prompts.resize(std::min(count, prompts.size()));
  lineas::TextDrive drive(engine.model(), std::move(prompts));
  std::vector<int64_t> rows(drive.row_count());
  std::iota(rows.begin(), rows.end(), 0);
  return lineas::record(drive, rows, drive.places(sites));
}

// Difference of the means in units of the pooled standard deviation (Cohen's
// d), neuron by neuron.
Tensor effect_D(const Tensor& a_ND, const Tensor& b_ND) {
  const Tensor spread_D = ((a_ND.var(0) + b_ND.var(0)) / 2).sqrt() + 1e-6;
  return ((a_ND.mean(0) - b_ND.mean(0)) / spread_D).abs();
}

}  // namespace

int main() try {
  const lineas::Engine engine("tinytown");
  const std::string pattern = ".*norm|model\\.layers\\.\\d+";
  const lineas::SiteTable& table = engine.model().sites();
  const auto sites = table.match(pattern);
  const std::string lists = engine.folder() + "/prompts/tone.json";
  const auto rude = record_list(engine, lists + "#rude", pattern, 64);
  const auto neutral = record_list(engine, lists + "#neutral", pattern, 64);
  fmt::print("{:>9}  {:>6}  site\n", "effect>1", "max");
  for (size_t s = 0; s < sites.size(); ++s) {
    const Tensor effect = effect_D(rude[s], neutral[s]);
    fmt::print("{:>9}  {:>6.2f}  {}\n",
               (effect > 1).sum().item<int64_t>(),
               effect.max().item<float>(),
               table[sites[s]].name);
  }
  return 0;
} catch (const lineas::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return lineas::exit_code(error.kind());
}
