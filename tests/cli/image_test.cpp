// `lineas image` (lineas/cli/picture_arguments.h, lineas/cli/picture_output.h),
// and `learn`, `record` and `inspect` on a picture model, as a user runs them.
// Golden pictures: tools/goldens/make_pipelines.py.
#include <fmt/format.h>

#include "lineas/picture/png.h"
#include "lineas/tensor/checkpoint.h"
#include "tests/cli/program_run.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/maps.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::ProgramRun;
using testing::run_program;
using testing::TempFolder;

constexpr double kBar = 1e-4;

std::string pipeline() {
  return LINEAS_SOURCE_DIR "/tests/golden/data/pipelines/sdxl";
}

class Image : public ::testing::Test {
 protected:
  // As the golden pictures were made.
  ProgramRun image(const std::string& more) const {
    return run_program(
        fmt::format("image -m '{}' --dtype float32 {}", pipeline(), more));
  }
  ProgramRun draw(const std::string& more) const {
    return image("--steps 3 -s 7 -p 'a red cat' " + more);
  }
  std::string out(const std::string& name) const { return folder_ / name; }
  SafetensorsFile tensors(const std::string& name) const {
    return SafetensorsFile(out(name));
  }
  // A map on a norm that every picture depends on.
  std::string map(double shift = 0.5) const {
    MapSet set;
    set.maps.add("unet.conv_norm_out",
                 AffineMap{at::full({8}, 1.5), at::full({8}, shift)});
    set.provenance = {{"method", "test"}};
    write_map_set(out("map.safetensors"), set);
    return out("map.safetensors");
  }

  TempFolder folder_;
};

TEST_F(Image, DrawsWhatDiffusersDraws) {
  const SafetensorsFile golden(pipeline() + "/golden.safetensors");
  for (const auto& [name, options] :
       {std::pair{"plain", ""},
        std::pair{"guided", "--cfg-scale 2.5 -n red"}}) {
    const ProgramRun run =
        draw(fmt::format("-p 'no cat' -o {} --save-tensors {} {}",
                         out("o.png"),
                         out("o.safetensors"),
                         options));
    ASSERT_EQ(run.code, 0) << run.err;
    for (const char* tensor : {"latents", "image"}) {
      const Tensor wanted = golden.view(fmt::format("{}/{}", name, tensor));
      const Tensor made = tensors("o.safetensors").view(tensor);
      ASSERT_EQ(made.sizes(), wanted.sizes());
      EXPECT_LE(error_of(made, wanted), kBar) << name << " " << tensor;
    }
  }
  const Tensor image_1 = golden.view("guided/image")[1];
  const Picture second = read_png(out("o-2.png")).picture;
  EXPECT_EQ(second.width, 16);
  const auto red = image_1[0][3][5].item<float>() * 255;
  EXPECT_NEAR(second.row(3)[5 * 3], red, 1);
}

TEST_F(Image, NoiseDependsOnTheSeedAlone) {
  EXPECT_EQ(draw(fmt::format("-p 'no cat' -b 2 --batch 4 -o {} "
                             "--save-tensors {}",
                             out("a.png"),
                             out("a.safetensors")))
                .code,
            0);
  EXPECT_EQ(
      image(fmt::format("--steps 3 -p 'no cat' -s 10 -o {} --save-tensors {}",
                        out("b.png"),
                        out("b.safetensors")))
          .code,
      0);
  // The second sample of the second prompt has seed 7 + 3.
  EXPECT_LE(error_of(tensors("a.safetensors").view("image")[3],
                     tensors("b.safetensors").view("image")[0]),
            1e-6);
}

TEST_F(Image, StartsFromLatentsThatAreGiven) {
  const SafetensorsFile golden(pipeline() + "/golden.safetensors");
  const Tensor start = golden.view("plain/latents")[0];
  // trailing: the start is noise times its largest sigma.
  write_safetensors(out("z.safetensors"),
                    {{"latents", (start / 14.614646).contiguous()}});
  EXPECT_EQ(draw(fmt::format("-p 'no cat' --latents {} -o {} "
                             "--save-tensors {}",
                             out("z.safetensors"),
                             out("o.png"),
                             out("o.safetensors")))
                .code,
            0);
  EXPECT_LE(error_of(tensors("o.safetensors").view("image"),
                     golden.view("plain/image")),
            kBar);
}

