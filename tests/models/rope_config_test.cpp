// Rotary positions in config.json: the two layouts, what they say together, and
// what is refused. The numbers have goldens in tests/golden/folders_test.cpp.
#include "lineas/models/rope_config.h"

#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

RopeSettings read(Json config, RopeDefaults defaults = {}) {
  if (!config.contains("max_position_embeddings"))
    config["max_position_embeddings"] = 64;
  testing::TinyCheckpoint checkpoint{{{"w", at::ones({1})}}};
  const std::string where = "config.json";
  if (defaults.head_width == 0) defaults.head_width = 8;
  return read_rope(ModelFiles{config, where, checkpoint.source}, defaults);
}

const Json kLinear = {{"rope_type", "linear"}, {"factor", 4.0}};

TEST(RopeConfig, BothLayoutsGiveTheSame) {
  Json now = kLinear;
  now["rope_theta"] = 500.0;
  const RopeSettings old =
      read({{"rope_theta", 500}, {"rope_scaling", kLinear}});
  EXPECT_EQ(old.type, RopeType::linear);
  EXPECT_EQ(old.theta, 500);
  EXPECT_EQ(old.factor, 4);
  EXPECT_EQ(read({{"rope_parameters", now}}), old);
  EXPECT_EQ(read({{"rope_parameters", {{"rope_type", "default"}}},
                  {"rope_theta", 500.0}})
                .theta,
            500);
}

TEST(RopeConfig, WhatIsNotThereIsTheArchitectures) {
  EXPECT_EQ(read({}).theta, 10000);
  EXPECT_EQ(read({}, {.theta = 2e6}).theta, 2e6);
  EXPECT_EQ(read({{"rope_parameters", kLinear}}, {.theta = 2e6}).theta, 2e6);
  EXPECT_EQ(read({{"rope_scaling", nullptr}, {"rope_parameters", nullptr}}),
            read({}));
  EXPECT_EQ(read({{"rope_scaling", Json::object()}}), read({}));
}

TEST(RopeConfig, LayoutsThatAgreeAreOne) {
  Json now = kLinear;
  now["rope_theta"] = 500.0;
  EXPECT_EQ(read({{"rope_theta", 500.0},
                  {"rope_scaling", kLinear},
                  {"rope_parameters", now}}),
            read({{"rope_parameters", now}}));
  // rope_scaling wins in both versions, with the theta beside it.
  EXPECT_EQ(read({{"rope_theta", 9.0},
                  {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}},
                  {"rope_parameters", now}}),
            read({{"rope_theta", 9.0},
                  {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}}));
}

TEST(RopeConfig, LayoutsThatContradictAreRefused) {
  Json now = kLinear;
  now["rope_theta"] = 500.0;
  for (const Json& config :
       {Json{{"rope_theta", 10000.0}, {"rope_parameters", now}},
        Json{{"rope_theta", 500.0}, {"rope_parameters", kLinear}},
        Json{{"rope_theta", 10.0}, {"rope_scaling", now}}})
    expect_error(ErrorKind::format,
                 {"\"rope_parameters\"", "\"rope_scaling\"", "different"},
                 [&] { read(config); });
}

TEST(RopeConfig, UnknownTypesAreRefusedWhereverTheyStand) {
  const Json strange = {{"rope_type", "mrope"}};
  for (const char* key : {"rope_scaling", "rope_parameters"})
    expect_error(ErrorKind::unsupported,
                 {"config.json", key, "\"mrope\"", "known: default"},
                 [&] {
                   read({{key, strange}});
                 });
  expect_error(
      ErrorKind::unsupported, {"\"sliding_attention\"", "\"mrope\""}, [&] {
        read({{"rope_parameters",
               {{"full_attention", kLinear}, {"sliding_attention", strange}}}},
             {.layer_type = "sliding_attention"});
      });
  expect_error(ErrorKind::format, {"\"linear\"", "\"yarn\""}, [] {
    read({{"rope_scaling", {{"type", "linear"}, {"rope_type", "yarn"}}}});
  });
  expect_error(ErrorKind::format, {"has no \"rope_type\""}, [] {
    read({{"rope_scaling", {{"factor", 2.0}}}});
  });
}

TEST(RopeConfig, NestedOnlyWhereLayersDiffer) {
  const Json nested = {{"full_attention", kLinear}};
  expect_error(ErrorKind::unsupported, {"\"full_attention\""}, [&] {
    read({{"rope_parameters", nested}});
  });
  expect_error(ErrorKind::unsupported, {"entry for each layer type"}, [] {
    read({{"rope_parameters", kLinear}}, {.layer_type = "full_attention"});
  });
}

TEST(RopeConfig, NumbersThatAreMissingOrImpossible) {
  const auto refuses = [](const std::string& key, const Json& scaling) {
    expect_error(ErrorKind::format, {"\"rope_scaling\"", key}, [&] {
      read({{"rope_scaling", scaling}});
    });
  };
  refuses("factor", {{"rope_type", "linear"}});
  refuses("factor", {{"rope_type", "linear"}, {"factor", 0}});
  refuses("factor", {{"rope_type", "dynamic"}, {"factor", "2"}});
  refuses("factor", {{"rope_type", "yarn"}, {"factor", nullptr}});
  refuses("low_freq_factor",
          {{"rope_type", "llama3"},
           {"factor", 8.0},
           {"original_max_position_embeddings", 32}});
  refuses("long_factor",
          {{"rope_type", "longrope"}, {"short_factor", {1, 1, 1, 1}}});
  refuses("short_factor",
          {{"rope_type", "longrope"},
           {"factor", 2.0},
           {"short_factor", {1, 1}},
           {"long_factor", {1, 1, 1, 1}}});
  for (const Json& theta : {Json(0), Json(-1), Json("big"), Json(nullptr)})
    expect_error(ErrorKind::format, {"rope_theta"}, [&] {
      read({{"rope_theta", theta}});
    });
}

TEST(RopeConfig, PartsOfHeads) {
  EXPECT_EQ(
      read({{"partial_rotary_factor", 0.5}}, {.rotates_parts = true}).width, 4);
  EXPECT_EQ(read({{"rope_parameters",
                   {{"partial_rotary_factor", 0.75}, {"rope_theta", 10}}}},
                 {.rotates_parts = true})
                .width,
            6);
  for (const double part : {0.5, 0.0, 1.5})
    expect_error(ErrorKind::format, {"partial_rotary_factor"}, [&] {
      read({{"partial_rotary_factor", part}});
    });
  expect_error(ErrorKind::format, {"partial_rotary_factor"}, [] {
    read({{"partial_rotary_factor", 0.4}}, {.rotates_parts = true});
  });
}

TEST(RopeConfig, KeysThatTransformersIgnoresAreToldOf) {
  testing::LogCapture log;
  Json scaling = kLinear;
  scaling["finetuned"] = true;
  EXPECT_EQ(read({{"rope_scaling", scaling}}),
            read({{"rope_scaling", kLinear}}));
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("\"finetuned\""), std::string::npos);
}

}  // namespace
}  // namespace lineas
