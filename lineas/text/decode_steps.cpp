// The decoders of tokenizer.json, each a function of the whole list of tokens.
#include <algorithm>
#include <optional>

#include "lineas/base/utf8.h"
#include "lineas/text/byte_alphabet.h"
#include "lineas/text/decoding.h"

namespace lineas::decode_steps {
namespace {

using Tokens = std::vector<std::string>;

/// A step that changes every token by itself; `change(token, number)`.
template <typename Change>
DecodeStep each(Change change) {
  return [change](Tokens tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) change(tokens[i], i);
    return tokens;
  };
}

void append_run(std::string& run, Tokens& tokens) {
  if (!find_invalid_utf8(run)) {
    if (!run.empty()) tokens.push_back(run);
  } else {
    tokens.insert(tokens.end(), run.size(), std::string(kReplacement));
  }
  run.clear();
}

/// The clean-up of WordPiece, which knows one rule more.
std::string clean_word(const std::string& token) {
  std::string text = token;
  for (const auto& [from, to] : {std::pair{" .", "."},
                                 {" ?", "?"},
                                 {" !", "!"},
                                 {" ,", ","},
                                 {" ' ", "'"},
                                 {" n't", "n't"},
                                 {" 'm", "'m"},
                                 {" do not", " don't"},
                                 {" 's", "'s"},
                                 {" 've", "'ve"},
                                 {" 're", "'re"}}) {
    replace_all(text, from, to);
  }
  return text;
}

}  // namespace

DecodeStep byte_level() {
  return [](const Tokens& tokens) {
    std::string bytes;
    for (const std::string& token : tokens) {
      bytes += bytes_of_spelling(token).value_or(token);
    }
    std::string text;
    append_lossy(bytes, true, text);
    return Tokens{text};
  };
}

DecodeStep byte_fallback() {
  return [](const Tokens& tokens) {
    Tokens result;
    std::string run;
    for (const std::string& token : tokens) {
      const std::optional<char> byte = fallback_byte(token);
      if (byte) {
        run += *byte;
        continue;
      }
      append_run(run, result);
      result.push_back(token);
    }
    append_run(run, result);
    return result;
  };
}

DecodeStep metaspace(std::string mark, bool drops_first) {
  return each([mark, drops_first](std::string& token, size_t number) {
    replace_all(token, mark, number == 0 && drops_first ? "" : " ");
  });
}

DecodeStep join(std::string between) {
  return [between](const Tokens& tokens) {
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) {
      text += (i > 0 ? between : "") + tokens[i];
    }
    return Tokens{text};
  };
}

DecodeStep strip(std::string content, int64_t start, int64_t stop) {
  return each([content, start, stop](std::string& token, size_t) {
    for (int64_t i = 0; i < start && token.starts_with(content); ++i) {
      token.erase(0, content.size());
    }
    for (int64_t i = 0; i < stop && token.ends_with(content); ++i) {
      token.resize(token.size() - content.size());
    }
  });
}

DecodeStep word_piece(std::string prefix, bool cleans_up) {
  return each([prefix, cleans_up](std::string& token, size_t number) {
    if (number > 0) {
      token =
          token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
    }
    if (cleans_up) token = clean_word(token);
  });
}

DecodeStep word_suffix(std::string suffix) {
  return [suffix](Tokens tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      replace_all(tokens[i], suffix, i + 1 == tokens.size() ? "" : " ");
    }
    return tokens;
  };
}

}  // namespace lineas::decode_steps
