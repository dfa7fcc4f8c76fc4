// Folders in diffusers' form: what is found, what replaces what, and one
// sentence for all that is missing. Covers lineas/pipelines/pipeline_index.h.
#include "lineas/pipelines/pipeline_folder.h"

#include <filesystem>

#include "lineas/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;

Json sdxl_index() {
  return {{"_class_name", "StableDiffusionXLPipeline"},
          {"_diffusers_version", "0.35.2"},
          {"force_zeros_for_empty_prompt", true},
          {"add_watermarker", nullptr},
          {"feature_extractor", {nullptr, nullptr}},
          {"image_encoder", {nullptr, nullptr}},
          {"text_encoder", {"transformers", "CLIPTextModel"}},
          {"text_encoder_2", {"transformers", "CLIPTextModelWithProjection"}},
          {"tokenizer", {"transformers", "CLIPTokenizer"}},
          {"tokenizer_2", {"transformers", "CLIPTokenizer"}},
          {"unet", {"diffusers", "UNet2DConditionModel"}},
          {"vae", {"diffusers", "AutoencoderKL"}},
          {"scheduler", {"diffusers", "EulerDiscreteScheduler"}}};
}

/// Everything that an SDXL folder has, of one byte a file.
class SdxlFolder : public testing::TempFolder {
 public:
  SdxlFolder() {
    set_index(sdxl_index());
    for (const char* name : {"text_encoder", "text_encoder_2", "unet", "vae"}) {
      fs::create_directory(*this / name);
      write(std::string(name) + "/config.json", "{}");
    }
    write("text_encoder/model.safetensors", "x");
    write("text_encoder_2/model.fp16.safetensors", "x");
    write("unet/diffusion_pytorch_model.safetensors", "x");
    write("unet/diffusion_pytorch_model.fp16.safetensors", "x");
    write("vae/diffusion_pytorch_model.safetensors.index.fp16.json", "{}");
    for (const char* name : {"tokenizer", "tokenizer_2", "scheduler"})
      fs::create_directory(*this / name);
    write("scheduler/scheduler_config.json",
          R"({"_class_name": "EulerDiscreteScheduler"})");
  }
  void set_index(const Json& index) const {
    write("model_index.json", index.dump());
  }
  void change(const std::string& key, const Json& value) const {
    Json index = sdxl_index();
    index[key] = value;
    set_index(index);
  }
  void expect_refused(ErrorKind kind,
                      const std::vector<std::string>& parts) const {
    expect_error(kind, parts, [&] { open_pipeline_folder(path()); });
  }
};

std::string weights_of(const PipelineFolder& folder, const std::string& name) {
  const Component& component = folder.at(name);
  return fs::path(component.weights).filename().string();
}

TEST(PipelineFolder, FindsEveryComponent) {
  const SdxlFolder files;
  EXPECT_TRUE(is_pipeline_folder(files.path()));
  const PipelineFolder folder = open_pipeline_folder(files.path());
  EXPECT_EQ(folder.index.class_name, "StableDiffusionXLPipeline");
  EXPECT_TRUE(folder.index.force_zeros_for_empty_prompt);
  EXPECT_EQ(folder.components.size(), 7u);
  EXPECT_EQ(folder.at("text_encoder_2").class_name,
            "CLIPTextModelWithProjection");
  EXPECT_EQ(weights_of(folder, "text_encoder"), "model.safetensors");
  EXPECT_EQ(weights_of(folder, "text_encoder_2"), "model.fp16.safetensors");
  EXPECT_EQ(weights_of(folder, "unet"), "diffusion_pytorch_model.safetensors");
  EXPECT_EQ(weights_of(folder, "vae"),
            "diffusion_pytorch_model.safetensors.index.fp16.json");
  EXPECT_EQ(weights_of(folder, "scheduler"), "");
  EXPECT_EQ(folder.at("scheduler").config["_class_name"],
            "EulerDiscreteScheduler");
  EXPECT_FALSE(folder.has("transformer"));
  expect_error(
      ErrorKind::not_found, {"transformer"}, [&] { folder.at("transformer"); });
}

TEST(PipelineFolder, TheVariantOfTheDtypeComesFirst) {
  const SdxlFolder files;
  const PipelineFolder folder =
      open_pipeline_folder(files.path(), {.dtype = "float16"});
  EXPECT_EQ(weights_of(folder, "unet"),
            "diffusion_pytorch_model.fp16.safetensors");
  EXPECT_EQ(weights_of(folder, "text_encoder"), "model.safetensors");
}

TEST(PipelineFolder, NamesAllThatIsMissingAtOnce) {
  const SdxlFolder files;
  fs::remove_all(files / "text_encoder");
  fs::remove(files / "unet/config.json");
  fs::remove_all(files / "vae");
  fs::create_directory(files / "vae");
  files.write("vae/config.json", "{}");
  files.write("vae/diffusion_pytorch_model.non_ema.safetensors", "x");
  Json index = sdxl_index();
  index.erase("tokenizer_2");
  files.set_index(index);
  files.expect_refused(ErrorKind::not_found,
                       {"StableDiffusionXLPipeline",
                        "text_encoder has no folder",
                        "tokenizer_2 is not in model_index.json",
                        "unet has no",
                        "config.json",
                        "vae has no weights",
                        "non_ema"});
}

