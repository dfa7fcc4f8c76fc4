#include "lineas/learn/run_state.h"

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
    if (!json.is_object()) continue;
    const auto found = json.find("step");
    if (found != json.end() && found->is_number_integer() && *found <= step)
      kept += line + '\n';
  }
  return kept;
}

Json names_of(const std::vector<Place>& places, const Drive& drive) {
  Json names = Json::array();
  for (const Place& place : places) names.push_back(drive.name_of(place));
  return names;
}

}  // namespace

Json state_identity(const Json& provenance, const Problem& problem) {
  Json identity = provenance;
  identity["state"] = {
      {"map_sites", names_of(problem.map_places, problem.drive)},
      {"match_sites", names_of(problem.match_places, problem.drive)},
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
  write_file(files_.log, lines_up_to(files_.log, steps_done()));
  append_log(files_.log, {{"step", losses_.size()}});
}

std::optional<RunState> RunKeeper::load(const RunState& pattern) {
  if (!files_.resume || files_.state.empty()) return std::nullopt;
  if (!file_exists(files_.state)) {
    log_warning("{}: nothing to resume, starting from step 1", files_.state);
    return std::nullopt;
  }
  const SafetensorsFile file(files_.state);
  if (file.metadata("format") != kFormat)
    fail(ErrorKind::format, "{}: not a state file of a run", files_.state);
  if (file.metadata("identity") != identity_.dump())
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

void RunKeeper::log_step(const StepRecord& record) const {
  append_log(files_.log,
             {{"step", losses_.size()},
              {"loss", record.loss},
              {"site_loss", record.site_loss},
              {"lr", record.rate},
              {"support", record.support},
              {"seconds", record.seconds}});
}

void RunKeeper::save_if_due(bool is_cancelled,
                            const std::function<RunState()>& state) {
  if (is_cancelled) stop(state);
  const bool is_due =
      files_.save_every > 0 && steps_done() % files_.save_every == 0;
  if (is_due && !files_.state.empty()) save(state());
}

void RunKeeper::stop(const std::function<RunState()>& state) const {
  const bool has_steps = state && steps_done() > 0;
  const std::string when =
      has_steps ? fmt::format("stopped after step {}", steps_done())
                : "stopped before a step was done";
  if (has_steps && !files_.state.empty()) {
    save(state());
    fail(ErrorKind::cancelled,
         "{}; {} is kept, the same command with --resume continues",
         when,
         files_.state);
  }
  if (!files_.state.empty() && file_exists(files_.state))
    fail(ErrorKind::cancelled,
         "{}; {} of an earlier stop is still there, for --resume",
         when,
         files_.state);
  fail(ErrorKind::cancelled, "{}; nothing is kept", when);
}

void RunKeeper::save(const RunState& state) const {
  std::vector<std::pair<std::string, Tensor>> tensors = state.tensors;
  tensors.emplace_back("losses", at::tensor(losses_, at::kDouble));
  write_safetensors(files_.state,
                    tensors,
                    {{"format", kFormat}, {"identity", identity_.dump()}});
}

void append_log(const std::string& path, Json line) {
  line["resident_bytes"] = resident_bytes();
  line["peak_resident_bytes"] = peak_resident_bytes();
  std::ofstream out(path, std::ios::app);
  out << line.dump() << '\n';
  if (!out.flush()) fail(ErrorKind::resource, "{}: cannot write the log", path);
}

void remove_state(const RunFiles& files) {
  if (!files.state.empty()) std::remove(files.state.c_str());
}

}  // namespace lineas
