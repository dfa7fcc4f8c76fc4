// lineas compose: several maps made one, or one turned around.
#include "lineas/maps/compose.h"

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/program.h"

namespace lineas {
namespace {

struct Arguments {
  ModelArguments model;  // only --device, --dtype, -t
  std::vector<std::string> maps;
  bool chain = false;
  bool inverse = false;
  bool allow_any_strength = false;
  std::string output;
};

std::vector<Steering> read_parts(const Arguments& arguments) {
  std::vector<Steering> parts;
  for (const std::string& text : arguments.maps) {
    const MapSpec spec = parse_map_spec(text);
    check_strength(spec.strength, arguments.allow_any_strength, text);
    parts.push_back({read_map_set(spec.path), spec.strength, spec.path});
  }
  return parts;
}

MapSet make(const Arguments& arguments) {
  const std::vector<Steering> parts = read_parts(arguments);
  if (arguments.inverse) return invert_map(parts[0]);
  return compose_maps(
      parts, arguments.chain ? Composition::chain : Composition::additive);
}

void run(const Arguments& arguments) {
  set_threads(arguments.model.threads);
  if (arguments.inverse && (arguments.maps.size() != 1 || arguments.chain))
    fail(ErrorKind::usage,
         "--inverse takes one map and no --chain; invert each map and compose "
         "the inverses");
  check_writable(arguments.output);
  const MapSet set = make(arguments);
  write_map_set(arguments.output, set);
  log_info("{}: {} maps", arguments.output, set.maps.size());
}

}  // namespace

void add_compose(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "compose", "Make one map of several, or the inverse of one");
  command
      .add_option("maps",
                  arguments->maps,
                  "Map files, each with its strength (default 1). They add up, "
                  "as several --steer do, whatever their order")
      ->type_name("MAP[:STRENGTH]")
      ->required();
  command.add_flag("--chain",
                   arguments->chain,
                   "One after the other instead, the first one first: each "
                   "maps what the one before made");
  command.add_flag("--inverse",
                   arguments->inverse,
                   "The map that undoes the given one at its strength");
  command.add_flag("--allow-any-strength",
                   arguments->allow_any_strength,
                   "Take strengths outside [0, 1] too");
  add_device_options(command, arguments->model);
  command.add_option("-o,--output", arguments->output, "The map to write")
      ->type_name("MAP.safetensors")
      ->required();
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
