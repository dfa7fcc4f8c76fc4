// The options of commands that run a picture model, and what they turn into.
// Knows no command.
#pragma once

#include "lineas/cli/arguments.h"
#include "lineas/engine/picture_engine.h"

namespace lineas {

/// What the options say, as the user wrote it where it names files or types.
struct PictureArguments {
  std::string unet, vae;  // what replaces these components
  PictureSettings settings;
  std::string latents;
  std::string noise_dtype = "float32";
  bool one_generator = false;
  std::vector<CLI::Option*> options;  // all of them
};

/// -W, -H, --cfg-scale and all that a picture depends on beside prompt, seed
/// and maps. `steps`: what the number of the sampler's steps is called.
void add_picture_options(CLI::App& command,
                         PictureArguments& arguments,
                         const std::string& steps);

/// --guidance-half, beside the options of maps.
void add_guidance_half_option(CLI::App& command, SteerArguments& arguments);

/// Throws usage where one of them is given and the model is one of language.
void refuse_picture_options(const PictureArguments& arguments,
                            const std::string& model);

/// Sets the number of threads and loads the model.
PictureEngine open_picture_engine(const ModelArguments& model,
                                  const PictureArguments& arguments);

/// The maps asked for, held against the model; checks --strengths too.
std::vector<Steering> load_steerings(const PictureEngine& engine,
                                     const SteerArguments& arguments,
                                     const PictureSettings& settings);

/// The tensor "latents" of --latents; undefined where that is not given. Throws
/// format for a file without it, or with values that are not finite.
Tensor read_latents(const PictureArguments& arguments);

/// Throws usage for a dtype that noise is not drawn in.
NoiseOptions noise_options(const PictureArguments& arguments);

}  // namespace lineas
