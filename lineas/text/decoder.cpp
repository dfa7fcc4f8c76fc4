#include "lineas/text/decoder.h"

#include <vector>

#include "lineas/base/error.h"
#include "lineas/text/pre_tokenizer.h"
#include "lineas/text/regex.h"

namespace lineas {
namespace {

/// The objects of nested sequences one behind the other.
void flatten(const Json& spec,
             const std::string& where,
             std::vector<Json>& parts) {
  if (require<std::string>(spec, "type", where) != "Sequence") {
    parts.push_back(spec);
    return;
  }
  for (const Json& part : require<std::vector<Json>>(spec, "decoders", where)) {
    flatten(part, where, parts);
  }
}

int64_t read_count(const Json& spec,
                   std::string_view key,
                   const std::string& where) {
  const auto count = require<int64_t>(spec, key, where);
  if (count < 0) fail(ErrorKind::format, "{}: {} {} < 0", where, key, count);
  return count;
}

DecodeStep replace_step(const Json& spec, const std::string& where) {
  const auto pattern = require<Json>(spec, "pattern", where);
  const auto to = require<std::string>(spec, "content", where);
  if (!pattern.is_object() || !pattern.contains("Regex")) {
    const auto from = require<std::string>(pattern, "String", where);
    if (from.empty()) {
      fail(ErrorKind::unsupported, "{}: Replace of an empty String", where);
    }
    return [from, to](std::vector<std::string> tokens) {
      for (std::string& token : tokens) replace_all(token, from, to);
      return tokens;
    };
  }
  const Regex regex(require<std::string>(pattern, "Regex", where), where);
  return [regex, to](std::vector<std::string> tokens) {
    for (std::string& token : tokens) {
      std::string text;
      size_t at = 0;
      for (const auto& [begin, end] : regex.find_all(token)) {
        text.append(token, at, begin - at).append(to);
        at = end;
      }
      token = text.append(token, at);
    }
    return tokens;
  };
}

DecodeStep read_step(const Json& spec, const std::string& where) {
  const auto type = require<std::string>(spec, "type", where);
  if (type == "ByteLevel") return decode_steps::byte_level();
  if (type == "ByteFallback") return decode_steps::byte_fallback();
  if (type == "Fuse") return decode_steps::join("");
  if (type == "Replace") return replace_step(spec, where);
  if (type == "Metaspace") {
    return decode_steps::metaspace(
        require<std::string>(spec, "replacement", where),
        read_prepend_scheme(spec, where) != "never");
  }
  if (type == "Strip") {
    return decode_steps::strip(require<std::string>(spec, "content", where),
                               read_count(spec, "start", where),
                               read_count(spec, "stop", where));
  }
  if (type == "WordPiece") {
    return decode_steps::word_piece(require<std::string>(spec, "prefix", where),
                                    require<bool>(spec, "cleanup", where));
  }
  if (type == "BPEDecoder") {
    return decode_steps::word_suffix(
        require<std::string>(spec, "suffix", where));
  }
  fail(ErrorKind::unsupported,
       "{}: type \"{}\" is not supported (ByteLevel, ByteFallback, Fuse, "
       "Replace, Metaspace, Strip, WordPiece, BPEDecoder, Sequence are)",
       where,
       type);
}

/// The order that can be streamed: ByteLevel alone, or Replace..., Metaspace,
/// ByteFallback, Fuse, Strip at the front.
class StreamableReader {
 public:
  /// False where the parts come in another order.
  bool read(const std::vector<Json>& parts, const std::string& where) {
    if (parts.size() == 1 && parts[0]["type"] == "ByteLevel") {
      decoding_.byte_level = true;
      return true;
    }
    for (const Json& part : parts) {
      if (!append(part, where)) return false;
    }
    return true;
  }
  const Decoding& decoding() const { return decoding_; }

 private:
  bool append(const Json& spec, const std::string& where) {
    const auto type = require<std::string>(spec, "type", where);
    if (type == "Replace" && stage_ <= 1) {
      stage_ = 1;
      const auto pattern = require<Json>(spec, "pattern", where);
      if (!pattern.is_object() || pattern.contains("Regex")) return false;
      decoding_.replacements.emplace_back(
          require<std::string>(pattern, "String", where),
          require<std::string>(spec, "content", where));
      return !decoding_.replacements.back().first.empty();
    }
    if (type == "Metaspace" && enters(2)) {
      decoding_.metaspace = require<std::string>(spec, "replacement", where);
      decoding_.keeps_first = read_prepend_scheme(spec, where) == "never";
      return true;
    }
    if (type == "ByteFallback" && enters(3)) {
      return decoding_.byte_fallback = true;
    }
    if (type == "Fuse" && enters(4)) return true;
    if (type != "Strip" || stage_ != 4) return false;
    stage_ = 5;
    decoding_.strip = require<std::string>(spec, "content", where);
    decoding_.strip_count = read_count(spec, "start", where);
    return read_count(spec, "stop", where) == 0 && !decoding_.strip.empty();
  }

  bool enters(int stage) {
    if (stage_ >= stage) return false;
    stage_ = stage;
    return true;
  }

  Decoding decoding_;
  int stage_ = 0;
};

}  // namespace

Decoding read_decoder(const Json& spec, const std::string& where, bool whole) {
  Decoding decoding;
  if (spec.is_null()) {
    decoding.chain.push_back(decode_steps::join(" "));
    return decoding;
  }
  std::vector<Json> parts;
  flatten(spec, where, parts);
  for (const Json& part : parts) {
    decoding.chain.push_back(read_step(part, where));
  }
  StreamableReader reader;
  return !whole && reader.read(parts, where) ? reader.decoding() : decoding;
}

}  // namespace lineas
