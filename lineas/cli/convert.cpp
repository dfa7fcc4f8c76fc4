// lineas convert: between a map file and a folder of the published programs'
// .statedict files.
#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/program.h"
#include "lineas/maps/statedict.h"

namespace lineas {
namespace {

struct Arguments {
  ModelArguments model;  // only --device, --dtype, -t
  std::string input, output;
  StatedictOptions options;
};

void run(const Arguments& arguments) {
  set_threads(arguments.model.threads);
  MapSet set;
  if (is_directory(arguments.input)) {
    check_writable(arguments.output);
    set = read_statedict_folder(arguments.input, arguments.options);
    write_map_set(arguments.output, set);
  } else {
    set = read_map_set(arguments.input);
    if (arguments.options.only_means)
      fail(ErrorKind::usage,
           "--only-means: goes with a folder, and {} is a map file",
           arguments.input);
    if (file_exists(arguments.output))
      fail(ErrorKind::usage,
           "{}: is a file; a map file is converted to a folder",
           arguments.output);
    write_statedict_folder(arguments.output, set);
  }
  log_info("{}: {} maps", arguments.output, set.maps.size());
}

}  // namespace

void add_convert(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "convert",
      "Turn a folder of the published programs' .statedict files into a map "
      "file, or a map file into such a folder");
  command
      .add_option("what",
                  arguments->input,
                  "A folder with <module>.statedict files, or a map file")
      ->type_name("FOLDER|MAP")
      ->required();
  command.add_flag("--only-means",
                   arguments->options.only_means,
                   "Files of means and deviations: shift by the means alone "
                   "(mean-act); else they are Gaussian maps");
  add_device_options(command, arguments->model);
  command
      .add_option("-o,--output",
                  arguments->output,
                  "The map file to write, or the folder to make")
      ->type_name("MAP|FOLDER")
      ->required();
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
