// What is taken for keys that config.json leaves out, against the configuration
// classes of transformers (tools/goldens/make_config_defaults.py).
#include <gtest/gtest.h>

#include "lineas/models/architecture.h"

namespace lineas {
namespace {

// Read where rotary positions are (rope_config.h), with goldens of their own.
const std::set<std::string> kElsewhere = {
    "rope_theta", "rope_local_base_freq", "partial_rotary_factor"};
// Not arguments of the class, but looked for among the others.
const std::set<std::string> kBeside = {"sliding_window_pattern"};

const Json& classes() {
  static const Json classes =
      read_json(LINEAS_SOURCE_DIR "/tests/models/data/config_defaults.json");
  return classes;
}

TEST(Defaults, AreThoseOfTheConfigurationClasses) {
  for (const Architecture& architecture : architectures()) {
    SCOPED_TRACE(architecture.model_type);
    ASSERT_TRUE(classes().contains(architecture.model_type));
    const Json& golden = classes()[architecture.model_type];
    const Json config = complete_config(Json::object(), architecture, "c");
    for (const auto& item : golden.items())
      if (!kElsewhere.contains(item.key()))
        EXPECT_EQ(config.value(item.key(), Json("nothing")), item.value())
            << item.key();
    for (const auto& item : config.items())
      EXPECT_TRUE(golden.contains(item.key()) || kBeside.contains(item.key()))
          << item.key();
  }
}

TEST(Defaults, DoNotReplaceNullOrAValue) {
  for (const Architecture& architecture : architectures()) {
    if (architecture.model_type != "mistral") continue;
    const Json config =
        complete_config({{"num_key_value_heads", nullptr}, {"vocab_size", 7}},
                        architecture,
                        "c");
    EXPECT_TRUE(config["num_key_value_heads"].is_null());
    EXPECT_EQ(config["vocab_size"], 7);
    EXPECT_EQ(config["sliding_window"], 4096);
  }
}

}  // namespace
}  // namespace lineas
