// Broken files of torch.save: cut anywhere, or changed anywhere, they end in an
// Error that names the file, never in a crash.
#include "lineas/tensor/torch_file.h"

#include "lineas/tensor/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/zip.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::zip_of;
using testing::ZipPart;

std::string bytes_of_file(const std::string& name) {
  return read_file(LINEAS_SOURCE_DIR "/tests/tensor/data/" + name);
}

// Opens the file and touches all its tensors.
double read_everything(const std::string& path) {
  const TorchFile file(path);
  double sum = 0;
  for (const TensorEntry& entry : file.entries())
    sum += file.view(entry).to(at::kDouble).sum().item<double>();
  return sum;
}

TEST(TorchFile, CutAnywhereItIsRefused) {
  const TempFolder folder;
  for (const char* name : {"zip.bin", "old.bin"}) {
    const std::string whole = bytes_of_file(name);
    for (size_t size = 0; size < whole.size(); ++size) {
      folder.write("cut.bin", std::string_view(whole).substr(0, size));
      expect_error(ErrorKind::format, {folder / "cut.bin"}, [&] {
        read_everything(folder / "cut.bin");
      });
    }
  }
}

// A changed byte may be a number of a tensor: then the file is still good.
TEST(TorchFile, ChangedAnywhereItIsReadOrRefused) {
  const TempFolder folder;
  size_t refused = 0;
  for (const char* name : {"old.bin", "zip.bin"}) {
    const std::string whole = bytes_of_file(name);
    for (size_t at = 0; at < whole.size(); at += 3) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 0xa5);
      folder.write("changed.bin", changed);
      try {
        read_everything(folder / "changed.bin");
      } catch (const Error& error) {
        ++refused;
        EXPECT_NE(std::string(error.what()).find("changed.bin"),
                  std::string::npos)
            << error.what();
      }
    }
  }
  EXPECT_GT(refused, 500u);
}

TEST(TorchFile, OtherFilesAreNone) {
  const TempFolder folder;
  for (const std::string bytes :
       {"",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "PK\x03\x04 and no archive",
        "\x80\x02}q\x01."}) {
    folder.write("other.bin", bytes);
    expect_error(ErrorKind::format, {folder / "other.bin"}, [&] {
      TorchFile file(folder / "other.bin");
    });
  }
  expect_error(ErrorKind::not_found, {"nowhere.bin"}, [] {
    TorchFile file("nowhere.bin");
  });
}

// One part of the old form exchanged for another.
void expect_exchanged(const std::string& from,
                      const std::string& to,
                      ErrorKind kind,
                      const std::string& says) {
  const TempFolder folder;
  std::string bytes = bytes_of_file("old.bin");
  const size_t at = bytes.find(from);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, from.size(), to);
  folder.write("changed.bin", bytes);
  expect_error(kind, {folder / "changed.bin", says}, [&] {
    TorchFile file(folder / "changed.bin");
  });
}

// An archive of an empty dict with another part, or with another version.
void expect_archive_refused(const ZipPart& other,
                            ErrorKind kind,
                            std::vector<std::string> says) {
  const TempFolder folder;
  std::vector<ZipPart> parts = {{"a/data.pkl", "\x80\x02}."}};
  if (other.name != "a/version") parts.push_back({"a/version", "3\n"});
  folder.write("good.bin", zip_of(parts));
  if (other.name != "a/version") TorchFile good(folder / "good.bin");
  parts.push_back(other);
  folder.write("bad.bin", zip_of(parts));
  says.push_back(folder / "bad.bin");
  expect_error(kind, says, [&] { TorchFile file(folder / "bad.bin"); });
}

TEST(TorchFile, ArchivesAreHeldAgainstTheFile) {
  // What unpacks to gigabytes is not unpacked, wherever it stands.
  for (const char* name :
       {"a/version", "a/.data/serialization_id", "a/data/0", "a/unknown"})
    expect_archive_refused({.name = name,
                            .bytes = "\xed\xc1\x01",
                            .method = 8,
                            .unpacked_size = 1u << 31},
                           ErrorKind::unsupported,
                           {name, "compressed"});
  expect_archive_refused({.name = "a/x", .bytes = "1", .size = 1 << 20},
                         ErrorKind::format,
                         {"a/x"});
  expect_archive_refused({"a/data.pkl", "."}, ErrorKind::format, {"twice"});
  expect_archive_refused(
      {"b/data.pkl", "."}, ErrorKind::format, {"several", "data.pkl"});
  expect_archive_refused(
      {"a/byteorder", "\x1b[31m"}, ErrorKind::unsupported, {"\"\\x1b[31m\""});
}

TEST(TorchFile, VersionsOfTheArchiveAreNumbers) {
  for (const char* version :
       {"", "abc", "-1", "0", "99", "3 4", "99999999999999999999999999"})
    expect_archive_refused(
        {"a/version", version}, ErrorKind::format, {"version is", "1 to 10"});
  const TempFolder folder;
  folder.write("none.bin", zip_of({{"a/data.pkl", "\x80\x02}."}}));
  expect_error(ErrorKind::format, {folder / "none.bin", "version"}, [&] {
    TorchFile file(folder / "none.bin");
  });
}

TEST(TorchFile, OldFormsOfOtherMachinesAreRefused) {
  using namespace std::string_literals;
  const std::string little = "X\x0d\0\0\0little_endianq\x02"s;
  expect_exchanged(
      little + "\x88", little + "\x89", ErrorKind::unsupported, "byte order");
  expect_exchanged("M\xe9\x03", "M\xe8\x03", ErrorKind::format, "1001");
  expect_exchanged(
      "ctorch\nDoubleStorage", "ctorch\nFloatStorage", ErrorKind::format, "");
}

TEST(Checkpoint, APickleWithoutTensorsIsNoCheckpoint) {
  const TempFolder folder;
  write_torch_file(folder / "pytorch_model.bin", {{{"epoch", {int64_t{3}}}}});
  expect_error(ErrorKind::format,
               {folder / "pytorch_model.bin", "no dict of tensors"},
               [&] { Checkpoint checkpoint(folder.path()); });
}

}  // namespace
}  // namespace lineas