TEST_F(Image, StrengthZeroIsTheUntouchedPicture) {
  const std::string run =
      fmt::format("-p 'no cat' -o {} --save-tensors ", out("o.png"));
  ASSERT_EQ(draw(run + out("plain")).code, 0);
  ASSERT_EQ(draw(run + out("steered") +
                 fmt::format(" --steer {} --strengths 0,1", map()))
                .code,
            0);
  const Tensor plain = tensors("plain").view("image");
  const Tensor steered = tensors("steered").view("image");
  ASSERT_EQ(steered.size(0), 4);
  EXPECT_LE(error_of(steered[0], plain[0]), 1e-6);
  EXPECT_LE(error_of(steered[2], plain[1]), 1e-6);
  EXPECT_GT(error_of(steered[1], plain[0]), 0.01);
}

TEST_F(Image, AWindowSteersAPartOfTheDenoising) {
  const std::string run =
      fmt::format("-o {} --steer {}:1@0.5-1 --save-tensors {}",
                  out("o.png"),
                  map(),
                  out("late"));
  ASSERT_EQ(draw(run).code, 0);
  ASSERT_EQ(
      draw(fmt::format("-o {} --save-tensors {}", out("o.png"), out("plain")))
          .code,
      0);
  const Tensor late = tensors("late").view("latents");
  const Tensor plain = tensors("plain").view("latents");
  EXPECT_TRUE(at::equal(late[1], plain[1]));
  EXPECT_FALSE(at::equal(late[2], plain[2]));
}

TEST_F(Image, AStripShowsAllStrengthsAndAGifMovesThroughThem) {
  const std::string steer =
      fmt::format("--steer {} --strengths 0,0.5,1 ", map());
  ASSERT_EQ(draw(steer + "-o " + out("strip.png")).code, 0);
  const PngFile strip = read_png(out("strip.png"));
  EXPECT_GT(strip.picture.width, 2 * strip.picture.height);
  const ProgramRun shown = run_program("inspect --json " + out("strip.png"));
  ASSERT_EQ(shown.code, 0) << shown.err;
  const Json recipe = shown.lines()[0];
  EXPECT_EQ(recipe["strengths"], Json({0, 0.5, 1}));
  EXPECT_EQ(recipe["prompt"], "a red cat");
  EXPECT_EQ(recipe["seed"], 7);
  EXPECT_EQ(recipe["timesteps"].size(), 3U);
  EXPECT_EQ(recipe["maps"][0]["steer"], out("map.safetensors"));
  EXPECT_TRUE(strip.text(kParametersKeyword).starts_with("a red cat\nSteps: 3"))
      << strip.text(kParametersKeyword);
  ASSERT_EQ(draw(steer + "-o " + out("strip.gif")).code, 0);
  EXPECT_TRUE(read_file(out("strip.gif")).starts_with("GIF89a"));
}

TEST_F(Image, RefusesWhatCannotWorkBeforeDrawing) {
  const std::string to = "-o " + out("o.png");
  const auto expect =
      [&](int code, const char* message, const std::string& arguments) {
        const ProgramRun run = image(arguments);
        EXPECT_EQ(run.code, code) << arguments << run.err;
        EXPECT_TRUE(run.says(message)) << run.err;
        EXPECT_FALSE(run.says("drawing")) << run.err;
      };
  expect(2, "either -p PROMPT or -f FILE", to);
  expect(2, "multiple of 2", "-p x -W 15 " + to);
  expect(2, "must be 1 or more", "-p x --steps -3 " + to);
  expect(2, "must be 1 or more", "-p x --steps 0 " + to);
  expect(2, ".png", "-p x -o o.jpg");
  expect(2, "give --strengths", "-p x -o o.gif");
  expect(8, "cannot be written", "-p x -o /no/such/folder/o.png");
  expect(7, "euler-ancestral", "-p x --scheduler fastest " + to);
  expect(2, "outside [0, 1]", fmt::format("-p x --steer {}:1.5 {}", map(), to));
  expect(2, "0.8-0.2", fmt::format("-p x --steer {}:1@0.8-0.2 {}", map(), to));
  EXPECT_FALSE(file_exists(out("o.png")));
}

TEST_F(Image, AMapOfAnotherModelIsRefused) {
  MapSet set;
  set.maps.add("model.layers.0.mlp", AffineMap{at::ones({8}), at::ones({8})});
  set.provenance = {{"method", "test"}};
  write_map_set(out("text.safetensors"), set);
  const ProgramRun run = draw(
      fmt::format("--steer {} -o {}", out("text.safetensors"), out("o.png")));
  EXPECT_EQ(run.code, 5) << run.err;
  EXPECT_TRUE(run.says("model.layers.0.mlp")) << run.err;
}

