// PNG files with texts in them: a picture's recipe travels with it. Reading
// takes files of anybody: sizes are checked before anything is allocated.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lineas/picture/picture.h"

namespace lineas {

/// Where the recipe of a picture stands, as JSON; and the words that picture
/// tools show.
inline constexpr const char* kRecipeKeyword = "lineas";
inline constexpr const char* kParametersKeyword = "parameters";

/// A text chunk, UTF-8. Written as tEXt where it is ASCII, else as iTXt.
struct PngText {
  std::string keyword;  // 1 to 79 characters
  std::string text;

  bool operator==(const PngText&) const = default;
};

struct PngFile {
  Picture picture;
  std::vector<PngText> texts;  // in the file's order

  /// The first text of that keyword, "" where there is none.
  std::string text(std::string_view keyword) const;
};

/// The bytes of a PNG file; the same input gives the same bytes. Throws usage
/// for a keyword or a text that PNG cannot hold.
std::string encode_png(const Picture& picture,
                       const std::vector<PngText>& texts = {});
/// The same, written whole or not at all. To find out early that a path cannot
/// be written there is check_writable (lineas/base/file.h).
void write_png(const std::string& path,
               const Picture& picture,
               const std::vector<PngText>& texts = {});

/// Any PNG as 8-bit colours (grey and palettes too; 16 bits are cut to 8,
/// transparency is laid on white), and all its texts (tEXt, zTXt, iTXt). Throws
/// format for bytes that are not a whole PNG, unsupported for more than 2^26
/// pixels.
PngFile decode_png(std::string_view bytes, const std::string& where);
PngFile read_png(const std::string& path);

}  // namespace lineas
