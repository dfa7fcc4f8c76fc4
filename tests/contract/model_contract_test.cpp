// What every architecture of lineas/models/models.def must keep, whatever it
// computes: held against each of its committed checkpoints.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::Ids;
using testing::logits_of;

constexpr double kBar = 1e-4;

struct Architecture {
  const char* name;
  const char* hf_name;
};

void PrintTo(const Architecture& architecture, std::ostream* out) {
  *out << architecture.name;
}

constexpr Architecture kArchitectures[] = {
#define LINEAS_MODEL(name, architecture) {#name, architecture},
#include "lineas/models/models.def"
#undef LINEAS_MODEL
};

class ModelContract : public ::testing::TestWithParam<Architecture> {
 protected:
  // Models this small only wait for a second thread, long on a busy machine.
  void SetUp() override { set_threads(1); }
  void TearDown() override { set_threads(threads_); }

  // The committed checkpoints of this architecture; at least one.
  static std::vector<std::string> folders() {
    std::vector<std::string> folders;
    for (const auto& entry :
         std::filesystem::directory_iterator(testing::fixtures())) {
      const std::string folder = entry.path();
      const Json config = read_json(folder + "/config.json");
      if (config["architectures"][0] == GetParam().hf_name)
        folders.push_back(folder);
    }
    EXPECT_FALSE(folders.empty())
        << "add a checkpoint of it to tools/goldens/make_models.py";
    std::sort(folders.begin(), folders.end());
    return folders;
  }

  // The same ragged batch for everybody, longer than any fixture's window.
  static std::vector<Ids> prompts(const LanguageModel& model) {
    std::vector<Ids> prompts;
    for (int64_t length : {9, 14, 1, 6}) {
      Ids ids;
      for (int64_t t = 0; t < length; ++t)
        ids.push_back((17 * t + 5 * length + t * t) % model.info().vocabulary);
      prompts.push_back(ids);
    }
    return prompts;
  }

  template <typename Check>
  void for_each_model(at::ScalarType dtype, Check check) {
    for (const std::string& folder : folders()) {
      SCOPED_TRACE(folder);
      const auto model = load_language_model(folder, {.dtype = dtype});
      check(*model, prompts(*model));
    }
  }

 private:
  int threads_ = at::get_num_threads();
};

TEST_P(ModelContract, UsesEveryWeight) {
  const testing::LogCapture log;
  for_each_model(at::kFloat, [](const LanguageModel& model, auto) {
    EXPECT_GT(model.weight_bytes(), 0);
    EXPECT_EQ(model.info().architecture, GetParam().hf_name);
  });
  EXPECT_TRUE(log.messages.empty()) << fmt::format("{}", log.messages);
}

TEST_P(ModelContract, VisitsEverySiteOnceWithItsWidth) {
  for_each_model(
      at::kFloat, [](const LanguageModel& model, const auto& prompts) {
        testing::VisitLog log;
        const Tensor logits_SV = logits_of(model, prompts, &log);
        std::set<SiteIndex> seen;
        for (const auto& [site, x_SD] : log.visits) {
          EXPECT_TRUE(seen.insert(site).second) << model.sites()[site].name;
          EXPECT_EQ(x_SD.sizes(),
                    (at::IntArrayRef{30, model.sites()[site].width}))
              << model.sites()[site].name;
        }
        EXPECT_EQ(static_cast<int64_t>(seen.size()), model.sites().size());
        EXPECT_TRUE(at::equal(logits_SV, logits_of(model, prompts)))
            << "watching changed the logits";
      });
}

/// Turns one neuron of one site around.
class Turn : public Tap {
 public:
  explicit Turn(SiteIndex site) : site_(site) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (site != site_) return x;
    Tensor turned = x.clone();
    turned.select(-1, 0).neg_();
    return turned;
  }

 private:
  SiteIndex site_;
};

TEST_P(ModelContract, CarriesOnWithWhatTheTapAnswers) {
  for_each_model(
      at::kFloat, [](const LanguageModel& model, const auto& prompts) {
        const Tensor plain_SV = logits_of(model, prompts);
        for (SiteIndex i = 0; i < model.sites().size(); ++i) {
          Turn turn(i);
          EXPECT_GT(error_of(logits_of(model, prompts, &turn), plain_SV), 1e-4)
              << model.sites()[i].name;
        }
      });
}

