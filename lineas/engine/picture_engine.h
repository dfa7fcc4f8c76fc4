// A text-to-image model put together in one place, and maps held against it:
// what Engine (engine.h) is for language models. Prints nothing.
#pragma once

#include "lineas/data/prompts.h"
#include "lineas/engine/engine.h"
#include "lineas/pipelines/picture_drive.h"

namespace lineas {

struct PictureEngineOptions : EngineOptions {
  /// Component to the file or folder that replaces it: {"unet", "x.bin"}.
  std::map<std::string, std::string> replaced = {};
};

/// Whether MODEL (see find_model) is one that makes pictures. Throws as
/// find_model does.
bool is_picture_model(const std::string& model);

/// The prompts, which must be texts (else usage).
const std::vector<std::string>& picture_texts(const PromptSet& prompts);

class PictureEngine {
 public:
  /// Throws usage for a language model, and whatever PictureModel does.
  explicit PictureEngine(const std::string& model,
                         const PictureEngineOptions& options = {});

  const PictureModel& model() const { return *model_; }
  const std::string& folder() const { return folder_; }
  std::string id() const;
  /// {id, architecture, fingerprint}: what provenance keeps as "model".
  Json identity() const;

  /// How a picture comes about.
  struct Plan {
    int steps = 0;  // calls of the denoiser
    PictureSize size = {};
    std::vector<double> timesteps;  // one a call
    std::string scheduler;          // its class
  };
  /// Throws as PictureDrive does.
  Plan plan(const PictureSettings& settings) const;

  /// `steps`: of the pictures that are to be made.
  Steering load_steering(const SteerRequest& request, int steps) const;

 private:
  std::string folder_;
  std::unique_ptr<PictureModel> model_;
};

}  // namespace lineas
