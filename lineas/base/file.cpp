#include "lineas/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "lineas/base/error.h"

namespace lineas {
namespace {

[[noreturn]] void fail_with_errno(const std::string& path, const char* what) {
  const int code = errno;
  const ErrorKind kind = code == ENOENT || code == ENOTDIR
                             ? ErrorKind::not_found
                             : ErrorKind::resource;
  fail(kind, "{}: {}: {}", path, what, std::strerror(code));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail_with_errno(path, "cannot be opened");
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

struct stat stat_of(const Descriptor& file, const std::string& path) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail_with_errno(path, "cannot be read");
  if (S_ISDIR(info.st_mode)) {
    fail(ErrorKind::resource, "{}: is a folder, a file is needed", path);
  }
  return info;
}

/// Where the bytes of `path` really go: a symbolic link is followed, so that
/// the rename replaces its target and not the link.
std::string resolve(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_symlink(path, ignored)) return path;
  const auto target = std::filesystem::weakly_canonical(path, ignored);
  return ignored ? path : target.string();
}

/// A pipe or device (/dev/stdout, /dev/null) is written in place: it must not
/// be renamed over.
bool is_special(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) &&
         !S_ISDIR(info.st_mode);
}

/// An empty new file beside `path`, removed again unless it is kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path) {
    if (path.empty())
      fail(ErrorKind::usage, "the name of the file to write is empty");
    if (is_directory(path)) {
      fail(ErrorKind::resource, "{}: is a folder, a file name is needed", path);
    }
    static std::atomic<unsigned> counter = 0;
    const auto folder = std::filesystem::path(path).parent_path();
    name_ = (folder / fmt::format(".lineas-{}-{}.tmp", ::getpid(), counter++))
                .string();
    const int fd =
        ::open(name_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0) {
      fail(ErrorKind::resource,
           "{}: cannot be written: {}. Does its folder exist, and may you "
           "write there?",
           path,
           std::strerror(errno));
    }
    ::close(fd);
  }
  ~TemporaryFile() {
    if (!kept_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& name() const { return name_; }
  void rename_to(const std::string& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) {
      fail(ErrorKind::resource,
           "{}: cannot be replaced: {}",
           path,
           std::strerror(errno));
    }
    kept_ = true;
  }

 private:
  std::string name_;
  bool kept_ = false;
};

void write_stream(const std::string& name,
                  const std::string& path,
                  const std::function<void(std::ostream&)>& writer) {
  errno = 0;
  std::ofstream stream(name, std::ios::binary | std::ios::trunc);
  if (stream) writer(stream);
  stream.close();
  if (!stream) {
    fail(ErrorKind::resource,
         "{}: cannot be written: {}. What was there before is unchanged.",
         path,
         errno != 0 ? std::strerror(errno) : "the stream failed");
  }
}

}  // namespace

std::string read_file(const std::string& path) {
  const Descriptor file(path);
  const struct stat info = stat_of(file, path);
  std::string bytes;
  bytes.resize(static_cast<size_t>(info.st_size));
  size_t filled = 0;
  // A pipe has no size, and a file may grow while it is read.
  while (true) {
    if (filled == bytes.size()) bytes.resize(filled + 65536);
    const ssize_t got =
        ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(path, "cannot be read");
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const Descriptor file(path);
  size_ = static_cast<size_t>(stat_of(file, path).st_size);
  if (size_ == 0) return;
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) {
    size_ = 0;
    fail_with_errno(path, "cannot be mapped");
  }
  data_ = static_cast<const std::byte*>(memory);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

// Touching one byte may map the whole block in which the system caches it
// (Linux 6.18: up to what one table of pages spans, 2 MB), so such blocks go
// whole.
void MappedFile::release(size_t begin, size_t end) const {
  if (begin >= end || end > size_) return;
  constexpr uintptr_t kBlock = 2 << 20;
  const auto start = reinterpret_cast<uintptr_t>(data_);
  const uintptr_t first = std::max(start, (start + begin) / kBlock * kBlock);
  const uintptr_t last =
      std::min(start + size_, (start + end + kBlock - 1) / kBlock * kBlock);
  // Only a hint: where it fails the pages just stay.
  ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

void write_file(const std::string& path, std::string_view bytes) {
  write_file(path, [&](std::ostream& stream) {
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
}

void write_file(const std::string& path,
                const std::function<void(std::ostream&)>& writer) {
  const std::string target = resolve(path);
  if (is_special(target)) return write_stream(target, path, writer);
  TemporaryFile temporary(target);
  write_stream(temporary.name(), path, writer);
  temporary.rename_to(target);
}

void check_writable(const std::string& path) {
  const std::string target = resolve(path);
  if (!is_special(target)) {
    const TemporaryFile probe(target);
  } else if (::access(target.c_str(), W_OK) != 0) {
    fail(ErrorKind::resource,
         "{}: cannot be written: {}",
         path,
         std::strerror(errno));
  }
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) &&
         !std::filesystem::is_directory(path, ignored);
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

}  // namespace lineas
