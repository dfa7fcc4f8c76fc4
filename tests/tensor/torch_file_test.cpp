// Files of torch.save, as Python's torch wrote them (remake:
// tools/goldens/make_torch_files.py), and lineas/tensor/torch_writer.cpp.
#include "lineas/tensor/torch_file.h"

#include <ATen/EmptyTensor.h>

#include "lineas/tensor/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;

std::string data(const std::string& name) {
  return LINEAS_SOURCE_DIR "/tests/tensor/data/" + name;
}

TEST(TorchFile, BothFormsHoldWhatPythonSaved) {
  const SafetensorsFile values(data("values.safetensors"));
  for (const char* name : {"zip.bin", "old.bin"}) {
    const TorchFile file(data(name));
    ASSERT_EQ(file.entries().size(), values.entries().size()) << name;
    for (const TensorEntry& entry : file.entries()) {
      const Tensor golden = values.view(entry.name);
      const Tensor got = file.view(entry);
      EXPECT_EQ(entry.dtype, to_dtype(golden.scalar_type())) << entry.name;
      EXPECT_EQ(got.scalar_type(), golden.scalar_type()) << entry.name;
      EXPECT_TRUE(got.equal(golden))
          << name << ": " << entry.name << ". Remake: make_torch_files.py";
    }
  }
}

const TensorEntry& entry_of(const TorchFile& file, const std::string& name) {
  for (const TensorEntry& entry : file.entries())
    if (entry.name == name) return entry;
  throw std::runtime_error("no tensor " + name);
}

TEST(TorchFile, TensorsAreViewsOfTheMappedFile) {
  const TorchFile file(data("zip.bin"));
  const auto view = [&](const std::string& name) {
    return file.view(entry_of(file, name));
  };
  EXPECT_EQ(view("shared").const_data_ptr(), view("shared").const_data_ptr());
  // Tensors that share a storage share their bytes here too.
  EXPECT_EQ(view("row").const_data_ptr<float>(),
            view("shared").const_data_ptr<float>() + 12);
  EXPECT_FALSE(view("transposed").is_contiguous());
  Tensor outlives;
  {
    const TorchFile other(data("old.bin"));
    outlives = other.view(entry_of(other, "f64"));
  }
  EXPECT_TRUE(outlives.equal(view("f64")));
}

TEST(TorchFile, PlainValues) {
  const TorchFile file(data("extras.bin"));
  const PickleValue& root = file.root();
  EXPECT_EQ(root.find("none")->kind, PickleKind::none);
  EXPECT_EQ(root.find("yes")->integer, 1);
  EXPECT_EQ(root.find("no")->kind, PickleKind::boolean);
  EXPECT_EQ(root.find("short")->integer, 65000);
  EXPECT_EQ(root.find("negative")->integer, -5);
  EXPECT_EQ(root.find("long")->integer, int64_t{1} << 40);
  EXPECT_EQ(root.find("real")->real, 0.25);
  EXPECT_EQ(root.find("text")->text, "na\u00efve");
  EXPECT_EQ(root.find("bytes")->text,
            std::string("\x00\xff\x80"
                        "a",
                        4));
  EXPECT_EQ(root.find("list")->items[1]->items[0]->integer, 2);
  EXPECT_EQ(root.find("tuple")->items.size(), 4u);
  EXPECT_EQ(root.find("set")->items[0]->integer, 5);
  EXPECT_EQ(root.find("ordered")->find("x")->integer, 1);
  EXPECT_EQ(root.find("numpy")->real, 1.5);
  EXPECT_EQ(root.find("numpy32")->real, 0.5);
  EXPECT_EQ(root.find("numpy_int")->integer, -9);
  EXPECT_EQ(root.find("size")->items[1]->integer, 3);
  EXPECT_EQ(root.find("dtype")->text, "torch.float16");
  EXPECT_EQ(root.find("device")->text, "cpu");
  // Beside all that, the one tensor is an entry.
  ASSERT_EQ(file.entries().size(), 1u);
  EXPECT_TRUE(file.view(file.entries()[0]).equal(at::arange(3.0)));
}

// Storages of the old form lie at any byte: a copy is as long as its tensor,
// not as the storage behind it.
TEST(TorchFile, CopiesReachFromFirstToLastElement) {
  const TorchFile file(data("old.bin"));
  for (const TensorEntry& entry : file.entries()) {
    const Tensor view = file.view(entry);
    EXPECT_EQ(view.storage().nbytes(),
              at::detail::computeStorageNbytes(
                  view.sizes(), view.strides(), view.element_size()))
        << entry.name;
  }
}

// Protocols 4 and 5 put the magic number into a frame.
TEST(TorchFile, TheOldFormMayBeginWithAFrame) {
  const TempFolder folder;
  const std::string old = read_file(data("old.bin"));
  for (const char protocol : {'\4', '\5'}) {
    folder.write("framed.bin",
                 std::string("\x80") + protocol + "\x95\x0d" +
                     std::string(7, '\0') + old.substr(2));
    const TorchFile file(folder / "framed.bin");
    EXPECT_EQ(file.entries().size(),
              TorchFile(data("old.bin")).entries().size());
    EXPECT_TRUE(
        file.view(entry_of(file, "f64"))
            .equal(SafetensorsFile(data("values.safetensors")).view("f64")));
  }
}

