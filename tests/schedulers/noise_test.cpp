// Draws by number: in any order, of any rows. What torch draws is held by
// pictures_test.cpp and by the noise of scheduler_test.cpp's goldens.
#include "lineas/schedulers/noise.h"

#include "lineas/schedulers/scheduler.h"
#include "tests/schedulers/golden_run.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;
const std::vector<int64_t> kBoth = {0, 1};

TEST(PictureNoise, IsWhatTorchDrawsFromThatSeed) {
  const std::string data =
      LINEAS_SOURCE_DIR "/tests/schedulers/data/schedulers";
  const Json golden = read_json(data + ".json");
  const SafetensorsFile tensors(data + ".safetensors");
  int64_t compared = 0;
  for (const auto& item : golden["cases"].items()) {
    const std::string name = item.key() + "/noise";
    const bool has_noise = std::ranges::any_of(
        tensors.entries(),
        [&](const auto& entry) { return entry.name == name; });
    if (!has_noise) continue;
    PictureNoise noise({item.value()["seed"].get<uint64_t>()}, {2, 3, 4}, 1);
    const Tensor drawn = tensors.view(name);
    for (int64_t i = drawn.size(0); i-- > 0; ++compared)
      EXPECT_LE(testing::error_of(noise.draw(std::vector<int64_t>{0}, i)[0],
                                  drawn[i]),
                1e-6);
  }
  EXPECT_GT(compared, 20);
}

TEST(PictureNoise, AnyDrawCanBeAskedForAgain) {
  PictureNoise forward({5, 6}, {3, 5}, 2);
  PictureNoise backward({5, 6}, {3, 5}, 2);
  std::vector<Tensor> draws;
  for (int64_t i = 0; i < 4; ++i) draws.push_back(forward.draw(kBoth, i));
  EXPECT_FALSE(at::equal(draws[0], draws[1]));
  for (int64_t i = 4; i-- > 0;) {
    EXPECT_TRUE(at::equal(backward.draw(kBoth, i), draws[i]));
    EXPECT_TRUE(at::equal(forward.draw(kBoth, i), draws[i]));
    const std::vector<int64_t> second = {1};
    EXPECT_TRUE(at::equal(forward.draw(second, i), draws[i].slice(0, 1, 2)));
  }
}

TEST(PictureNoise, OfOnePictureDependsOnItsSeedAlone) {
  PictureNoise alone({6}, {3, 5}, 1);
  PictureNoise both({5, 6}, {3, 5}, 2);
  EXPECT_TRUE(at::equal(alone.draw(std::vector<int64_t>{0}, 2),
                        both.draw(std::vector<int64_t>{1}, 2)));
}

TEST(PictureNoise, OneGeneratorDrawsTheBatchInOneGo) {
  PictureNoise batch({5}, {4, 4}, 2, {.one_generator = true});
  PictureNoise long_one({5}, {8, 4}, 1);
  EXPECT_TRUE(at::equal(batch.draw(kBoth, 0).view({1, 8, 4}),
                        long_one.draw(std::vector<int64_t>{0}, 0)));
  EXPECT_TRUE(at::equal(batch.draw(std::vector<int64_t>{1}, 1),
                        batch.draw(kBoth, 1).slice(0, 1, 2)));
}

TEST(PictureNoise, CountsSeedsByTheirLowBits) {
  PictureNoise low({7}, {20}, 1), high({(1ULL << 40) + 7}, {20}, 1);
  const std::vector<int64_t> one = {0};
  EXPECT_TRUE(at::equal(low.draw(one, 0), high.draw(one, 0)));
}

TEST(PictureNoise, RefusesWhatDoesNotFit) {
  expect_error(ErrorKind::usage, {"2 seeds for 3"}, [] {
    PictureNoise({1, 2}, {4}, 3);
  });
  expect_error(ErrorKind::usage, {"[4, 0]"}, [] {
    PictureNoise({1}, {4, 0}, 1);
  });
  PictureNoise noise({1}, {4}, 1);
  expect_error(ErrorKind::usage, {"picture 1 of 1"}, [&] {
    noise.draw(std::vector<int64_t>{1}, 0);
  });
  expect_error(ErrorKind::usage, {"draw -1"}, [&] {
    noise.draw(std::vector<int64_t>{0}, -1);
  });
}

}  // namespace
}  // namespace lineas
