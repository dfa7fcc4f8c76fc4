// The index of a sharded checkpoint.
#include "lineas/tensor/weight_index.h"

#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;

TEST(WeightIndex, FilesInTheOrderTheyAreReadIn) {
  const TempFolder folder;
  folder.write("i.json",
               R"({"metadata": {}, "weight_map": {"a": "b.safetensors",
                   "b": "./a.safetensors", "c": "part/c.safetensors",
                   "d": "./b.safetensors"}})");
  const WeightIndex index = read_weight_index(folder / "i.json");
  EXPECT_EQ(index.files,
            (std::vector<std::string>{
                "a.safetensors", "b.safetensors", "part/c.safetensors"}));
  EXPECT_EQ(index.file_of.at("b"), "a.safetensors");
  EXPECT_EQ(index.file_of.at("d"), "b.safetensors");
}

TEST(WeightIndex, FilesOutsideAreRefused) {
  const TempFolder folder;
  for (const char* file :
       {"/x", "../x", "a/../../x", "", ".", "..", "a/", "./"}) {
    folder.write("i.json",
                 "{\"weight_map\": {\"t\": \"" + std::string(file) + "\"}}");
    expect_error(ErrorKind::format, {"i.json", "\"t\"", "inside"}, [&] {
      read_weight_index(folder / "i.json");
    });
  }
}

}  // namespace
}  // namespace lineas
