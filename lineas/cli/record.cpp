// lineas record: what a model computes at its sites for a list of prompts, as
// one safetensors file.
#include <numeric>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/program.h"
#include "lineas/generate/text_drive.h"
#include "lineas/tap/recorder.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

struct Arguments : TextRunArguments {
  std::string sites = ".*";
  std::string pool = "mean";
  std::string output;
  int64_t batch = 32;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

std::vector<int64_t> all_rows(const Drive& drive) {
  std::vector<int64_t> rows(drive.row_count());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Tensor row_offsets(const TextDrive& drive) {
  std::vector<int64_t> offsets{0};
  for (const auto& prompt : drive.prompts())
    offsets.push_back(offsets.back() + static_cast<int64_t>(prompt.size()));
  return at::tensor(offsets, at::kLong);
}

NamedTensors record_rows(TextDrive& drive,
                         const std::vector<Place>& places,
                         const RecordOptions& options,
                         bool keeps_tokens) {
  const std::vector<int64_t> rows = all_rows(drive);
  const std::vector<Tensor> recorded =
      keeps_tokens ? record_tokens(drive, rows, places, options)
                   : record(drive, rows, places, options);
  NamedTensors named;
  for (size_t p = 0; p < places.size(); ++p)
    named.emplace_back(drive.name_of(places[p]), recorded[p]);
  if (keeps_tokens) named.emplace_back("row_offsets", row_offsets(drive));
  return named;
}

void run(const Arguments& arguments) {
  const bool keeps_tokens = arguments.pool == "all";
  RecordOptions options{.micro_batch = arguments.batch};
  if (!keeps_tokens) options.reading.pooling = parse_pooling(arguments.pool);
  if (arguments.batch < 1) fail(ErrorKind::usage, "--batch must be 1 or more");
  check_writable(arguments.output);
  const PromptSet prompts = read_prompts(arguments.file);
  const Engine engine = open_engine(arguments.model);
  const auto steerings = load_steerings(engine, arguments.steer);
  warn_of_given_tokens(steerings);
  SteerTap tap(engine.model().sites(), steerings);
  if (!tap.is_idle()) options.before = &tap;
  TextDrive drive(engine.model(), engine.encode(prompts));
  const std::vector<Place> places = drive.places(arguments.sites);
  write_safetensors(arguments.output,
                    record_rows(drive, places, options, keeps_tokens),
                    {{"format", "lineas.acts"},
                     {"version", "1"},
                     {"pool", arguments.pool},
                     {"model", engine.identity().dump()},
                     {"prompts", content_hash(prompts)}});
  log_info("{}: {} prompts at {} sites",
           arguments.output,
           prompts.size(),
           places.size());
}

}  // namespace

void add_record(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "record", "Write what a model computes for prompts to a file");
  add_text_run_options(command, *arguments);
  command
      .add_option("--sites",
                  arguments->sites,
                  "Which sites; a regular expression for the whole name")
      ->type_name("REGEX")
      ->capture_default_str();
  command
      .add_option("--pool",
                  arguments->pool,
                  "Over the tokens of a prompt: mean, max, min, median or last "
                  "(<site> [N, D]); all keeps every token (<site> [S, D] and "
                  "row_offsets [N+1])")
      ->type_name("mean|max|min|median|last|all")
      ->capture_default_str();
  command.add_option("--batch", arguments->batch, "Prompts of one model call")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("-o,--output", arguments->output, "File to write")
      ->type_name("ACTS.safetensors")
      ->required();
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
