#include "lineas/data/prompt_source.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/base/log.h"
#include "lineas/data/blank.h"
#include "lineas/data/csv.h"
#include "lineas/data/encoding.h"

namespace lineas {
namespace {

const Dataset* find_dataset(const std::string& name) {
  for (const Dataset& dataset : datasets())
    if (dataset.name == name) return &dataset;
  return nullptr;
}

std::string dataset_names() {
  std::vector<std::string> names;
  for (const Dataset& dataset : datasets()) names.push_back(dataset.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_standard_input(const std::string& path) {
  return path == "-" || path == "/dev/stdin" || path == "/dev/fd/0" ||
         path == "/proc/self/fd/0";
}

bool is_pipe(const std::string& path) {
  std::error_code ignored;
  return is_standard_input(path) ||
         (std::filesystem::exists(path, ignored) &&
          !std::filesystem::is_regular_file(path, ignored) &&
          !is_directory(path));
}

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

/// Compressed files: how their bytes begin, how they are called, and what
/// writes their content to a pipe.
struct Compression {
  std::string_view magic;
  const char* extension;
  const char* command;
};
constexpr std::array kCompressions = {
    Compression{"\x1f\x8b", ".gz", "gzip -dc"},
    Compression{"BZh", ".bz2", "bzip2 -dc"},
    Compression{"\xfd"
                "7zXZ",
                ".xz",
                "xz -dc"},
    Compression{"\x28\xb5\x2f\xfd", ".zst", "zstd -dc"},
    Compression{"PK\x03\x04", ".zip", "unzip -p"},
};

[[noreturn]] void fail_compressed(const PromptSpec& spec,
                                  const Compression& compression) {
  if (is_pipe(spec.path))
    fail(ErrorKind::format,
         "{}: is compressed ({}); put `{}` before the pipe",
         spec.path,
         compression.extension,
         compression.command);
  fail(ErrorKind::format,
       "{0}: is compressed ({1}). Unpack it, or: {2} {3} | lineas ... -f -",
       spec.path,
       compression.extension,
       compression.command,
       quote_for_shell(spec.path));
}

std::optional<PromptFormat> format_by_name(const PromptSpec& spec) {
  static const std::map<std::string, PromptFormat> formats = {
      {".txt", PromptFormat::txt},
      {".jsonl", PromptFormat::jsonl},
      {".ndjson", PromptFormat::jsonl},
      {".csv", PromptFormat::csv},
      {".tsv", PromptFormat::tsv},
      {".json", PromptFormat::json}};
  const std::string extension = extension_of(spec.path);
  const auto found = formats.find(extension);
  if (found != formats.end()) return found->second;
  if (extension.empty() || is_pipe(spec.path)) return std::nullopt;
  for (const Compression& compression : kCompressions)
    if (extension == compression.extension) fail_compressed(spec, compression);
  fail(ErrorKind::usage,
       "{}: prompts are read from .txt, .jsonl, .csv, .tsv and .json files, "
       "not from \"{}\"",
       spec.path,
       extension);
}

/// Whether it is a JSON value of that type.
bool is_json(std::string_view text, Json::value_t type) {
  const Json value = Json::parse(text, nullptr, false);
  return !value.is_discarded() && value.type() == type;
}

bool has_named_column(const TextFile& file) {
  try {
    const CsvTable table = read_csv(file, {.names = {"text", "prompt"}});
    return table.columns.size() > 1 &&
           (table.find_column("text", file.path()) ||
            table.find_column("prompt", file.path()));
  } catch (const Error&) {
    return false;
  }
}

/// Objects that end with their lines: several, or one that is a prompt.
bool is_json_lines(const TextFile& file) {
  const std::string_view text = trim_blanks(file.text());
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  if (line.size() < text.size() || object.contains("ids")) return true;
  for (const char* key : {"text", "prompt"})
    if (object.contains(key) && object[key].is_string()) return true;
  return false;
}

PromptFormat format_by_content(const PromptSpec& spec, const TextFile& file) {
  if (is_json_lines(file)) return PromptFormat::jsonl;
  const std::string_view text = trim_blanks(file.text());
  if (is_json(text, Json::value_t::object) ||
      is_json(text, Json::value_t::array))
    return PromptFormat::json;
  return !spec.subset.empty() || has_named_column(file) ? PromptFormat::csv
                                                        : PromptFormat::txt;
}

std::string read_standard_input(const std::string& path) {
  static std::atomic<bool> is_taken = false;
  if (is_taken.exchange(true))
    fail(ErrorKind::usage,
         "{}: standard input was read already, and can be read only once. "
         "Put one of the lists in a file",
         path);
  if (isatty(STDIN_FILENO) == 1)
    log_info("reading prompts from the terminal; ctrl-D ends them");
  return read_file("/dev/stdin");
}

}  // namespace

std::string PromptSpec::text() const {
  return subset.empty() ? path : fmt::format("{}#{}", path, subset);
}

std::string PromptSpec::name() const {
  std::string name = std::filesystem::path(path).filename().string();
  if (is_standard_input(path))
    name = "stdin";
  else if (path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/"))
    name = "pipe";
  if (dataset != nullptr) name = fmt::format("{}:{}", dataset->name, name);
  return subset.empty() ? name : fmt::format("{}#{}", name, subset);
}

PromptSpec parse_prompt_spec(const std::string& text) {
  PromptSpec spec;
  if (text != "-" && file_exists(text)) return {nullptr, text, ""};
  spec.path = text;
  const size_t hash = spec.path.rfind('#');
  if (hash != std::string::npos) {
    spec.subset = spec.path.substr(hash + 1);
    spec.path.resize(hash);
  }
  const size_t colon = spec.path.find(':');
  if (colon == std::string::npos || file_exists(spec.path)) return spec;
  const std::string name = spec.path.substr(0, colon);
  spec.dataset = find_dataset(name);
  if (spec.dataset == nullptr)
    fail(ErrorKind::usage,
         "{}: there is no file of that name, and no data set \"{}\" (known: "
         "{})",
         text,
         name,
         dataset_names());
  spec.path.erase(0, colon + 1);
  return spec;
}

std::string read_prompt_bytes(const PromptSpec& spec) {
  return is_standard_input(spec.path) ? read_standard_input(spec.path)
                                      : read_file(spec.path);
}

void refuse_compressed(const PromptSpec& spec, std::string_view bytes) {
  for (const Compression& compression : kCompressions)
    if (bytes.starts_with(compression.magic))
      fail_compressed(spec, compression);
}

void check_format(const PromptSpec& spec) {
  if (spec.dataset == nullptr) format_by_name(spec);
}

PromptFormat find_format(const PromptSpec& spec, const TextFile& file) {
  const auto format = format_by_name(spec);
  if (!format) return format_by_content(spec, file);
  // Many call a file of JSON lines .json.
  const bool is_lines = *format == PromptFormat::json && spec.subset.empty() &&
                        is_json_lines(file);
  return is_lines ? PromptFormat::jsonl : *format;
}

}  // namespace lineas
