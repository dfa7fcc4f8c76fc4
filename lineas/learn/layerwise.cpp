#include "lineas/learn/layerwise.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/numbers.h"
#include "lineas/base/seed.h"
#include "lineas/descent/objective.h"
#include "lineas/learn/run_state.h"
#include "lineas/learn/site_order.h"
#include "lineas/learn/site_samples.h"
#include "lineas/ot/shrinkage.h"
#include "lineas/ot/support.h"
#include "lineas/tap/stoppable_drive.h"

namespace lineas {
namespace {

struct Percentiles {
  double low = 0, high = 100;
};

std::optional<Percentiles> parse_support(const std::string& text) {
  if (text == "all") return std::nullopt;
  const auto number = [](std::string_view part) {
    return parse_number<double>(part).value_or(-1);
  };
  const std::string_view view = text;
  const size_t comma = view.find(',');
  if (comma != std::string_view::npos) {
    const Percentiles range{number(view.substr(0, comma)),
                            number(view.substr(comma + 1))};
    if (range.low >= 0 && range.low < range.high && range.high <= 100)
      return range;
  }
  fail(ErrorKind::usage,
       "--support-range {}: use LO,HI with 0 <= LO < HI <= 100 (percent of the "
       "source prompts), or all",
       text);
}

bool parse_target_runs(const std::string& text) {
  if (text == "mapped" || text == "untouched") return text == "mapped";
  fail(ErrorKind::usage, "--target-runs {}: use mapped or untouched", text);
}

// The options' words as what they mean.
struct Settings {
  ResponseOptions response;
  bool map_target;
  SiteOrder order;
  std::optional<Percentiles> support;
  OtMatch match;
};

Settings parse_settings(const LayerwiseOptions& options) {
  if (options.micro_batch < 0)
    fail(ErrorKind::usage, "--micro-batch {}: 0 or more", options.micro_batch);
  return {.response = {.reading = {parse_pooling(options.pool)},
                       .position = parse_position(options.position),
                       .micro_batch = options.micro_batch},
          .map_target = parse_target_runs(options.target_runs),
          .order = parse_site_order(options.site_order),
          .support = parse_support(options.support_range),
          .match = parse_ot_match(options.ot_match)};
}

void stop_if(bool is_cancelled) {
  if (is_cancelled) fail(ErrorKind::cancelled, "stopped");
}

struct LossChange {
  double before = 0, after = 0;
};

// One run: the fits so far, and what is to be said of them.
class Run {
 public:
  /// Is told of every site that is fitted for good.
  using Fitted = std::function<void(size_t place, const LossChange&)>;

  Run(const LayerwiseOptions& options,
      const LayerwiseMethod& method,
      const Problem& problem,
      const Progress& progress,
      Fitted fitted)
      : options_(options),
        method_(method),
        problem_(problem),
        progress_(progress),
        fitted_(std::move(fitted)),
        settings_(parse_settings(options)),
        fits_(problem.map_places.size()),
        losses_(problem.map_places.size()) {}

  void fit();
  MapSet result() const;

 private:
  SiteSamples samples_of(const Tensor& source_ND,
                         const Tensor& target_MD) const;
  Tensor draw(const Tensor& side, int64_t count, uint64_t label) const;
  void fit_site(size_t place, const SiteSamples& samples);
  void measure(size_t place, const SiteSamples& samples);
  void choose();
  void fit_at_once();
  void fit_incrementally();

