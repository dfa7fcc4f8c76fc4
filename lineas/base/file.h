// Files as bytes: read whole, mapped read-only, written whole or not at all.
// Knows nothing of any format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace lineas {

/// The whole file as bytes. Throws not_found, or resource when unreadable.
std::string read_file(const std::string& path);

/// A file mapped read-only into memory; pages are loaded on first touch. The
/// bytes live as long as the object.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  /// Gives the pages of [begin, end), and those mapped with them, back to the
  /// system; touching them again reads the file again.
  void release(size_t begin, size_t end) const;

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// Writes through a temporary file beside `path` and renames it into place, so
/// that a reader sees the old bytes or the new, never half. Throws resource
/// (disk full, no permission), usage for an empty name, and leaves no temporary
/// file behind.
void write_file(const std::string& path, std::string_view bytes);
/// The same for output too large for one string.
void write_file(const std::string& path,
                const std::function<void(std::ostream&)>& writer);

/// Throws resource unless `path` could be created or replaced now: called
/// before long work whose result goes there. Leaves nothing behind.
void check_writable(const std::string& path);

bool file_exists(const std::string& path);
bool is_directory(const std::string& path);

}  // namespace lineas
