#include "lineas/learn/run_state.h"

#include <cstdio>
#include <fstream>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

constexpr const char* kFormat = "lineas.state";

std::string metadata_or_empty(const SafetensorsFile& file,
                              const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? "" : found->second;
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
}

RunKeeper::RunKeeper(RunFiles files, Json identity)
    : files_(std::move(files)), identity_(std::move(identity)) {
  if (files_.log.empty() || files_.resume) return;
  std::ofstream truncated(files_.log, std::ios::trunc);
  if (!truncated)
    fail(ErrorKind::resource, "{}: cannot write the log", files_.log);
}

std::optional<RunState> RunKeeper::load() {
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
  for (const TensorEntry& entry : file.entries())
    state.tensors.emplace_back(entry.name, file.view(entry).clone());
  const Tensor losses = file.view("losses");
  const double* begin = losses.const_data_ptr<double>();
  losses_.assign(begin, begin + losses.numel());
  return state;
}

void RunKeeper::add_step(const StepRecord& record) {
  losses_.push_back(record.loss);
  if (!files_.log.empty()) log_step(record);
}

void RunKeeper::log_step(const StepRecord& record) {
  const Json line = {{"step", losses_.size()},
                     {"loss", record.loss},
                     {"site_loss", record.site_loss},
                     {"lr", record.rate},
                     {"support", record.support}};
  std::ofstream out(files_.log, std::ios::app);
  out << line.dump() << '\n';
  if (!out.flush())
    fail(ErrorKind::resource, "{}: cannot write the log", files_.log);
}

void RunKeeper::save_if_due(bool more_to_come,
                            const std::function<RunState()>& state) {
  const bool is_due =
      files_.save_every > 0 && steps_done() % files_.save_every == 0;
  if (!more_to_come || files_.state.empty()) return;
  if (interrupted()) {
    save(state());
    fail(ErrorKind::cancelled,
         "stopped after step {}; {} is kept, the same command with --resume "
         "continues",
         steps_done(),
         files_.state);
  }
  if (is_due) save(state());
}

void RunKeeper::save(const RunState& state) const {
  std::vector<std::pair<std::string, Tensor>> tensors = state.tensors;
  tensors.emplace_back("losses", at::tensor(losses_, at::kDouble));
  write_safetensors(files_.state,
                    tensors,
                    {{"format", kFormat}, {"identity", identity_.dump()}});
}

void RunKeeper::finish() {
  if (!files_.state.empty()) std::remove(files_.state.c_str());
}

}  // namespace lineas
