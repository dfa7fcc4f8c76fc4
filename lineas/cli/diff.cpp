// lineas diff: how two maps differ, site by site. The exit code says whether
// they do, as that of diff(1).
#include <CLI/Error.hpp>
#include <cstdio>

#include "lineas/base/error.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/program.h"
#include "lineas/maps/compose.h"

namespace lineas {
namespace {

constexpr int kTheyDiffer = 1;

struct Arguments {
  ModelArguments model;  // only --device, --dtype, -t
  std::string first, second;
  double tolerance = 0;
  bool json = false;
};

std::string remark(const SiteDifference& site, const Arguments& arguments) {
  if (!site.in_second) return "only in " + arguments.first;
  if (!site.in_first) return "only in " + arguments.second;
  if (site.first_width != site.second_width)
    return fmt::format(
        "{} and {} neurons", site.first_width, site.second_width);
  return site.support_differs ? "other support range" : "";
}

void print_as_json(const SiteDifference& site) {
  nlohmann::ordered_json line{{"site", to_string(site.key)},
                              {"in", Json::array()},
                              {"max_scale", nullptr},
                              {"rms_scale", nullptr},
                              {"max_shift", nullptr},
                              {"rms_shift", nullptr},
                              {"support_differs", site.support_differs}};
  if (site.in_first) line["in"].push_back("first");
  if (site.in_second) line["in"].push_back("second");
  if (site.in_first && site.first_width == site.second_width) {
    line["max_scale"] = site.max_scale;
    line["rms_scale"] = site.rms_scale;
    line["max_shift"] = site.max_shift;
    line["rms_shift"] = site.rms_shift;
  }
  print_json(line);
}

void print_as_text(const SiteDifference& site, const Arguments& arguments) {
  const bool is_comparable =
      site.in_first && site.first_width == site.second_width;
  if (!is_comparable) {
    fmt::print(
        "{:>44}  {}: {}\n", "", to_string(site.key), remark(site, arguments));
    return;
  }
  const std::string also = remark(site, arguments);
  fmt::print("{:>9.3g}  {:>9.3g}  {:>9.3g}  {:>9.3g}   {}{}{}\n",
             site.max_scale,
             site.rms_scale,
             site.max_shift,
             site.rms_shift,
             to_string(site.key),
             also.empty() ? "" : ": ",
             also);
}

void print_differences(const std::vector<SiteDifference>& sites,
                       const Arguments& arguments) {
  if (!arguments.json)
    fmt::print("{:>20}  {:>20}\n{:>9}  {:>9}  {:>9}  {:>9}   site\n",
               "scale",
               "shift",
               "largest",
               "rms",
               "largest",
               "rms");
  for (const SiteDifference& site : sites)
    if (arguments.json)
      print_as_json(site);
    else
      print_as_text(site, arguments);
}

// Throws the exit code that the parser's run hands on.
void run(const Arguments& arguments) {
  set_threads(arguments.model.threads);
  if (!(arguments.tolerance >= 0))
    fail(ErrorKind::usage, "--tolerance must be 0 or more");
  const Steering first{read_map_set(arguments.first), 1, arguments.first};
  const Steering second{read_map_set(arguments.second), 1, arguments.second};
  const auto rules = rule_differences(first, second);
  std::vector<SiteDifference> sites;
  for (SiteDifference& site : compare_maps(first.set, second.set))
    if (!site.is_equal(arguments.tolerance)) sites.push_back(std::move(site));
  for (const std::string& rule : rules)
    fmt::print(arguments.json ? stderr : stdout, "{}\n", rule);
  if (!sites.empty()) print_differences(sites, arguments);
  if (!sites.empty() || !rules.empty()) throw CLI::RuntimeError(kTheyDiffer);
}

}  // namespace

void add_diff(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "diff", "Say where two maps differ; exit code 0: nowhere, 1: somewhere");
  command.add_option("first", arguments->first, "A map file")
      ->type_name("MAP")
      ->required();
  command.add_option("second", arguments->second, "Another map file")
      ->type_name("MAP")
      ->required();
  command
      .add_option("--tolerance",
                  arguments->tolerance,
                  "Scales and shifts no further apart than this are equal")
      ->type_name("X")
      ->capture_default_str();
  add_device_options(command, arguments->model);
  command.add_flag("--json",
                   arguments->json,
                   "A line a site that differs: site, in (first, second), "
                   "max_scale, rms_scale, max_shift, rms_shift (null where "
                   "there is no pair), support_differs");
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
