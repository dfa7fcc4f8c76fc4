// Pictures that were made, as files: single ones, the strip of a slider, a grid
// of prompts and strengths, an animation; the recipe travels with each PNG.
#pragma once

#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/engine/picture_run.h"
#include "lineas/picture/png.h"

namespace lineas {

/// What to write, and where.
struct PictureOutput {
  std::string path;  // .png or .gif
  /// Names of the strengths: one picture of each prompt and sample then shows
  /// all of them. Empty: every picture is a file of its own.
  std::vector<std::string> strengths = {};
  Json recipe = Json::object();  // of the whole run
};

/// Throws usage for an ending that is none of these, and for an animation
/// without strengths.
void check_picture_output(const PictureOutput& output);

/// The picture of that number (from 1) as a file of its own: "out.png",
/// "out-2.png", ... Returns its path.
std::string write_alone(const PictureOutput& output,
                        const PictureRequest& request,
                        const MadePicture& made,
                        size_t number);

/// All of them in one file, those that failed as grey; nothing where all did.
void write_together(const PictureOutput& output,
                    const PictureRequest& request,
                    const std::vector<MadePicture>& made);

/// The texts of a PNG: the recipe as JSON, and in the words that picture tools
/// show.
std::vector<PngText> recipe_texts(const Json& recipe);

}  // namespace lineas
