// Weight files of a folder: single, sharded, views that outlive their file,
// writing and reading back.
#include "lineas/tensor/checkpoint.h"

#include "lineas/tensor/device.h"
#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::write_tensors;

TEST(WriteSafetensors, RoundTripsEveryDtypeAndStride) {
  const TempFolder folder;
  const std::vector<std::pair<std::string, Tensor>> tensors = {
      {"f32", at::randn({3, 2})},
      {"f64", at::randn({2}).to(at::kDouble)},
      {"f16", at::randn({5}).to(at::kHalf)},
      {"bf16", at::randn({5}).to(at::kBFloat16)},
      {"i64", at::arange(4)},
      {"u8", at::arange(3).to(at::kByte)},
      {"bool", at::tensor({1, 0}).to(at::kBool)},
      {"strided", at::randn({4, 3}).t()},
      {"scalar", at::full({}, 7.0)},
      {"empty", at::zeros({0, 3})}};
  write_safetensors(folder / "t.safetensors", tensors, {{"format", "x"}});
  const SafetensorsFile file(folder / "t.safetensors");
  EXPECT_EQ(file.metadata().at("format"), "x");
  ASSERT_EQ(file.entries().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(file.view(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(file.view(name), tensor)) << name;
  }
}

TEST(WriteSafetensors, SameInputSameBytes) {
  const TempFolder folder;
  const Tensor weight = at::randn({7});
  for (const char* name : {"a", "b"})
    write_safetensors(folder / name, {{"w", weight}}, {{"k", "v"}, {"a", "b"}});
  EXPECT_EQ(read_file(folder / "a"), read_file(folder / "b"));
}

TEST(SafetensorsFile, ViewsOutliveTheFileObject) {
  const TempFolder folder;
  write_tensors(folder / "t.safetensors", {{"w", at::full({1000}, 3.0)}});
  Tensor view;
  {
    const SafetensorsFile file(folder / "t.safetensors");
    view = file.view("w");
  }
  EXPECT_TRUE(at::equal(view, at::full({1000}, 3.0)));
}

TEST(SafetensorsFile, MissNamesTheNearest) {
  const TempFolder folder;
  write_tensors(folder / "t.safetensors", {{"weight", at::ones({1})}});
  expect_error(ErrorKind::not_found, {"\"wieght\"", "Nearest: weight"}, [&] {
    SafetensorsFile(folder / "t.safetensors").view("wieght");
  });
}

TEST(Checkpoint, LoadsMappedOrConverted) {
  const TempFolder folder;
  write_tensors(folder / "model.safetensors",
                {{"b", at::randn({3})}, {"a", at::ones({2, 2})}});
  const Checkpoint checkpoint(folder.path());
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(checkpoint.shape("a"), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(checkpoint.dtype(), at::kFloat);
  EXPECT_EQ(checkpoint.bytes(), 28);
  const Tensor first = checkpoint.load("a", at::kFloat, at::kCPU);
  EXPECT_TRUE(first.is_alias_of(first));
  EXPECT_EQ(first.const_data_ptr(),
            checkpoint.load("a", at::kFloat, at::kCPU).const_data_ptr());
  const Tensor narrow = checkpoint.load("b", at::kBFloat16, at::kCPU);
  EXPECT_EQ(narrow.scalar_type(), at::kBFloat16);
  // Its pages were let go, not its bytes.
  EXPECT_TRUE(at::equal(
      checkpoint.load("b", at::kFloat, at::kCPU).to(at::kBFloat16), narrow));
}

// 9 MB in rows of 12 kB and in one row: several pieces, one piece, no row.
TEST(Checkpoint, ConvertsLargeTensorsPieceByPiece) {
  const TempFolder folder;
  at::manual_seed(2);
  std::vector<std::pair<std::string, Tensor>> tensors = {
      {"tall", at::randn({777, 3001})},
      {"wide", at::randn({1, 2000001})},
      {"none", at::empty({0, 4})},
      {"one", at::randn({})}};
  write_safetensors(folder / "model.safetensors", tensors);
  const Checkpoint checkpoint(folder.path());
  for (const auto& [name, tensor] : tensors)
    for (int again = 0; again < 2; ++again)
      EXPECT_TRUE(at::equal(checkpoint.load(name, at::kBFloat16, at::kCPU),
                            tensor.to(at::kBFloat16)))
          << name;
}

TEST(Checkpoint, ReadsShardsThroughTheIndex) {
  const TempFolder folder;
  write_tensors(folder / "one.safetensors", {{"a", at::zeros({2})}});
  write_tensors(folder / "two.safetensors", {{"b", at::ones({3})}});
  write_tensors(folder / "not-listed.safetensors", {{"c", at::ones({3})}});
  folder.write("model.safetensors.index.json",
               R"({"weight_map": {"a": "one.safetensors",
                                  "b": "two.safetensors"}})");
  const Checkpoint checkpoint(folder.path());
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(
      at::equal(checkpoint.load("b", at::kFloat, at::kCPU), at::ones({3})));
}

TEST(Checkpoint, WeightsMustBeFloating) {
  const TempFolder folder;
  write_tensors(folder / "model.safetensors", {{"ids", at::arange(3)}});
  const Checkpoint checkpoint(folder.path());
  expect_error(ErrorKind::format, {"\"ids\"", "I64"}, [&] {
    checkpoint.load("ids", at::kFloat, at::kCPU);
  });
  expect_error(ErrorKind::format, {"no floating"}, [&] { checkpoint.dtype(); });
}

std::string fingerprint_of(const testing::Tensors& tensors) {
  const TempFolder folder;
  write_tensors(folder / "model.safetensors", tensors);
  return Checkpoint(folder.path()).fingerprint();
}

TEST(Checkpoint, FingerprintTellsCheckpointsApart) {
  const Tensor weight = at::randn({64, 64});
  const std::string own = fingerprint_of({{"w", weight}});
  EXPECT_EQ(own.size(), 16u);
  EXPECT_EQ(own, fingerprint_of({{"w", weight.clone()}}));
  Tensor last = weight.clone();
  last[63][63] += 1;
  EXPECT_NE(own, fingerprint_of({{"w", last}}));
  EXPECT_NE(own, fingerprint_of({{"v", weight}}));
  EXPECT_NE(own, fingerprint_of({{"w", weight.view({32, 128})}}));
  EXPECT_NE(own, fingerprint_of({{"w", weight.to(at::kHalf)}}));
}

TEST(Device, NamesOfDevicesAndTypes) {
  EXPECT_EQ(parse_device("cpu"), at::Device(at::kCPU));
  EXPECT_EQ(parse_dtype("auto"), std::nullopt);
  EXPECT_EQ(parse_dtype("bfloat16"), at::kBFloat16);
  expect_error(ErrorKind::usage, {"--device tpu"}, [] { parse_device("tpu"); });
  expect_error(ErrorKind::usage, {"--dtype int8"}, [] { parse_dtype("int8"); });
  expect_error(ErrorKind::usage, {"-t -1"}, [] { set_threads(-1); });
}

TEST(TensorQuestions, ShapesAsText) {
  EXPECT_EQ(to_string(at::IntArrayRef{64, 32}), "[64, 32]");
  EXPECT_EQ(to_string(at::IntArrayRef{}), "[]");
  expect_error(ErrorKind::unsupported, {"ComplexFloat"}, [] {
    to_dtype(at::kComplexFloat);
  });
}

}  // namespace
}  // namespace lineas
