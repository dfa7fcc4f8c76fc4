// The table of contents of a zip archive whose entries are stored as they are:
// bytes in, stretches of these bytes out. Inflates nothing, so a short file
// never becomes a long one. No LibTorch in here; fuzz_pickle attacks it.
//
// Layout: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 (zip64).
#pragma once

#include <map>
#include <string_view>

namespace lineas {

/// Entry name -> its bytes. Both are parts of the file.
using ZipDirectory = std::map<std::string_view, std::string_view>;

/// Reads the central directory at the end of `file`. Throws format, with
/// `where` and the entry's name, for one that lies outside the file, is named
/// twice, or is of two sizes; unsupported for one that is compressed or
/// encrypted.
ZipDirectory read_zip_directory(std::string_view file, std::string_view where);

}  // namespace lineas
