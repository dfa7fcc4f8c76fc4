#include "lineas/cli/picture_arguments.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

// Collects the options that one command gets.
class Adder {
 public:
  Adder(CLI::App& command, PictureArguments& arguments)
      : command_(command), arguments_(arguments) {}

  template <typename T>
  CLI::Option* add(const std::string& names,
                   T& value,
                   const char* type,
                   const std::string& text) {
    CLI::Option* option = command_.add_option(names, value, text);
    arguments_.options.push_back(option->type_name(type));
    return option;
  }
  void add_flag(const std::string& names, bool& value, const char* text) {
    arguments_.options.push_back(command_.add_flag(names, value, text));
  }

 private:
  CLI::App& command_;
  PictureArguments& arguments_;
};

void add_sampler_options(Adder& adder,
                         SamplerOptions& sampler,
                         const std::string& steps) {
  adder
      .add(steps,
           sampler.steps,
           "N",
           "Steps of the sampler (default: what suits the pipeline)")
      ->check(at_least_one());
  std::vector<std::string> names;
  for (const SchedulerClass& known : scheduler_classes())
    names.push_back(known.short_name);
  adder.add(
      "--scheduler",
      sampler.scheduler,
      "NAME",
      fmt::format("Instead of the pipeline's own: {}", fmt::join(names, ", ")));
  adder.add("--spacing",
            sampler.spacing,
            "leading|trailing|linspace",
            "Which timesteps are chosen");
  adder.add("--prediction",
            sampler.prediction,
            "epsilon|sample|v_prediction",
            "What the network was trained to say");
  adder
      .add("--timesteps",
           sampler.timesteps,
           "T,T,...",
           "These, descending, instead of so many steps")
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  adder.add("--eta", sampler.eta, "X", "Share of noise that DDIM adds, 0 to 1");
}

void add_guidance_options(Adder& adder, PictureSettings& settings) {
  adder.add("--cfg-scale",
            settings.cfg_scale,
            "X",
            "How far to lead away from the negative prompt; up to 1 no second "
            "half is run (default 0)");
  adder.add("-n,--negative", settings.negative, "PROMPT", "Negative prompt");
  adder.add("--guidance-rescale",
            settings.cfg_rescale,
            "X",
            "How much of the contrast that --cfg-scale adds is taken back, 0 "
            "to 1");
  adder.add("--guidance",
            settings.guidance,
            "X",
            "Guidance that FLUX dev was distilled with (default 3.5)");
}

void add_prompt_options(Adder& adder, PromptOptions& prompt) {
  adder
      .add("--clip-skip",
           prompt.clip_skip,
           "K",
           "Leave out as many of CLIP's last layers")
      ->check(not_negative());
  adder
      .add("--t5-tokens",
           prompt.t5_tokens,
           "N",
           "Tokens of a prompt that T5 reads (default 512)")
      ->check(not_negative());
}

void add_noise_options(Adder& adder, PictureArguments& arguments) {
  adder.add("--latents",
            arguments.latents,
            "FILE.safetensors",
            "Start from its tensor `latents` [N, ...], standard normal, row i "
            "for picture i, instead of drawn noise");
  adder.add("--noise-dtype",
            arguments.noise_dtype,
            "float32|float16|bfloat16",
            "What noise is drawn in: diffusers takes that of the model, which "
            "gives other numbers");
  adder.add_flag("--one-generator",
                 arguments.one_generator,
                 "One generator draws the noise of all pictures");
}

}  // namespace

void add_picture_options(CLI::App& command,
                         PictureArguments& arguments,
                         const std::string& steps) {
  Adder adder(command, arguments);
  PictureSettings& settings = arguments.settings;
  for (const auto& [names, value] :
       {std::pair{"-W,--width", &settings.size.width},
        std::pair{"-H,--height", &settings.size.height}})
    adder
        .add(names,
             *value,
             "PIXELS",
             "Of the picture (default: what the model was made for)")
        ->check(at_least_one());
  add_sampler_options(adder, settings.sampler, steps);
  add_guidance_options(adder, settings);
  add_prompt_options(adder, settings.prompt);
  add_noise_options(adder, arguments);
  adder.add("--unet",
            arguments.unet,
            "PATH",
            "Weights (.safetensors, .bin) or folder in place of the UNet's");
  adder.add("--vae", arguments.vae, "PATH", "The same for the autoencoder");
}

void add_guidance_half_option(CLI::App& command, SteerArguments& arguments) {
  command
      .add_option("--guidance-half",
                  arguments.guidance_half,
                  "Overrides the map file: which half is steered where "
                  "--cfg-scale is above 1")
      ->type_name("both|conditional|unconditional");
}

void refuse_picture_options(const PictureArguments& arguments,
                            const std::string& model) {
  for (const CLI::Option* option : arguments.options)
    if (option->count() > 0)
      fail(ErrorKind::usage,
           "{}: is for models that make pictures, {} is a language model",
           option->get_name(),
           model);
}

PictureEngine open_picture_engine(const ModelArguments& model,
                                  const PictureArguments& arguments) {
  set_threads(model.threads);
  PictureEngineOptions options{{.device = model.device, .dtype = model.dtype}};
  if (!arguments.unet.empty()) options.replaced["unet"] = arguments.unet;
  if (!arguments.vae.empty()) options.replaced["vae"] = arguments.vae;
  return PictureEngine(model.model, options);
}

std::vector<Steering> load_steerings(const PictureEngine& engine,
                                     const SteerArguments& arguments,
                                     const PictureSettings& settings) {
  const int steps = engine.plan(settings).steps;
  return load_steerings(arguments, [&](const SteerRequest& request) {
    return engine.load_steering(request, steps);
  });
}

Tensor read_latents(const PictureArguments& arguments) {
  if (arguments.latents.empty()) return {};
  const SafetensorsFile file(arguments.latents);
  const Tensor latents = file.view("latents").clone();
  if (!latents.is_floating_point() || !latents.isfinite().all().item<bool>())
    fail(ErrorKind::format,
         "{}: tensor \"latents\" must hold finite floating-point numbers",
         arguments.latents);
  return latents.to(at::kFloat);
}

NoiseOptions noise_options(const PictureArguments& arguments) {
  const auto dtype = parse_dtype(arguments.noise_dtype);
  if (!dtype)
    fail(ErrorKind::usage,
         "--noise-dtype {}: float32, float16 or bfloat16",
         arguments.noise_dtype);
  return {.dtype = *dtype, .one_generator = arguments.one_generator};
}

}  // namespace lineas