TEST(TorchFile, NothingIsExecuted) {
  for (const char* name : {"evil.bin", "evil_old.bin"})
    expect_error(
        ErrorKind::unsupported,
        {data(name), "\"posix.system\"", "nothing of the file was executed"},
        [&] { TorchFile file(data(name)); });
}

TEST(TorchWriter, ReadsWhatItWrites) {
  const TempFolder folder;
  const Tensor weight = at::randn({4, 3}).t();
  const TorchDict dict{
      {{"w", {weight}},
       {"half", {at::randn({5}).to(at::kBFloat16)}},
       {"dim", {int64_t{-7}}},
       {"name", {std::string("q_5_95")}},
       {"inner",
        {TorchDict{{{"pair",
                     {std::vector<Tensor>{at::ones({2}).to(at::kDouble),
                                          at::zeros({2})}}}}}}}}};
  write_torch_file(folder / "a.bin", dict);
  write_torch_file(folder / "b.bin", dict);
  EXPECT_EQ(read_file(folder / "a.bin"), read_file(folder / "b.bin"));
  const TorchFile file(folder / "a.bin");
  EXPECT_TRUE(file.view(file.entries()[0]).equal(weight));
  EXPECT_EQ(file.entries()[1].dtype, DType::bf16);
  EXPECT_EQ(file.root().find("dim")->integer, -7);
  EXPECT_EQ(file.root().find("name")->text, "q_5_95");
  const PickleValue* pair = file.root().find("inner")->find("pair");
  EXPECT_TRUE(
      file.view(*pair->items[0]->tensor).equal(at::ones({2}).to(at::kDouble)));
  expect_error(ErrorKind::unsupported, {"I16"}, [&] {
    write_torch_file(folder / "c.bin",
                     {{{"x", {at::ones({1}).to(at::kShort)}}}});
  });
}

TorchDict dict_of(const Checkpoint& checkpoint, size_t begin, size_t end) {
  TorchDict dict;
  const std::vector<std::string> names = checkpoint.names();
  for (size_t i = begin; i < std::min(end, names.size()); ++i)
    dict.items.emplace_back(
        names[i],
        TorchItem{checkpoint.load(names[i], checkpoint.dtype(), at::kCPU)});
  return dict;
}

TEST(Checkpoint, PicklesHoldTheSameModel) {
  const Checkpoint golden(testing::fixtures() + "/llama2");
  const TempFolder whole, sharded;
  write_torch_file(whole / "pytorch_model.bin", dict_of(golden, 0, 1000));
  write_torch_file(sharded / "one.bin", dict_of(golden, 0, 5));
  write_torch_file(sharded / "two.bin", dict_of(golden, 5, 1000));
  std::string map;
  for (size_t i = 0; i < golden.names().size(); ++i)
    map += fmt::format("{}\"{}\": \"{}.bin\"",
                       i == 0 ? "" : ", ",
                       golden.names()[i],
                       i < 5 ? "one" : "two");
  sharded.write("pytorch_model.bin.index.json",
                "{\"weight_map\": {" + map + "}}");
  for (const TempFolder* folder : {&whole, &sharded}) {
    const Checkpoint checkpoint(folder->path());
    EXPECT_EQ(checkpoint.names(), golden.names());
    EXPECT_EQ(checkpoint.fingerprint(), golden.fingerprint());
    EXPECT_EQ(checkpoint.bytes(), golden.bytes());
    EXPECT_EQ(checkpoint.dtype(), golden.dtype());
    const std::string name = golden.names()[3];
    EXPECT_TRUE(checkpoint.load(name, at::kFloat, at::kCPU)
                    .equal(golden.load(name, at::kFloat, at::kCPU)));
  }
}

TEST(Checkpoint, SafetensorsComeBeforePickles) {
  const TempFolder folder;
  write_safetensors(folder / "model.safetensors", {{"safe", at::ones({2})}});
  folder.write("pytorch_model.bin", "not even a pickle");
  EXPECT_EQ(Checkpoint(folder.path()).names(),
            std::vector<std::string>{"safe"});
}

TEST(Checkpoint, SharedBytesCountOnce) {
  const TempFolder folder;
  std::filesystem::copy(data("zip.bin"), folder / "pytorch_model.bin");
  const Checkpoint checkpoint(folder.path());
  const TorchFile file(data("zip.bin"));
  int64_t sum = 0;
  for (const TensorEntry& entry : file.entries())
    sum += static_cast<int64_t>(entry.end - entry.begin);
  EXPECT_LE(checkpoint.bytes(), sum);
  EXPECT_TRUE(
      checkpoint.load("transposed", at::kFloat, at::kCPU)
          .equal(
              SafetensorsFile(data("values.safetensors")).view("transposed")));
}

}  // namespace
}  // namespace lineas
