#include "lineas/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>

#include "lineas/base/error.h"
#include "lineas/base/memory.h"

namespace lineas {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("lineas-file-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  size_t files() const {
    using Iterator = std::filesystem::directory_iterator;
    return static_cast<size_t>(std::distance(Iterator(folder_), Iterator()));
  }

  std::filesystem::path folder_;
};

template <typename F>
ErrorKind kind_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no Error";
  return ErrorKind::usage;
}

TEST_F(FileTest, WritesAndReads) {
  const std::string bytes("a\0b\xff", 4);
  write_file(path("x"), bytes);
  EXPECT_EQ(read_file(path("x")), bytes);
  write_file(path("x"), [](std::ostream& out) { out << "second"; });
  EXPECT_EQ(read_file(path("x")), "second");
  EXPECT_EQ(files(), 1u);
  EXPECT_TRUE(file_exists(path("x")));
  EXPECT_FALSE(file_exists(folder_));
  EXPECT_TRUE(is_directory(folder_));
}

TEST_F(FileTest, MissingAndFolders) {
  EXPECT_EQ(kind_of([&] { read_file(path("no")); }), ErrorKind::not_found);
  EXPECT_EQ(kind_of([&] { read_file(folder_); }), ErrorKind::resource);
  EXPECT_EQ(kind_of([&] { MappedFile file(path("no")); }),
            ErrorKind::not_found);
  EXPECT_EQ(kind_of([&] { write_file(path("no/x"), "a"); }),
            ErrorKind::resource);
  EXPECT_EQ(kind_of([&] { check_writable(path("no/x")); }),
            ErrorKind::resource);
  EXPECT_EQ(kind_of([&] { check_writable(folder_); }), ErrorKind::resource);
}

TEST_F(FileTest, AFailedWriteLeavesTheOldBytesAndNothingElse) {
  write_file(path("x"), "old");
  EXPECT_THROW(write_file(path("x"),
                          [](std::ostream& out) {
                            out << "new";
                            throw std::runtime_error("stop");
                          }),
               std::runtime_error);
  EXPECT_EQ(kind_of([&] {
              write_file(path("x"), [](std::ostream& out) {
                out.setstate(std::ios::badbit);
              });
            }),
            ErrorKind::resource);
  EXPECT_EQ(read_file(path("x")), "old");
  EXPECT_EQ(files(), 1u);
}

TEST_F(FileTest, AFullDiskIsAnError) {
  EXPECT_EQ(kind_of([] { write_file("/dev/full", "bytes"); }),
            ErrorKind::resource);
}

TEST_F(FileTest, DevicesAreWrittenInPlace) {
  write_file("/dev/null", "gone");
  check_writable("/dev/null");
  struct stat info {};
  ASSERT_EQ(::stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_F(FileTest, ALinkIsFollowed) {
  write_file(path("target"), "old");
  std::filesystem::create_symlink(path("target"), path("link"));
  write_file(path("link"), "new");
  EXPECT_EQ(read_file(path("target")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
}

TEST_F(FileTest, CheckWritableLeavesNothing) {
  check_writable(path("fresh"));
  EXPECT_EQ(files(), 0u);
}

TEST_F(FileTest, MapsAndReleases) {
  const std::string bytes(20000, 'm');
  write_file(path("x"), bytes);
  const MappedFile file(path("x"));
  ASSERT_EQ(file.bytes().size(), bytes.size());
  file.release(0, 20000);
  file.release(5000, 5001);
  file.release(30000, 40000);
  EXPECT_EQ(static_cast<char>(file.bytes()[19999]), 'm');
  write_file(path("empty"), "");
  EXPECT_TRUE(MappedFile(path("empty")).bytes().empty());
}

// Where the system maps large blocks around a byte, they are let go as well.
TEST_F(FileTest, ReleaseLeavesNothingMapped) {
  constexpr size_t kStep = 1 << 20, kSteps = 64;
  // In pieces, as the system then caches it in blocks of about that size.
  write_file(path("x"), [](std::ostream& out) {
    for (size_t i = 0; i < kSteps; ++i) out << std::string(kStep, 'm');
  });
  const MappedFile file(path("x"));
  const int64_t before = resident_bytes();
  for (size_t i = 0; i < kSteps; ++i) {
    const size_t middle = i * kStep + kStep / 2 + 12345;
    EXPECT_EQ(static_cast<char>(file.bytes()[middle]), 'm');
    file.release(middle, middle + 1);
  }
  EXPECT_LT(resident_bytes(), before + (1 << 20));
}

TEST_F(FileTest, AnEmptyNameIsAWrongCall) {
  EXPECT_EQ(kind_of([] { check_writable(""); }), ErrorKind::usage);
  EXPECT_EQ(kind_of([] { write_file("", "x"); }), ErrorKind::usage);
}

}  // namespace
}  // namespace lineas
