#include "lineas/data/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"

namespace lineas {
namespace {

/// UTF-16 or UTF-32, one endian: `unit` bytes a unit.
struct WideEncoding {
  const char* name;
  std::string_view mark;
  size_t unit;
  bool is_little;
};

using namespace std::string_view_literals;
// The mark of UTF-32LE begins with that of UTF-16LE, so it is looked for first.
constexpr std::array kWideEncodings = {
    WideEncoding{"UTF-32LE", "\xff\xfe\0\0"sv, 4, true},
    WideEncoding{"UTF-32BE", "\0\0\xfe\xff"sv, 4, false},
    WideEncoding{"UTF-16LE", "\xff\xfe"sv, 2, true},
    WideEncoding{"UTF-16BE", "\xfe\xff"sv, 2, false},
};

char32_t unit_at(std::string_view bytes,
                 size_t at,
                 const WideEncoding& encoding) {
  char32_t code = 0;
  for (size_t i = 0; i < encoding.unit; ++i) {
    const size_t place = encoding.is_little ? encoding.unit - 1 - i : i;
    code = code << 8 | static_cast<unsigned char>(bytes[at + place]);
  }
  return code;
}

void append_utf8(char32_t code, std::string& out) {
  const auto byte = [&out](char32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

bool is_high_surrogate(char32_t code) {
  return code >= 0xd800 && code < 0xdc00;
}
bool is_low_surrogate(char32_t code) {
  return code >= 0xdc00 && code < 0xe000;
}

/// Decodes into `out`; the position of the first byte that is none of the
/// encoding, or nothing.
std::optional<size_t> decode_wide(std::string_view bytes,
                                  const WideEncoding& encoding,
                                  std::string& out) {
  const size_t unit = encoding.unit;
  size_t at = 0;
  while (at + unit <= bytes.size()) {
    char32_t code = unit_at(bytes, at, encoding);
    size_t length = unit;
    if (unit == 2 && is_high_surrogate(code) && at + 4 <= bytes.size()) {
      const char32_t low = unit_at(bytes, at + 2, encoding);
      if (!is_low_surrogate(low)) return at;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      length = 4;
    }
    if (code > 0x10ffff || is_high_surrogate(code) || is_low_surrogate(code))
      return at;
    append_utf8(code, out);
    at += length;
  }
  if (at < bytes.size()) return at;
  return std::nullopt;
}

size_t line_of(std::string_view text, size_t position) {
  const std::string_view before = text.substr(0, position);
  return static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) +
         1;
}

std::string decode_marked(std::string_view bytes,
                          const WideEncoding& encoding,
                          const std::string& path) {
  std::string text;
  const size_t skipped = encoding.mark.size();
  const auto wrong = decode_wide(bytes.substr(skipped), encoding, text);
  if (wrong)
    fail(ErrorKind::format,
         "{}:{}: byte {} of the file is no {}, which its byte order mark says "
         "it is. Was the file cut short?",
         path,
         line_of(text, text.size()),
         *wrong + skipped,
         encoding.name);
  const size_t zero = text.find('\0');
  if (zero != std::string::npos)
    fail(ErrorKind::format,
         "{}:{}: holds the character U+0000 (0x00); remove it",
         path,
         line_of(text, zero));
  return text;
}

/// Whether the C library's iconv takes all of `bytes` as `encoding`: then the
/// program of that name does so too.
bool can_be(std::string_view bytes, const char* encoding) {
  const iconv_t converter = ::iconv_open("UTF-8", encoding);
  if (converter == reinterpret_cast<iconv_t>(-1)) return false;
  std::string in(bytes), out(4 * bytes.size() + 16, '\0');
  char *from = in.data(), *to = out.data();
  size_t from_left = in.size(), to_left = out.size();
  const size_t done = ::iconv(converter, &from, &from_left, &to, &to_left);
  ::iconv_close(converter);
  return done != static_cast<size_t>(-1) && from_left == 0;
}

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

/// Letters with accents stand alone among plain ones; texts in other scripts
/// have bytes above 0x7f in runs.
bool looks_western(std::string_view bytes) {
  size_t high = 0, runs = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (!is_high(bytes[i])) continue;
    ++high;
    if (i == 0 || !is_high(bytes[i - 1])) ++runs;
  }
  return 2 * runs > high;
}

/// Encodings that fit the bytes, the likelier ones first.
std::vector<std::string> fitting_encodings(std::string_view bytes) {
  std::vector<const char*> candidates = {
      "GB18030", "CP932", "BIG5", "EUC-KR", "WINDOWS-1251", "KOI8-R"};
  if (looks_western(bytes))
    candidates = {"WINDOWS-1252"};
  else
    candidates.push_back("WINDOWS-1252");
  std::vector<std::string> fitting;
  for (const char* encoding : candidates)
    if (can_be(bytes, encoding)) fitting.emplace_back(encoding);
  if (fitting.empty()) fitting.emplace_back("ISO-8859-1");  // fits any bytes
  return fitting;
}

/// UTF-16 or UTF-32 without a mark: plain characters have zero bytes on one
/// side only, and everything decodes.
const WideEncoding* guess_wide(std::string_view bytes) {
  for (const WideEncoding& encoding : kWideEncodings) {
    std::string text;
    if (decode_wide(bytes, encoding, text) ||
        text.find('\0') != std::string::npos)
      continue;
    // Latin text taken for the other endian is all in rows of 0x100.
    const auto plain = [](char c) { return c == '\n' || c == ' '; };
    if (encoding.unit == 4 || std::any_of(text.begin(), text.end(), plain) ||
        std::none_of(text.begin(), text.end(), is_high))
      return &encoding;
  }
  return nullptr;
}

/// Characters of more than one byte, and bytes that begin none.
struct Utf8Census {
  size_t valid = 0, invalid = 0;
};
Utf8Census count_utf8(std::string_view bytes) {
  Utf8Census census;
  while (!bytes.empty()) {
    const Utf8Step step = next_utf8(bytes);
    if (!step.code) ++census.invalid;
    if (step.code && step.length > 1) ++census.valid;
    bytes.remove_prefix(std::clamp<size_t>(step.length, 1, bytes.size()));
  }
  return census;
}

// Standard input, and what a shell calls `<(command)`.
bool is_pipe_name(const std::string& path) {
  return path == "-" || path == "/dev/stdin" || path.starts_with("/dev/fd/") ||
         path.starts_with("/proc/self/fd/");
}

std::string iconv_command(const std::string& options, const std::string& path) {
  const std::string command = fmt::format("iconv {} -t UTF-8", options);
  if (is_pipe_name(path)) return command + " before the pipe";
  std::filesystem::path name = path;
  const std::string extension = name.extension().string();
  name.replace_extension(".utf8" + extension);
  return fmt::format("{} {} > {}",
                     command,
                     quote_for_shell(path),
                     quote_for_shell(name.string()));
}

std::string describe_narrow(std::string_view bytes, const std::string& path) {
  const Utf8Census census = count_utf8(bytes);
  if (census.valid > census.invalid)
    return fmt::format(
        "this is not UTF-8 text, though most of the file is. Mend that place, "
        "or leave out what is wrong: {}",
        iconv_command("-c -f UTF-8", path));
  const std::vector<std::string> fitting = fitting_encodings(bytes);
  const std::string command = iconv_command("-f " + fitting[0], path);
  if (fitting.size() == 1)
    return fmt::format(
        "this is not UTF-8 text. {} fits it; convert the file: {}",
        fitting[0],
        command);
  return fmt::format(
      "this is not UTF-8 text. Convert the file from what its writer used; "
      "these encodings fit it: {}. For the first: {}",
      fmt::join(fitting, ", "),
      command);
}

std::string describe(std::string_view bytes,
                     size_t position,
                     const std::string& path) {
  const bool has_zero = bytes.find('\0') != std::string_view::npos;
  if (const WideEncoding* wide = has_zero ? guess_wide(bytes) : nullptr)
    return fmt::format(
        "this is {} text without a byte order mark, and UTF-8 is wanted. "
        "Convert the file: {}",
        wide->name,
        iconv_command(fmt::format("-f {}", wide->name), path));
  if (has_zero)
    return fmt::format("{}. Is this a text file?",
                       bytes[position] == '\0'
                           ? "a text holds no such byte"
                           : "this is not UTF-8 text, and holds zero bytes");
  return describe_narrow(bytes, path);
}

}  // namespace

std::string quote_for_shell(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "._/-+:,@%=";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos)
    return word;
  std::string quoted = "'";
  for (const char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string to_utf8(std::string bytes, const std::string& path) {
  for (const WideEncoding& encoding : kWideEncodings)
    if (bytes.starts_with(encoding.mark))
      return decode_marked(bytes, encoding, path);
  const size_t begin = bytes.starts_with("\xef\xbb\xbf") ? 3 : 0;
  const std::string_view text = std::string_view(bytes).substr(begin);
  const size_t wrong =
      std::min(find_invalid_utf8(text).value_or(text.size()), text.find('\0'));
  if (wrong >= text.size()) {
    bytes.erase(0, begin);
    return bytes;
  }
  fail(ErrorKind::format,
       "{}:{}: byte {} of the file is 0x{:02x}: {}",
       path,
       line_of(text, wrong),
       begin + wrong,
       static_cast<unsigned char>(text[wrong]),
       describe(text, wrong, path));
}

}  // namespace lineas
