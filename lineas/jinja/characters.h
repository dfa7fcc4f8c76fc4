// Text by characters, as Python sees a str: code points, their case, what
// counts as white space. Bytes outside are UTF-8. Knows no values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lineas::jinja {

/// Code points of valid UTF-8, and back.
std::u32string decode(std::string_view text);
std::string encode(std::u32string_view codes);
void append_character(char32_t code, std::string& out);

int64_t count_characters(std::string_view text);
bool is_ascii(std::string_view text);

/// str.isspace of one character: what strip() takes off.
bool is_space(char32_t code);
bool is_letter(char32_t code);
bool is_decimal(char32_t code);
/// Superscripts, fractions, numbers in circles.
bool is_other_number(char32_t code);
/// May stand in a Python identifier behind its first character.
bool is_name_part(char32_t code);
bool is_upper(char32_t code);
bool is_lower(char32_t code);
/// What repr() leaves as it is.
bool is_printable(char32_t code);
/// Where splitlines() breaks.
bool is_line_end(char32_t code);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
/// First character as a title, the rest lower.
std::string capitalize(std::string_view text);
/// Every word so, words being runs of letters with case.
std::string to_title(std::string_view text);
std::string swap_case(std::string_view text);

/// Without the characters at the ends for which `is_dropped` holds.
std::string_view strip_front(std::string_view text,
                             const std::function<bool(char32_t)>& is_dropped);
std::string_view strip_back(std::string_view text,
                            const std::function<bool(char32_t)>& is_dropped);

/// Lines without their ends (Python's splitlines); with them where `keep`.
std::vector<std::string> split_lines(std::string_view text, bool keep = false);

}  // namespace lineas::jinja
