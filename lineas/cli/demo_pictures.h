// The picture half of `lineas demo`: a style learned on the bundled picture
// model, and the strip of its slider.
#pragma once

#include <string>

#include "lineas/cli/arguments.h"

namespace lineas {

struct PictureDemo {
  ModelArguments model{.model = "tinydraw"};
  std::string map = "plain-to-sketch.safetensors";
  std::string strip = "slider.png";
  int64_t steps = 100;   // of learning
  size_t measured = 60;  // prompts that the oracle judges, at most
};

/// Learns from 32 + 32 prompts, writes map and strip, and prints what the
/// oracle reads at each strength.
void demo_pictures(const PictureDemo& demo);

}  // namespace lineas
