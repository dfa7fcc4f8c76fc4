// Which encoding the bytes of a text file have. What its byte order mark says
// is read; what can only be guessed is refused, with a command that converts
// that very file.
#pragma once

#include <string>

namespace lineas {

/// The text as UTF-8 without its byte order mark. Reads UTF-8, and UTF-16 and
/// UTF-32 that begin with a byte order mark. Throws a format Error "path:line:
/// ..." for anything else and for zero bytes; `path` "-" is standard input.
std::string to_utf8(std::string bytes, const std::string& path);

/// `word` as one word of a shell command.
std::string quote_for_shell(const std::string& word);

}  // namespace lineas