TEST(PipelineFolder, IsKnownByItsIndex) {
  const testing::TempFolder empty;
  EXPECT_FALSE(is_pipeline_folder(empty.path()));
  expect_error(ErrorKind::not_found, {"model_index.json"}, [&] {
    open_pipeline_folder(empty.path());
  });
}

TEST(PipelineFolder, WeightsAndFoldersFromElsewhere) {
  const SdxlFolder files;
  const testing::TempFolder other;
  other.write("lightning.safetensors", "x");
  other.write("config.json", R"({"_class_name": "AutoencoderTiny"})");
  other.write("diffusion_pytorch_model.safetensors", "x");
  const PipelineFolder folder = open_pipeline_folder(
      files.path(),
      {.replaced = {{"unet", other / "lightning.safetensors"},
                    {"vae", other.path()}}});
  EXPECT_EQ(folder.at("unet").weights, other / "lightning.safetensors");
  EXPECT_EQ(folder.at("unet").config_path, files / "unet/config.json");
  EXPECT_EQ(folder.at("vae").class_name, "AutoencoderTiny");
  EXPECT_EQ(folder.at("vae").config_path, other / "config.json");
  EXPECT_EQ(folder.at("vae").weights,
            other / "diffusion_pytorch_model.safetensors");
}

TEST(PipelineFolder, ReplacementsAreChecked) {
  const SdxlFolder files;
  const testing::TempFolder other;
  other.write("config.json", R"({"_class_name": "VQModel"})");
  other.write("diffusion_pytorch_model.safetensors", "x");
  const auto refuse = [&](ErrorKind kind,
                          const std::string& name,
                          const std::string& path,
                          const std::vector<std::string>& parts) {
    expect_error(kind, parts, [&] {
      open_pipeline_folder(files.path(), {.replaced = {{name, path}}});
    });
  };
  refuse(ErrorKind::unsupported,
         "vae",
         other.path(),
         {"vae", "VQModel", "AutoencoderKL", "AutoencoderTiny"});
  refuse(ErrorKind::not_found,
         "unet",
         other / "gone.safetensors",
         {"gone.safetensors"});
  refuse(ErrorKind::usage, "unett", other.path(), {"unett", "unet"});
}

TEST(PipelineFolder, WhatIsNotRunIsNamedWithWhatIs) {
  const SdxlFolder files;
  files.change("_class_name", "StableCascadePipeline");
  files.expect_refused(ErrorKind::unsupported,
                       {"model_index.json",
                        "StableCascadePipeline",
                        "FluxPipeline",
                        "StableDiffusionXLPipeline"});
  files.change("scheduler", {"diffusers", "HeunDiscreteScheduler"});
  files.expect_refused(
      ErrorKind::unsupported,
      {"scheduler", "HeunDiscreteScheduler", "EulerDiscreteScheduler"});
  files.change("unet", {"my_module", "UNet2DConditionModel"});
  files.expect_refused(ErrorKind::unsupported, {"unet", "my_module"});
  files.change("controlnet", {"diffusers", "ControlNetModel"});
  files.expect_refused(ErrorKind::unsupported,
                       {"controlnet", "ControlNetModel", "transformer"});
  files.change("../../etc", {"diffusers", "AutoencoderKL"});
  files.expect_refused(ErrorKind::unsupported, {"../../etc"});
}

TEST(PipelineFolder, MalformedIndexes) {
  const SdxlFolder files;
  files.write("model_index.json", "{");
  files.expect_refused(ErrorKind::format, {"model_index.json"});
  files.set_index(Json::array());
  files.expect_refused(ErrorKind::format, {"model_index.json"});
  files.change("_class_name", 7);
  files.expect_refused(ErrorKind::format, {"_class_name"});
  for (const Json& pair : {Json{"diffusers"},
                           Json{"diffusers", nullptr},
                           Json{1, 2},
                           Json{"a", "b", "c"}}) {
    files.change("unet", pair);
    files.expect_refused(ErrorKind::format, {"unet", "[library, class]"});
  }
  files.change("unet", {nullptr, nullptr});
  files.expect_refused(ErrorKind::not_found, {"unet", "not in"});
}

TEST(PipelineFolder, AnotherClassInAConfigIsAWarning) {
  const SdxlFolder files;
  files.write("scheduler/scheduler_config.json",
              R"({"_class_name": "DDIMScheduler"})");
  testing::LogCapture log;
  const PipelineFolder folder = open_pipeline_folder(files.path());
  EXPECT_EQ(folder.at("scheduler").class_name, "EulerDiscreteScheduler");
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("DDIMScheduler"), std::string::npos);
  files.write("vae/config.json", "[]");
  files.expect_refused(ErrorKind::format, {"vae/config.json"});
}

TEST(PipelineFolder, OtherSwitchesAreAWarning) {
  const SdxlFolder files;
  Json index = sdxl_index();
  index["requires_safety_checker"] = true;
  index["is_fancy"] = true;
  index["safety_checker"] = {"stable_diffusion",
                             "StableDiffusionSafetyChecker"};
  index["force_zeros_for_empty_prompt"] = false;
  files.set_index(index);
  testing::LogCapture log;
  EXPECT_FALSE(
      open_pipeline_folder(files.path()).index.force_zeros_for_empty_prompt);
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("is_fancy"), std::string::npos);
}

}  // namespace
}  // namespace lineas
