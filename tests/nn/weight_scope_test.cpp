// Names: from scopes to tensors on disk and to sites.
#include "lineas/nn/weight_scope.h"

#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::LogCapture;
using testing::TinyCheckpoint;

TEST(WeightScope, PathsAreNamesOfTensorsAndSites) {
  TinyCheckpoint files({{"model.layers.3.up.weight", at::ones({2, 4})}});
  const WeightScope up = files.scope() / "model" / "layers" / 3 / "up";
  EXPECT_EQ(up.path(), "model.layers.3.up");
  EXPECT_TRUE(up.has("weight"));
  EXPECT_FALSE(up.has("bias"));
  EXPECT_TRUE(at::equal(up.weight("weight", {2, 4}), at::ones({2, 4})));
  EXPECT_EQ(up.site(2), 0);
  EXPECT_EQ(files.sites[0].name, "model.layers.3.up");
}

TEST(WeightScope, WeightsComeInTheModelsDtype) {
  TinyCheckpoint files({{"w", at::ones({2}).to(at::kHalf)}}, at::kBFloat16);
  EXPECT_EQ(files.scope().weight("w", {2}).scalar_type(), at::kBFloat16);
}

TEST(WeightScope, MissNamesTheFullPathAndTheNearest) {
  TinyCheckpoint files({{"model.norm.weight", at::ones({2})}});
  expect_error(
      ErrorKind::not_found,
      {"model.norms.weight", "Nearest: model.norm.weight"},
      [&] { (files.scope() / "model" / "norms").weight("weight", {2}); });
}

TEST(WeightScope, WrongShapeNamesBoth) {
  TinyCheckpoint files({{"a.weight", at::ones({64, 32})}});
  expect_error(ErrorKind::shape,
               {"\"a.weight\" has shape [64, 32]", "asks for [128, 64]"},
               [&] {
                 (files.scope() / "a").weight("weight", {128, 64});
               });
}

TEST(WeightScope, OptionalPrefixMayBeMissingInTheFile) {
  for (const char* name : {"transformer.wte.weight", "wte.weight"}) {
    TinyCheckpoint files({{name, at::ones({2})}});
    files.source.spelling = spell_without("transformer.");
    const WeightScope wte = files.scope() / "transformer" / "wte";
    EXPECT_TRUE(at::equal(wte.weight("weight", {2}), at::ones({2})));
    EXPECT_EQ(files.source.used, (std::set<std::string>{name}));
  }
}

TEST(WeightScope, OneWeightUnderTwoNamesMustAgree) {
  TinyCheckpoint same({{"transformer.w", at::ones({2})}, {"w", at::ones({2})}});
  same.source.spelling = spell_without("transformer.");
  (same.scope() / "transformer").weight("w", {2});
  EXPECT_EQ(same.source.used.size(), 2u);

  TinyCheckpoint differ(
      {{"transformer.w", at::ones({2})}, {"w", at::zeros({2})}});
  differ.source.spelling = spell_without("transformer.");
  expect_error(ErrorKind::format,
               {"\"transformer.w\" and \"w\"", "differ"},
               [&] { (differ.scope() / "transformer").weight("w", {2}); });
}

TEST(WeightScope, ASpellingFindsWhatAFileCallsOtherwise) {
  TinyCheckpoint files({{"to_out.weight", at::ones({2})}});
  files.source.spelling = [](const std::string& name) {
    return std::vector<std::string>{"to_out.0" + name.substr(6), name};
  };
  const WeightScope to_out = files.scope() / "to_out";
  EXPECT_TRUE(to_out.has("weight"));
  EXPECT_TRUE(at::equal(to_out.weight("weight", {2}), at::ones({2})));
  EXPECT_EQ(files.source.used, (std::set<std::string>{"to_out.weight"}));
  expect_error(ErrorKind::not_found, {"no tensor \"to_out.0.bias\""}, [&] {
    to_out.weight("bias", {2});
  });
}

TEST(WeightScope, PartsShareATableUnderTheirPrefixes) {
  TinyCheckpoint files({{"conv.weight", at::ones({2, 3})}});
  for (const char* part : {"unet", "text_encoder"}) {
    WeightSource source{files.checkpoint, {}, files.sites};
    source.site_prefix = part;
    const WeightScope conv = WeightScope(source) / "conv";
    conv.weight("weight", {2, 3});
    conv.site(2);
    EXPECT_EQ(source.bytes_used(), 24);
  }
  EXPECT_EQ(files.sites.names(),
            (std::vector<std::string>{"unet.conv", "text_encoder.conv"}));
}

TEST(WeightScope, UnusedTensorsAreWarnedOfUnlessEveryReaderIgnoresThem) {
  TinyCheckpoint files({{"h.0.attn.bias", at::ones({1})},
                        {"h.0.attn.masked_bias", at::ones({1})},
                        {"l.rotary_emb.inv_freq", at::ones({1})},
                        {"embeddings.position_ids", at::ones({1})},
                        {"lm_head.weight", at::ones({1})},
                        {"score.weight", at::ones({1})}});
  LogCapture log;
  report_unused(files.source, /*tied_head=*/true);
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("\"score.weight\""), std::string::npos);
  report_unused(files.source, /*tied_head=*/false);
  EXPECT_EQ(log.messages.size(), 3u);
}

}  // namespace
}  // namespace lineas
