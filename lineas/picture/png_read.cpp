#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"
#include "lineas/picture/png.h"

namespace lineas {
namespace {

constexpr int64_t kMostRead = int64_t{1} << 26;
// Deflate never makes more of a byte than this.
constexpr uint64_t kMostInflation = 1032;
constexpr int kMostChunks = 64;
constexpr size_t kMostOfAChunk = 4 << 20;

/// Owns libpng's structs and the place in the bytes. Nothing with a destructor
/// lives in the functions that libpng jumps out of.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this, keep_message, ignore_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr)
      fail(ErrorKind::resource, "picture: no memory for reading a PNG");
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, take);
    png_set_user_limits(png_, 0x7fffffff, 0x7fffffff);
    png_set_chunk_cache_max(png_, kMostChunks);
    png_set_chunk_malloc_max(png_, kMostOfAChunk);
    png_read_info(png_, info_);
    width = png_get_image_width(png_, info_);
    height = png_get_image_height(png_, info_);
    stored_row_bytes = png_get_rowbytes(png_, info_);
    return true;
  }

  bool set_up_colours() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    row_bytes = png_get_rowbytes(png_, info_);
    return true;
  }

  // Into height rows of row_bytes; and what stands behind the pixels.
  bool read_pixels(png_bytep* rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    png_read_end(png_, info_);
    return true;
  }

  std::vector<PngText> texts() {
    png_textp found = nullptr;
    int count = 0;
    png_get_text(png_, info_, &found, &count);
    std::vector<PngText> texts;
    for (int i = 0; i < count; ++i) texts.push_back(utf8_of(found[i]));
    return texts;
  }

  const char* message() const { return message_; }

  int64_t width = 0;
  int64_t height = 0;
  size_t stored_row_bytes = 0;
  size_t row_bytes = 0;

 private:
  // tEXt and zTXt are Latin-1 by the standard; who writes UTF-8 into them all
  // the same is understood.
  static PngText utf8_of(const png_text& chunk) {
    const bool is_utf8 = chunk.compression >= PNG_ITXT_COMPRESSION_NONE;
    const size_t size = is_utf8 ? chunk.itxt_length : chunk.text_length;
    const std::string bytes(chunk.text == nullptr ? "" : chunk.text,
                            chunk.text == nullptr ? 0 : size);
    PngText text{.keyword = printable(chunk.key)};
    if (is_utf8 || !find_invalid_utf8(bytes)) {
      append_lossy(bytes, /*final=*/true, text.text);
      return text;
    }
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        text.text += c;
      } else {
        text.text += static_cast<char>(0xc0 | (byte >> 6));
        text.text += static_cast<char>(0x80 | (byte & 0x3f));
      }
    }
    return text;
  }

  static void take(png_structp png, png_bytep to, size_t size) {
    auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (size > reader->rest_.size()) png_error(png, "it ends too early");
    std::memcpy(to, reader->rest_.data(), size);
    reader->rest_.remove_prefix(size);
  }
  [[noreturn]] static void keep_message(png_structp png, png_const_charp what) {
    auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
    std::strncpy(reader->message_, what, sizeof reader->message_ - 1);
    png_longjmp(png, 1);
  }
  static void ignore_warning(png_structp, png_const_charp) {}

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view rest_;
  char message_[160] = {};
};

[[noreturn]] void fail_damaged(const Reader& reader, const std::string& where) {
  fail(ErrorKind::format,
       "{}: is a damaged PNG: {}",
       where,
       printable(reader.message()));
}

// libpng allocates what a chunk's head claims before it reads it.
void check_chunks(std::string_view bytes, const std::string& where) {
  constexpr size_t kSignature = 8, kAround = 12;
  std::string_view rest = bytes.substr(kSignature);
  while (rest.size() >= kAround) {
    const size_t length =
        png_get_uint_32(reinterpret_cast<png_const_bytep>(rest.data()));
    if (length > rest.size() - kAround)
      fail(ErrorKind::format,
           "{}: is a damaged PNG: a chunk of {} bytes is said to be in the "
           "last {}",
           where,
           length,
           rest.size());
    rest.remove_prefix(length + kAround);
  }
}

// What is claimed is believed only where the bytes could hold it.
void check_size(const Reader& reader, size_t bytes, const std::string& where) {
  if (reader.width > kMostRead / reader.height)
    fail(ErrorKind::unsupported,
         "{}: {} x {} pixels, at most {} in all are read",
         where,
         reader.width,
         reader.height,
         kMostRead);
  const uint64_t claimed =
      reader.stored_row_bytes * static_cast<uint64_t>(reader.height);
  if (claimed / kMostInflation > bytes)
    fail(ErrorKind::format,
         "{}: is a damaged PNG: its {} bytes cannot hold {} x {} pixels",
         where,
         bytes,
         reader.width,
         reader.height);
}

// What shows through is white.
void lay_on_white(const std::vector<uint8_t>& rgba, Picture& picture) {
  const size_t pixels = rgba.size() / 4;
  for (size_t i = 0; i < pixels; ++i)
    for (size_t c = 0; c < 3; ++c) {
      const int alpha = rgba[4 * i + 3];
      const int sum = rgba[4 * i + c] * alpha + 255 * (255 - alpha);
      picture.rgb[3 * i + c] = static_cast<uint8_t>((sum + 127) / 255);
    }
}

}  // namespace

std::string PngFile::text(std::string_view keyword) const {
  for (const PngText& one : texts)
    if (one.keyword == keyword) return one.text;
  return "";
}

PngFile decode_png(std::string_view bytes, const std::string& where) {
  if (bytes.size() < 8 ||
      png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, 8) != 0)
    fail(ErrorKind::format, "{}: is not a PNG file", where);
  check_chunks(bytes, where);
  Reader reader(bytes);
  if (!reader.read_header()) fail_damaged(reader, where);
  check_size(reader, bytes.size(), where);
  if (!reader.set_up_colours()) fail_damaged(reader, where);
  PngFile file{.picture = blank_picture(reader.width, reader.height)};
  if (reader.row_bytes != static_cast<size_t>(reader.width) * 4)
    fail(ErrorKind::unsupported, "{}: its colours are not understood", where);
  std::vector<uint8_t> rgba(reader.row_bytes *
                            static_cast<size_t>(reader.height));
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < reader.height; ++y)
    rows.push_back(rgba.data() + static_cast<size_t>(y) * reader.row_bytes);
  if (!reader.read_pixels(rows.data())) fail_damaged(reader, where);
  lay_on_white(rgba, file.picture);
  file.texts = reader.texts();
  return file;
}

PngFile read_png(const std::string& path) {
  return decode_png(read_file(path), path);
}

}  // namespace lineas
