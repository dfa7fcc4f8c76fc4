#include <png.h>

#include <algorithm>
#include <csetjmp>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"
#include "lineas/picture/png.h"

namespace lineas {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
}

void check_text(const PngText& text) {
  const std::string& key = text.keyword;
  const bool is_plain = std::all_of(
      key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (key.empty() || key.size() > 79 || !is_plain || key.front() == ' ' ||
      key.back() == ' ' || key.find("  ") != std::string::npos)
    fail(ErrorKind::usage,
         "picture: \"{}\" is no keyword of a PNG text; 1 to 79 ASCII "
         "characters are, without spaces at its ends",
         printable(key));
  if (text.text.find('\0') != std::string::npos)
    fail(ErrorKind::usage,
         "picture: the text of \"{}\" has a zero byte, which no PNG holds",
         key);
}

// libpng wants pointers that are not const, and does not write to them.
png_text chunk_of(const PngText& text) {
  png_text chunk{};
  chunk.compression = is_ascii(text.text) ? PNG_TEXT_COMPRESSION_NONE
                                          : PNG_ITXT_COMPRESSION_NONE;
  chunk.key = const_cast<char*>(text.keyword.c_str());
  chunk.text = const_cast<char*>(text.text.c_str());
  chunk.text_length = text.text.size();
  return chunk;
}

void append(png_structp png, png_bytep data, size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))
      ->append(reinterpret_cast<const char*>(data), size);
}

void flush(png_structp) {}
void ignore_warning(png_structp, png_const_charp) {}

/// Owns libpng's structs. Nothing with a destructor lives in the functions
/// that libpng jumps out of.
class Writer {
 public:
  Writer() {
    png_ = png_create_write_struct(
        PNG_LIBPNG_VER_STRING, nullptr, nullptr, ignore_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr)
      fail(ErrorKind::resource, "picture: no memory for writing a PNG");
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  bool write(const Picture& picture,
             const std::vector<png_text>& chunks,
             std::string& bytes) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_write_fn(png_, &bytes, append, flush);
    png_set_IHDR(png_,
                 info_,
                 static_cast<png_uint_32>(picture.width),
                 static_cast<png_uint_32>(picture.height),
                 8,
                 PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_text(png_, info_, chunks.data(), static_cast<int>(chunks.size()));
    png_write_info(png_, info_);
    for (int64_t y = 0; y < picture.height; ++y)
      png_write_row(png_, picture.row(y));
    png_write_end(png_, nullptr);
    return true;
  }

 private:
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

std::string encode_png(const Picture& picture,
                       const std::vector<PngText>& texts) {
  if (picture.width < 1 || picture.height < 1 || picture.width > 1'000'000 ||
      picture.height > 1'000'000)
    fail(ErrorKind::shape,
         "picture: {} x {} pixels are no PNG; at most 1000000 a side are",
         picture.width,
         picture.height);
  std::vector<PngText> valid = texts;
  std::vector<png_text> chunks;
  for (PngText& text : valid) {
    check_text(text);
    std::string repaired;
    append_lossy(text.text, /*final=*/true, repaired);
    text.text = repaired;
    chunks.push_back(chunk_of(text));
  }
  std::string bytes;
  if (!Writer().write(picture, chunks, bytes))
    fail(ErrorKind::resource, "picture: libpng cannot write it");
  return bytes;
}

void write_png(const std::string& path,
               const Picture& picture,
               const std::vector<PngText>& texts) {
  write_file(path, encode_png(picture, texts));
}

}  // namespace lineas