  const LayerwiseOptions& options_;
  const LayerwiseMethod& method_;
  const Problem& problem_;
  const Progress& progress_;
  Fitted fitted_;
  Settings settings_;
  std::vector<SiteFit> fits_;
  std::vector<LossChange> losses_;
  Json report_ = Json::object();
};

// What the published program does with unequal counts: as many of the larger
// side as there are on the smaller.
Tensor Run::draw(const Tensor& side, int64_t count, uint64_t label) const {
  if (side.size(0) == count) return side;
  const auto seed = static_cast<uint64_t>(options_.seed);
  std::vector<int64_t> order =
      Random(derive_seed(seed, {label})).permutation(side.size(0));
  order.resize(count);
  return side.index_select(0, at::tensor(order, at::kLong).to(side.device()));
}

SiteSamples Run::samples_of(const Tensor& source_ND,
                            const Tensor& target_MD) const {
  if (settings_.match == OtMatch::exact) return {source_ND, target_MD};
  const int64_t count = std::min(source_ND.size(0), target_MD.size(0));
  return {draw(source_ND, count, 0), draw(target_MD, count, 1)};
}

void Run::fit_site(size_t place, const SiteSamples& samples) {
  stop_if(progress_.is_cancelled());
  SiteFit fit = method_.fit(samples.source_ND, samples.target_MD);
  const std::string name = problem_.drive.name_of(problem_.map_places[place]);
  check_finite(fit.map.scale_D, name, "the fitted scale");
  check_finite(fit.map.shift_D, name, "the fitted shift");
  fit.map = samples.without_rounding(fit.map);
  if (settings_.support) {
    const QuantileRange range = quantile_range(
        samples.source_ND, settings_.support->low, settings_.support->high);
    fit.map.support = {range.low_D.to(at::kFloat), range.high_D.to(at::kFloat)};
  }
  fits_[place] = std::move(fit);
}

void Run::measure(size_t place, const SiteSamples& samples) {
  stop_if(progress_.is_cancelled());
  losses_[place] = {
      samples.distance(AffineMap::identity(fits_[place].map.width())),
      samples.distance(fits_[place].map)};
  fitted_(place, losses_[place]);
}

void Run::choose() {
  if (method_.choose) method_.choose(fits_, report_);
}

void Run::fit_at_once() {
  std::vector<int64_t> rows = problem_.source_rows;
  rows.insert(
      rows.end(), problem_.target_rows.begin(), problem_.target_rows.end());
  const std::vector<Tensor> recorded =
      record(problem_.drive,
             rows,
             problem_.map_places,
             {.reading = settings_.response.reading,
              .micro_batch = options_.micro_batch});
  const auto n = static_cast<int64_t>(problem_.source_rows.size());
  const auto samples = [&](size_t place) {
    const Tensor& all = recorded[place];
    return samples_of(all.narrow(0, 0, n), all.narrow(0, n, all.size(0) - n));
  };
  for (size_t place = 0; place < fits_.size(); ++place)
    fit_site(place, samples(place));
  choose();
  for (size_t place = 0; place < fits_.size(); ++place)
    measure(place, samples(place));
}

void Run::fit_incrementally() {
  const FrontierOptions options{.response = settings_.response,
                                .map_target = settings_.map_target};
  const FrontierFit fit =
      [this](size_t place, const Tensor& source_ND, const Tensor& target_MD) {
        const SiteSamples samples = samples_of(source_ND, target_MD);
        fit_site(place, samples);
        measure(place, samples);
        return fits_[place].map;
      };
  if (settings_.order == SiteOrder::listed)
    fit_as_listed(problem_, options, fit);
  else
    fit_at_frontier(problem_, options, fit);
  choose();
}

void Run::fit() try {
  if (options_.at_once)
    fit_at_once();
  else
    fit_incrementally();
} catch (const Error& error) {
  if (error.kind() != ErrorKind::cancelled) throw;
  fail(ErrorKind::cancelled, "{}; nothing is kept", error.what());
}

MapSet Run::result() const {
  MapSet set;
  set.rules.position = settings_.response.position;
  set.provenance = problem_.identity;
  set.provenance.update(report_);
  Json before = Json::array(), after = Json::array();
  for (size_t place = 0; place < fits_.size(); ++place) {
    set.maps.add(key_of(problem_.map_places[place], problem_.drive.sites()),
                 fits_[place].map);
    before.push_back(losses_[place].before);
    after.push_back(losses_[place].after);
  }
  set.provenance["transport_loss"] = {{"before", before}, {"after", after}};
  return set;
}

std::set<SiteIndex> sites_of(const std::vector<Place>& places) {
  std::set<SiteIndex> sites;
  for (const Place& place : places) sites.insert(place.site);
  return sites;
}

void check_counts(const LayerwiseMethod& method,
                  bool has_support,
                  const Problem& problem) {
  const int64_t least =
      std::max<int64_t>(method.traits.least_prompts, has_support + 1);
  const size_t n = problem.source_rows.size(), m = problem.target_rows.size();
  if (static_cast<int64_t>(std::min(n, m)) < least)
    fail(ErrorKind::usage,
         "method {}{} needs at least {} prompts a side, not {} source and {} "
         "target",
         method.name,
         has_support ? " with --support-range" : "",
         least,
         n,
         m);
}

// By site: one map for all steps is fitted where it first acts.
void check_match(const LayerwiseMethod& method, const Problem& problem) {
  if (sites_of(problem.match_places) != sites_of(problem.map_places))
    fail(ErrorKind::usage,
         "--match: method {} fits every site by itself and matches where it "
         "maps; leave --match out",
         method.name);
}

// Lines of the log: the memory before, then one a site.
class SiteLog {
 public:
  explicit SiteLog(const std::string& path)
      : path_(path), start_(std::chrono::steady_clock::now()) {
    if (path_.empty()) return;
    check_writable(path_);
    write_file(path_, "");
    append_log(path_, {{"step", 0}});
  }
  /// `seconds` are those since the line before.
  void add(const std::string& site, size_t step, const LossChange& loss) {
    if (path_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> spent = now - start_;
    start_ = now;
    append_log(path_,
               {{"step", step},
                {"site", site},
                {"loss_before", loss.before},
                {"loss", loss.after},
                {"seconds", spent.count()}});
  }

 private:
  std::string path_;
  std::chrono::steady_clock::time_point start_;
};

void warn_of_nothing(const MapSet& set) {
  for (const auto& [name, map] : set.maps)
    if (moved_neurons(map).any().item<bool>()) return;
  log_warning(
      "the map does nothing: source and target respond alike at every site, or "
      "no neuron there varies");
}

}  // namespace

AffineMap to_map(const AffineFit& fit) {
  return {fit.scale_D.to(at::kCPU, at::kFloat),
          fit.shift_D.to(at::kCPU, at::kFloat)};
}

std::function<SiteFit(const Tensor&, const Tensor&)> shrunk_form(
    AffineFit (*form)(const Tensor&, const Tensor&),
    const SlopeOptions& options) {
  if (options.shrink == "none") return closed_form(form);
  if (options.shrink != "error")
    fail(ErrorKind::usage, "--shrink {}: use error or none", options.shrink);
  return [form](const Tensor& source_ND, const Tensor& target_MD) {
    return SiteFit{
        to_map(shrink(form(source_ND, target_MD), source_ND, target_MD))};
  };
}

LayerwiseLearner::LayerwiseLearner(LayerwiseOptions options,
                                   LayerwiseMethod method,
                                   Json stated,
                                   RunFiles files)
    : options_(std::move(options)),
      method_(std::move(method)),
      stated_(std::move(stated)),
      files_(std::move(files)) {
  parse_settings(options_);
  if (options_.at_once && options_.site_order != "visiting")
    fail(ErrorKind::usage,
         "--site-order: at once all sites are fitted on the untouched model");
  if (!method_.choosing_option.empty() && !options_.at_once)
    fail(ErrorKind::usage,
         "--{} compares all sites, so it goes with --at-once",
         method_.choosing_option);
}

MapSet LayerwiseLearner::learn(const Problem& given, Progress& progress) {
  StoppableDrive drive(given.drive,
                       [&progress] { return progress.is_cancelled(); });
  const Problem problem = with_drive(given, drive);
  check_problem(problem);
  check_match(method_, problem);
  check_counts(method_, options_.support_range != "all", problem);
  if (files_.resume || files_.save_every > 0)
    log_warning(
        "--resume and --save-every: method {} keeps no state, it starts anew",
        method_.name);
  SiteLog log(files_.log);
  const auto count = static_cast<int64_t>(problem.map_places.size());
  progress.begin("fitting sites", count);
  int64_t done = 0;
  const auto tell = [&](size_t place, const LossChange& loss) {
    log.add(problem.drive.name_of(problem.map_places[place]), ++done, loss);
    progress.update(
        done, fmt::format("loss {:.5g} -> {:.5g}", loss.before, loss.after));
  };
  Run run(options_, method_, problem, progress, tell);
  run.fit();
  progress.end();
  MapSet set = run.result();
  set.provenance["method"] = method_.name;
  set.provenance["options"] = stated_;
  warn_of_nothing(set);
  return set;
}

}  // namespace lineas
