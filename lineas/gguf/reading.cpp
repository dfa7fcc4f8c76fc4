#include "lineas/gguf/reading.h"

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {

std::string GgufReading::mark(std::string_view key) {
  std::string full = prefix_ + std::string(key);
  read_.insert(full);
  return full;
}

bool GgufReading::has(std::string_view key) {
  return file_.metadata().contains(mark(key));
}

bool GgufReading::was_read(std::string_view key) const {
  return read_.contains(prefix_ + std::string(key));
}

int64_t GgufReading::size(const char* name) const {
  return require<int64_t>(config, name, file_.path());
}

void GgufReading::refuse(std::string_view key, std::string_view why) const {
  fail(ErrorKind::unsupported,
       "{}: key \"{}{}\" {}",
       file_.path(),
       prefix_,
       key,
       why);
}

void GgufReading::check_all_read() const {
  for (const std::string& key : file_.metadata().keys())
    if (key.starts_with(prefix_) && !read_.contains(key))
      fail(ErrorKind::unsupported,
           "{}: key \"{}\" is none that this program knows for this "
           "architecture, and it may change the numbers",
           file_.path(),
           printable(key));
}

}  // namespace lineas