TEST_P(ModelContract, EndsBehindTheLastSiteThatMatters) {
  for_each_model(
      at::kFloat, [](const LanguageModel& model, const auto& prompts) {
        PooledRecorder recorder({Place{2}}, {});
        Pass pass({.rows = testing::rows_of(prompts)}, &recorder);
        EXPECT_THROW(model.hidden(testing::pack(prompts), pass), PassEnded);
        EXPECT_TRUE(recorder.pooled()[0].defined());
      });
}

TEST_P(ModelContract, RowsOfABatchDoNotSeeEachOther) {
  for_each_model(
      at::kFloat, [](const LanguageModel& model, const auto& prompts) {
        const Tensor packed_SV = logits_of(model, prompts);
        const std::vector<RowView> rows = testing::rows_of(prompts);
        for (size_t b = 0; b < prompts.size(); ++b)
          EXPECT_LE(error_of(packed_SV.slice(0, rows[b].begin, rows[b].end),
                             logits_of(model, {prompts[b]})),
                    kBar);
      });
}

/// Cuts the graph at the first site, so that it has a gradient to look at.
class Leaf : public Tap {
 public:
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (site == 0) leaf = x = x.detach().requires_grad_(true);
    return x;
  }
  Tensor leaf;
};

// Gradient of the sum of all logits times a fixed pattern, at the first site.
Tensor gradient_of(const LanguageModel& model,
                   const std::vector<Ids>& prompts) {
  Leaf tap;
  Pass pass({.rows = testing::rows_of(prompts)}, &tap);
  const Tensor x_SD = model.hidden(testing::pack(prompts), pass);
  const Tensor pattern_V = at::arange(model.info().vocabulary).sin();
  (model.logits(x_SD, pass) * pattern_V).sum().backward();
  return tap.leaf.grad();
}

TEST_P(ModelContract, RowsOfABatchDoNotSeeEachOthersGradients) {
  for_each_model(
      at::kFloat, [](const LanguageModel& model, const auto& prompts) {
        const Tensor packed_SD = gradient_of(model, prompts);
        const std::vector<RowView> rows = testing::rows_of(prompts);
        for (size_t b = 0; b < prompts.size(); ++b)
          EXPECT_LE(error_of(packed_SD.slice(0, rows[b].begin, rows[b].end),
                             gradient_of(model, {prompts[b]})),
                    kBar);
      });
}

TEST_P(ModelContract, DecodesWithTheCacheAsWithout) {
  for_each_model(
      at::kFloat, [](const LanguageModel& model, const auto& prompts) {
        for (int64_t chunk : {1, 4, 64}) {
          const auto cached = testing::cached_logits_of(model, prompts, chunk);
          for (size_t b = 0; b < prompts.size(); ++b)
            EXPECT_LE(error_of(cached[b], logits_of(model, {prompts[b]})), kBar)
                << "row " << b << ", " << chunk << " tokens a call";
        }
      });
}

TEST_P(ModelContract, RunsInHalfThePrecision) {
  // transformers itself is 0.12 and 0.01 away from float32 on the worst of
  // these random models.
  for (const auto& [dtype, bar] :
       {std::pair(at::kBFloat16, 0.2), {at::kHalf, 0.02}})
    for (const std::string& folder : folders()) {
      SCOPED_TRACE(folder);
      const auto wide = load_language_model(folder, {.dtype = at::kFloat});
      const auto model = load_language_model(folder, {.dtype = dtype});
      EXPECT_EQ(model->dtype(), dtype);
      testing::VisitLog log;
      const Tensor logits_SV = logits_of(*model, prompts(*model), &log);
      for (const auto& [site, x_SD] : log.visits)
        EXPECT_EQ(x_SD.scalar_type(), dtype) << model->sites()[site].name;
      EXPECT_LE(error_of(logits_SV, logits_of(*wide, prompts(*wide))), bar);
      const auto cached = testing::cached_logits_of(*model, prompts(*model), 1);
      EXPECT_LE(error_of(at::cat(cached), logits_SV), bar);
    }
}

TEST_P(ModelContract, RefusesTokensOutsideTheVocabulary) {
  for_each_model(at::kFloat, [](const LanguageModel& model, auto) {
    for (int64_t id : {model.info().vocabulary, int64_t{-1}})
      testing::expect_error(ErrorKind::usage,
                            {fmt::format("token id {} ", id),
                             fmt::format("{} tokens", model.info().vocabulary)},
                            [&] {
                              logits_of(model, {{0, id}});
                            });
  });
}

INSTANTIATE_TEST_SUITE_P(Models,
                         ModelContract,
                         ::testing::ValuesIn(kArchitectures),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace lineas
