// aura and det-0 beyond the goldens: who is dampened and who is silenced, by
// brute force over all neurons of all sites.
#include "lineas/learn/methods.h"
#include "lineas/ot/auroc.h"
#include "lineas/tap/recorder.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

class Detectors : public ::testing::Test {
 protected:
  Problem problem() {
    return testing::problem_of(drive_, 8, 8, "[a-d]", "[a-d]");
  }
  MapSet learn(const std::string& method, const Json& options) {
    Progress silent;
    return make_learner(method, options)->learn(problem(), silent);
  }
  // AUROC of all neurons, the sites one behind the other.
  Tensor all_auroc(Pooling pooling = Pooling::max) {
    const Problem given = problem();
    std::vector<Tensor> parts;
    const RecordOptions options{.pooling = pooling};
    const auto source =
        record(drive_, given.source_rows, given.map_places, options);
    const auto target =
        record(drive_, given.target_rows, given.map_places, options);
    for (size_t site = 0; site < source.size(); ++site)
      parts.push_back(auroc(source[site], target[site]));
    return at::cat(parts);
  }
  static Tensor all_scales(const MapSet& set) {
    std::vector<Tensor> parts;
    for (const auto& [site, map] : set.maps) parts.push_back(map.scale_D);
    return at::cat(parts).to(at::kDouble);
  }

  testing::ToyDrive drive_;
};

TEST_F(Detectors, AuraDampensByHowWellANeuronDetects) {
  for (const char* pool : {"max", "mean"}) {
    const Tensor auroc_W = all_auroc(parse_pooling(pool));
    const Tensor wanted_W =
        at::where(auroc_W > 0.5, 1 - 2 * (auroc_W - 0.5), 1.0);
    EXPECT_TRUE(
        at::allclose(all_scales(learn("aura", {{"pool", pool}})), wanted_W));
  }
}

TEST_F(Detectors, Det0SilencesAllDetectors) {
  const Tensor is_silent = all_scales(learn("det-0", Json::object())) == 0;
  EXPECT_TRUE(is_silent.equal(all_auroc() > 0.5));
}

TEST_F(Detectors, Det0SilencesTheStrongestOfAllSites) {
  const Tensor auroc_W = all_auroc();
  for (const int64_t experts : {1, 3}) {
    const Tensor is_silent =
        all_scales(learn("det-0", {{"experts", experts}})) == 0;
    EXPECT_EQ(is_silent.sum().item<int64_t>(), experts);
    EXPECT_GE(
        auroc_W.masked_select(is_silent).min().item<double>(),
        auroc_W.masked_select(is_silent.logical_not()).max().item<double>());
  }
  // More than there are is all of them.
  EXPECT_TRUE(all_scales(learn("det-0", {{"experts", 1000}}))
                  .equal(all_scales(learn("det-0", Json::object()))));
}

// The same prompts in another order, packed otherwise, in a model wide enough
// for its products to be cut otherwise, too.
TEST_F(Detectors, IdenticalSidesGiveTheIdentityInMicroBatches) {
  const auto model = load_language_model(LINEAS_SOURCE_DIR "/bundled/tinytown",
                                         {.dtype = at::kFloat});
  std::vector<testing::Ids> prompts =
      testing::TinyLearning::random_prompts(2000, 30);
  for (testing::Ids& prompt : prompts)
    for (int i = 0; i < 2; ++i)
      prompt.insert(prompt.end(), prompt.begin(), prompt.end());
  testing::PackedDrive drive(*model, prompts);
  Problem same =
      testing::problem_of(drive, 30, 0, ".*layernorm", ".*layernorm");
  same.target_rows.assign(same.source_rows.rbegin(), same.source_rows.rend());
  for (const char* method : {"aura", "det-0"})
    for (const char* pool : {"max", "mean"})
      for (const int64_t micro_batch : {0, 7}) {
        Progress silent;
        const MapSet set =
            make_learner(method, {{"pool", pool}, {"micro-batch", micro_batch}})
                ->learn(same, silent);
        EXPECT_TRUE(all_scales(set).eq(1).all().item<bool>())
            << method << pool << micro_batch;
      }
}

TEST_F(Detectors, ANegativeNumberOfExpertsIsAUsageError) {
  testing::expect_error(ErrorKind::usage, {"--experts -1"}, [] {
    make_learner("det-0", {{"experts", -1}});
  });
}

}  // namespace
}  // namespace lineas