TEST_F(Image, APictureThatOverflowsNamesTheSite) {
  MapSet set;
  set.maps.add("unet.mid_block.resnets.0.norm1",
               AffineMap{at::full({16}, 3e38), at::full({16}, 3e38)});
  set.provenance = {{"method", "test"}};
  write_map_set(out("wild.safetensors"), set);
  const ProgramRun run = draw(
      fmt::format("--steer {} -o {}", out("wild.safetensors"), out("o.png")));
  EXPECT_NE(run.code, 0);
  EXPECT_TRUE(run.says("site \"unet.mid_block")) << run.err;
  EXPECT_FALSE(file_exists(out("o.png")));
}

TEST_F(Image, PromptsBeyondTheModelsLengthAreCutAndNamed) {
  std::string prompt;
  for (int i = 0; i < 80; ++i) prompt += "cat ";
  const ProgramRun run =
      image(fmt::format("-p '{}dog' -o {}", prompt, out("o.png")));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(run.says("dog")) << run.err;
}

TEST_F(Image, AMapIsLearnedAndDrawnWith) {
  folder_.write("a.txt", "a red cat\nred cat\na cat\nthe cat\n");
  folder_.write("b.txt", "a dog\none dog\ndog\nthe dog\n");
  const ProgramRun learned = run_program(
      fmt::format("learn -m '{}' --source {} --target {} -o {} --steps 10 "
                  "--sampler-steps 3 --optimizer adam --lr 0.01 "
                  "--denoise-steps 2",
                  pipeline(),
                  out("a.txt"),
                  out("b.txt"),
                  out("m.safetensors")));
  ASSERT_EQ(learned.code, 0) << learned.err;
  EXPECT_TRUE(learned.says("33 sites")) << learned.err;
  const MapSet set = read_map_set(out("m.safetensors"));
  EXPECT_EQ(set.maps.size(), 33U);
  EXPECT_EQ(set.provenance["picture"]["denoise_steps"], 2);
  EXPECT_EQ(
      draw(fmt::format("--steer {} -o {}", out("m.safetensors"), out("o.png")))
          .code,
      0);
}

TEST_F(Image, TextAndPictureModelsAreToldApart) {
  folder_.write("a.txt", "a red cat\n");
  const auto expect = [&](const char* message, const std::string& arguments) {
    const ProgramRun run = run_program(arguments);
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_TRUE(run.says(message)) << run.err;
  };
  expect("makes no pictures",
         fmt::format("image -m tinytown -p x -o {}", out("o.png")));
  expect("this needs a language model",
         fmt::format("generate -m '{}' -p x", pipeline()));
  expect("--cfg-scale",
         fmt::format("learn -m tinytown --source {0} --target {0} -o {1} "
                     "--cfg-scale 2",
                     out("a.txt"),
                     out("m.safetensors")));
}

TEST_F(Image, RecordKeepsTheFirstDenoisingCall) {
  folder_.write("a.txt", "a red cat\nno cat\n");
  const ProgramRun run = run_program(
      fmt::format("record -m '{}' -f {} --steps 3 -s 7 --pool all --sites "
                  "'.*conv_in|.*embeddings' -o {}",
                  pipeline(),
                  out("a.txt"),
                  out("r.safetensors")));
  ASSERT_EQ(run.code, 0) << run.err;
  const SafetensorsFile recorded(out("r.safetensors"));
  EXPECT_EQ(recorded.view("unet.conv_in").sizes(),
            (at::IntArrayRef{2, 8, 8, 8}));
  EXPECT_EQ(recorded.view("text_encoder.text_model.embeddings").size(0), 2);
}

TEST_F(Image, CtrlCKeepsFinishedPictures) {
  const ProgramRun run = run_program(
      fmt::format("image -m '{}' -p 'a cat' --steps 200 -b 100000 --batch 1 "
                  "-o {}",
                  pipeline(),
                  out("o.png")),
      "timeout --preserve-status -s INT 5");
  EXPECT_EQ(run.code, 130) << run.err;
  EXPECT_TRUE(file_exists(out("o.png"))) << run.err;
  EXPECT_TRUE(run.says("pictures made")) << run.err;
}

}  // namespace
}  // namespace lineas
