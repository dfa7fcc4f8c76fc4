#include "lineas/learn/run_state.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/memory.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

constexpr const char* kFormat = "lineas.state";

std::string metadata_or_empty(const SafetensorsFile& file,
                              const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? "" : found->second;
}

Tensor read_like(const SafetensorsFile& file,
                 const std::string& name,
                 at::ScalarType type,
                 at::IntArrayRef shape) {
  for (const TensorEntry& entry : file.entries())
    if (entry.name == name && to_scalar_type(entry.dtype) == type &&
        at::IntArrayRef(entry.shape) == shape)
      return file.view(entry).clone();
  fail(ErrorKind::format,
       "{}: no tensor \"{}\" of shape {}, as the state of this run has. "
       "Remove the file to start anew.",
       file.path(),
       name,
       to_string(shape));
}

std::vector<double> read_losses(const SafetensorsFile& file) {
  for (const TensorEntry& entry : file.entries()) {
    if (entry.name != "losses" || entry.dtype != DType::f64) continue;
    const Tensor losses = file.view(entry);
    const double* begin = losses.const_data_ptr<double>();
    return {begin, begin + losses.numel()};
  }
  fail(ErrorKind::format,
       "{}: has no losses. Remove the file to start anew.",
       file.path());
}

// The lines of a log up to that step.
std::string lines_up_to(const std::string& path, int64_t step) {
  if (step == 0 || !file_exists(path)) return "";
  std::ifstream in(path);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object() && json.value("step", step + 1) <= step)
      kept += line + '\n';
  }
  return kept;
}

template <typename T>
bool has_duplicates(std::vector<T> items) {
  std::sort(items.begin(), items.end());
  return std::adjacent_find(items.begin(), items.end()) != items.end();
}

void check_rows(const std::vector<int64_t>& rows, int64_t count) {
  for (const int64_t row : rows)
    if (row < 0 || row >= count)
      fail(ErrorKind::usage, "row {}: there are {} prompts", row, count);
}

Json names_of(const std::vector<SiteIndex>& sites, const SiteTable& table) {
  Json names = Json::array();
  for (const SiteIndex site : sites) names.push_back(table[site].name);
  return names;
}

}  // namespace

void check_problem(const Problem& problem) {
  if (problem.source_rows.empty() || problem.target_rows.empty())
    fail(ErrorKind::usage,
         "learning needs prompts on both sides, not {} source and {} target",
         problem.source_rows.size(),
         problem.target_rows.size());
  if (problem.map_sites.empty() || problem.match_sites.empty())
    fail(ErrorKind::usage, "learning needs a site to map and one to match");
  if (has_duplicates(problem.map_sites) || has_duplicates(problem.match_sites))
    fail(ErrorKind::usage, "a site is listed twice");
  check_rows(problem.source_rows, problem.drive.row_count());
  check_rows(problem.target_rows, problem.drive.row_count());
}

Json state_identity(const Json& provenance, const Problem& problem) {
  const SiteTable& table = problem.drive.sites();
  Json identity = provenance;
  identity["state"] = {{"map_sites", names_of(problem.map_sites, table)},
                       {"match_sites", names_of(problem.match_sites, table)},
                       {"source_rows", problem.source_rows},
                       {"target_rows", problem.target_rows}};
  return identity;
}

RunKeeper::RunKeeper(RunFiles files, Json identity)
    : files_(std::move(files)), identity_(std::move(identity)) {
  if (!files_.state.empty()) check_writable(files_.state);
  if (!files_.log.empty() && !std::ofstream(files_.log, std::ios::app))
    fail(ErrorKind::resource, "{}: cannot write the log", files_.log);
}

void RunKeeper::begin_log() const {
  if (files_.log.empty()) return;
  const std::string kept = lines_up_to(files_.log, steps_done());
  std::ofstream(files_.log, std::ios::trunc) << kept;
  append_log({{"step", losses_.size()},
              {"resident_bytes", resident_bytes()},
              {"peak_resident_bytes", peak_resident_bytes()}});
}

std::optional<RunState> RunKeeper::load(const RunState& pattern) {
  if (!files_.resume || files_.state.empty()) return std::nullopt;
  if (!file_exists(files_.state)) {
    log_warning("{}: nothing to resume, starting from step 1", files_.state);
    return std::nullopt;
  }
  const SafetensorsFile file(files_.state);
  if (metadata_or_empty(file, "format") != kFormat)
    fail(ErrorKind::format, "{}: not a state file of a run", files_.state);
  if (metadata_or_empty(file, "identity") != identity_.dump())
    fail(ErrorKind::usage,
         "{}: the state of a run with other options, prompts or another "
         "model. Resume with what it was begun with, or drop --resume to start "
         "anew.",
         files_.state);
  RunState state;
  for (const auto& [name, tensor] : pattern.tensors)
    state.tensors.emplace_back(
        name, read_like(file, name, tensor.scalar_type(), tensor.sizes()));
  losses_ = read_losses(file);
  return state;
}

void RunKeeper::add_step(const StepRecord& record) {
  losses_.push_back(record.loss);
  if (!files_.log.empty()) log_step(record);
}

void RunKeeper::append_log(const Json& line) const {
  std::ofstream out(files_.log, std::ios::app);
  out << line.dump() << '\n';
  if (!out.flush())
    fail(ErrorKind::resource, "{}: cannot write the log", files_.log);
}

void RunKeeper::log_step(const StepRecord& record) const {
  append_log({{"step", losses_.size()},
              {"loss", record.loss},
              {"site_loss", record.site_loss},
              {"lr", record.rate},
              {"support", record.support},
              {"seconds", record.seconds},
              {"resident_bytes", resident_bytes()},
              {"peak_resident_bytes", peak_resident_bytes()}});
}

void RunKeeper::save_if_due(bool more_to_come,
                            const std::function<RunState()>& state) {
  if (!more_to_come) return;
  if (interrupted()) stop(state);
  const bool is_due =
      files_.save_every > 0 && steps_done() % files_.save_every == 0;
  if (is_due && !files_.state.empty()) save(state());
}

void RunKeeper::stop(const std::function<RunState()>& state) const {
  if (files_.state.empty())
    fail(ErrorKind::cancelled,
         "stopped after step {}; nothing is kept",
         steps_done());
  save(state());
  fail(ErrorKind::cancelled,
       "stopped after step {}; {} is kept, the same command with --resume "
       "continues",
       steps_done(),
       files_.state);
}

void RunKeeper::save(const RunState& state) const {
  std::vector<std::pair<std::string, Tensor>> tensors = state.tensors;
  tensors.emplace_back("losses", at::tensor(losses_, at::kDouble));
  write_safetensors(files_.state,
                    tensors,
                    {{"format", kFormat}, {"identity", identity_.dump()}});
}

void remove_state(const RunFiles& files) {
  if (!files.state.empty()) std::remove(files.state.c_str());
}

}  // namespace lineas
