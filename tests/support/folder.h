// Folders for tests: one that vanishes with the test, the committed fixtures,
// and the data beside the project that not every machine has.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace lineas::testing {

/// An empty folder of this test, removed with everything in it at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "lineas-test-XXXXXX")
            .string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  /// The path of a file in here.
  std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }
  void write(std::string_view name, std::string_view bytes) const {
    std::ofstream(*this / name, std::ios::binary) << bytes;
  }

 private:
  std::string path_;
};

/// The tiny checkpoints made by tools/goldens/make_models.py.
inline std::string fixtures() {
  return LINEAS_SOURCE_DIR "/tests/golden/data/models";
}

/// $LINEAS_TEST_DATA/name, or "" where the variable is unset; a test that gets
/// "" skips with kNoTestData. Its report says that it asked, by which
/// tools/run_tests.py counts the tests that need outside data.
inline std::string test_data(const std::string& name) {
  ::testing::Test::RecordProperty("outside_data", "needed");
  const char* folder = std::getenv("LINEAS_TEST_DATA");
  return folder == nullptr ? "" : std::string(folder) + "/" + name;
}
inline constexpr const char* kNoTestData =
    "LINEAS_TEST_DATA is unset: it names the folder of parity vectors";

}  // namespace lineas::testing
