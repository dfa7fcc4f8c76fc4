// The patterns are those of the published tokenizer.json files of the models
// that a name stands for; "plain_text" is what llama.cpp does for "default".
#include "lineas/text/gguf_pre_tokenizer.h"

#include <initializer_list>
#include <string_view>
#include <vector>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr unsigned kNone = 0, kComposes = 1, kIgnoresMerges = 2, kAddsBos = 4,
                   kCleansUp = 8;

// In each: contractions, words with what stands before them, numbers,
// punctuation, white space.
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepSeekLetters =
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽ)"
    R"(Ა-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\x{1F7D}ᾀ-ᾴᾶ-ᾼ\x{1FBE}ῂ-ῄῆ-ῌῐ-\x{1FD3}ῖ-\x{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓ)"
    R"(ℕℙ-ℝℤ\x{2126}ℨ\x{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ)"
    R"(𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)";
constexpr const char* kDeepSeekV3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)"
    R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json split(const char* pattern) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", pattern}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

Json single_digits() {
  return {{"type", "Digits"}, {"individual_digits", true}};
}

Json byte_level(bool cuts_as_gpt2) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"use_regex", cuts_as_gpt2}};
}

Json sequence(std::vector<Json> steps) {
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

Json one_pattern(const char* pattern) {
  return sequence({split(pattern), byte_level(false)});
}

namespace ways {

Json gpt2() {
  return byte_level(true);
}
Json digits_gpt2() {
  return sequence({single_digits(), byte_level(true)});
}
Json llama3() {
  return one_pattern(kLlama3);
}
Json qwen2() {
  return one_pattern(kQwen2);
}
Json tekken() {
  return one_pattern(kTekken);
}
Json gpt4o() {
  return one_pattern(kGpt4o);
}
Json plain_text() {
  return sequence({split(R"([\p{P}\$\+<=>\^~\|]+)"),
                   split(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+)"
                         R"(| ?[^\s\p{L}\p{N}]+|\s+(?!\S))"),
                   split(R"(\p{N}+)"),
                   split("[0-9][0-9][0-9]"),
                   byte_level(false)});
}
Json deepseek_llm() {
  return sequence({split("[\r\n]"),
                   split(kDeepSeekLetters),
                   split(R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)"),
                   split(R"(\s+$)"),
                   split("[一-龥ࠀ-一가-퟿]+"),
                   single_digits(),
                   byte_level(false)});
}
Json deepseek_coder() {
  return sequence({split("[\r\n]"),
                   split(R"(\s?\p{L}+)"),
                   split(R"(\s?\p{P}+)"),
                   split("[一-龥ࠀ-一가-퟿]+"),
                   single_digits(),
                   byte_level(false)});
}
Json deepseek_v3() {
  return sequence({split(R"(\p{N}{1,3})"),
                   split("[一-龥぀-ゟ゠-ヿ]+"),
                   split(kDeepSeekV3),
                   byte_level(false)});
}

}  // namespace ways

struct Entry {
  std::string_view name;
  Json (*way)();
  unsigned flags;
};
constexpr Entry kEntries[] = {
#define LINEAS_GGUF_PRE(name, way, flags) {name, ways::way, flags},
#include "lineas/text/gguf_pre_tokenizers.def"
#undef LINEAS_GGUF_PRE
};

}  // namespace

GgufWords find_gguf_words(const std::string& name, const std::string& where) {
  std::vector<std::string_view> known;
  for (const Entry& entry : kEntries) {
    known.push_back(entry.name);
    if (entry.name != name) continue;
    return {entry.way(),
            (entry.flags & kComposes) != 0,
            (entry.flags & kIgnoresMerges) != 0,
            (entry.flags & kAddsBos) != 0,
            (entry.flags & kCleansUp) != 0};
  }
  fail(ErrorKind::unsupported,
       "{}: key \"tokenizer.ggml.pre\" is \"{}\", a way to cut text that this "
       "program does not know; known: {}",
       where,
       printable(name),
       fmt::join(known, ", "));
}

}  // namespace lineas
