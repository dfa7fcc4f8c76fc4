#include "lineas/engine/hub_cache.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf_parts.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "models--";
constexpr std::string_view kNameLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/// The value of a variable that is set and not empty.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string home() {
  return variable("HOME").value_or("");
}

/// "~" at the front, and $NAME or ${NAME} as the first part, are replaced.
std::string expand(const std::string& path) {
  if (path == "~" || path.starts_with("~/")) return home() + path.substr(1);
  if (!path.starts_with('$')) return path;
  const size_t end = std::min(path.find('/'), path.size());
  std::string name = path.substr(1, end - 1);
  if (name.starts_with('{') && name.ends_with('}'))
    name = name.substr(1, name.size() - 2);
  const auto value = variable(name.c_str());
  return value ? *value + path.substr(end) : path;
}

/// One part of a name: no path can be made of it.
bool is_name_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." &&
         part.find_first_not_of(kNameLetters) == std::string_view::npos;
}

bool is_revision(std::string_view text) {
  while (true) {
    const size_t slash = text.find('/');
    if (!is_name_part(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

/// Cuts what is behind the last `mark` off `text`; "" where there is none.
std::string cut_behind(std::string& text, char mark) {
  const size_t at = text.rfind(mark);
  if (at == std::string::npos) return "";
  const std::string behind = text.substr(at + 1);
  text.resize(at);
  return behind;
}

/// ORG/NAME of a folder models--ORG--NAME.
std::optional<std::string> name_of_folder(std::string folder) {
  if (!folder.starts_with(kPrefix)) return std::nullopt;
  folder.erase(0, kPrefix.size());
  // An organisation's name has no two dashes in a row.
  const size_t dashes = folder.find("--");
  if (dashes != std::string::npos) folder.replace(dashes, 2, "/");
  return folder;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// The commit that a branch or tag stands at in the cache, or nothing.
std::optional<std::string> commit_of(const fs::path& folder,
                                     const std::string& revision) {
  const std::string path = (folder / "refs" / revision).string();
  if (!file_exists(path)) return std::nullopt;
  std::string commit = read_file(path);
  while (!commit.empty() && (commit.back() == '\n' || commit.back() == '\r'))
    commit.pop_back();
  if (!is_name_part(commit)) return std::nullopt;
  return commit;
}

/// Where a revision's files lie; main where none is asked for, else the only
/// one there is.
fs::path snapshot_of(const fs::path& folder, const HubName& name) {
  const std::string revision = name.revision.empty() ? "main" : name.revision;
  const std::vector<std::string> commits = names_in(folder / "snapshots");
  const std::string wanted = commit_of(folder, revision).value_or(revision);
  std::vector<std::string> found;
  for (const std::string& commit : commits)
    if (commit == wanted || (wanted.size() >= 7 && commit.starts_with(wanted)))
      found.push_back(commit);
  if (found.empty() && name.revision.empty() && commits.size() == 1)
    found = commits;
  if (found.size() == 1) return folder / "snapshots" / found[0];
  fail(ErrorKind::not_found,
       "model \"{}\": the Hub cache ({}) has no revision \"{}\" of it; it has: "
       "{}",
       name.repository,
       folder.string(),
       revision,
       commits.empty() ? "none" : fmt::format("{}", fmt::join(commits, ", ")));
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// The GGUF models of a snapshot: paths in it. Some repositories have a folder
/// for every variant.
std::vector<std::string> gguf_models_of(const fs::path& snapshot) {
  std::vector<std::string> models = gguf_models_in(snapshot.string());
  for (const std::string& name : names_in(snapshot))
    for (const std::string& model : gguf_models_in((snapshot / name).string()))
      models.push_back(model);
  for (std::string& model : models)
    model = fs::path(model).lexically_relative(snapshot).string();
  return models;
}

/// Whether a file is of that variant: f16 is in m-f16.gguf, not in m-bf16.gguf.
bool is_of_variant(const std::string& file, const std::string& variant) {
  const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0; };
  const std::string text = lower(file), wanted = lower(variant);
  for (size_t at = text.find(wanted); at != std::string::npos;
       at = text.find(wanted, at + 1))
    if (wanted.empty() || at == 0 || !is_letter(text[at - 1])) return true;
  return false;
}

/// The GGUF file of a snapshot: the only one, or the one of the variant.
std::string choose_gguf(const fs::path& snapshot, const HubName& name) {
  const std::vector<std::string> all = gguf_models_of(snapshot);
  std::vector<std::string> fitting;
  for (const std::string& file : all)
    if (is_of_variant(file, name.variant)) fitting.push_back(file);
  if (fitting.size() == 1) return (snapshot / fitting[0]).string();
  if (all.empty() && name.variant.empty())
    fail(ErrorKind::not_found,
         "model \"{}\": what the Hub cache has of it ({}) has no config.json. "
         "Fetch all of it: hf download {}",
         name.repository,
         snapshot.string(),
         name.repository);
  fail(ErrorKind::not_found,
       "model \"{}\": which of its GGUF files is meant by \"{}\"? Write "
       "{}:VARIANT, or give the file. The Hub cache has: {}",
       name.repository,
       name.variant,
       name.repository,
       all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", ")));
}

}  // namespace

std::optional<HubName> parse_hub_name(const std::string& text) {
  HubName name{.repository = text, .revision = "", .variant = ""};
  for (const char* site :
       {"https://huggingface.co/", "huggingface.co/", "hf.co/", "hf://"})
    if (name.repository.starts_with(site))
      name.repository.erase(0, std::string_view(site).size());
  const bool ends_in_slash = name.repository.ends_with('/');
  while (name.repository.ends_with('/')) name.repository.pop_back();
  name.variant = cut_behind(name.repository, ':');
  const size_t at = name.repository.find('@');
  if (at != std::string::npos) {
    name.revision = name.repository.substr(at + 1);
    name.repository.resize(at);
    if (!is_revision(name.revision)) return std::nullopt;
  }
  const size_t slash = name.repository.find('/');
  const bool is_name =
      slash == std::string::npos
          ? !ends_in_slash && is_name_part(name.repository)
          : is_name_part(name.repository.substr(0, slash)) &&
                is_name_part(name.repository.substr(slash + 1));
  return is_name ? std::optional(name) : std::nullopt;
}

std::string hub_cache_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const auto folder = variable(name)) return expand(*folder);
  const std::string caches =
      variable("XDG_CACHE_HOME").value_or(home() + "/.cache");
  const std::string own = variable("HF_HOME").value_or(caches + "/huggingface");
  return expand(own) + "/hub";
}

std::string find_snapshot(const std::string& folder, const HubName& name) {
  const fs::path snapshot = snapshot_of(folder, name);
  const bool has_config = file_exists((snapshot / "config.json").string());
  if (has_config && name.variant.empty()) return snapshot.string();
  return choose_gguf(snapshot, name);
}

std::optional<std::string> find_in_hub_cache(const HubName& name) {
  std::string folder(kPrefix);
  for (const char c : name.repository)
    folder += c == '/' ? std::string("--") : std::string(1, c);
  const fs::path path = fs::path(hub_cache_folder()) / folder;
  if (!is_directory((path / "snapshots").string())) return std::nullopt;
  return find_snapshot(path.string(), name);
}

std::optional<std::string> hub_name_of(const std::string& folder) {
  const fs::path snapshots = fs::path(folder).parent_path();
  if (snapshots.filename() != "snapshots") return std::nullopt;
  return name_of_folder(snapshots.parent_path().filename().string());
}

std::vector<std::string> cached_models() {
  std::vector<std::string> models;
  for (const std::string& folder : names_in(hub_cache_folder()))
    if (const auto name = name_of_folder(folder)) models.push_back(*name);
  return models;
}

}  // namespace lineas
