// A run that is stopped and carried on: same bytes as an unbroken one; what the
// state file refuses; what the log says.
#include "lineas/learn/run_state.h"

#include "lineas/descent/optimizer.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::map_bytes;
using testing::problem_of;
using testing::TempFolder;
using testing::ToyDrive;

constexpr int64_t kSteps = 9;

// Cancels once step `at` is done.
class StopAt : public Progress {
 public:
  explicit StopAt(int64_t at) : at_(at) {}
  void begin(const std::string&, int64_t, int64_t done) override {
    begun_at = done;
  }
  void update(int64_t done, const std::string& note) override {
    last_note = note;
    is_over_ = is_over_ || done == at_;
  }
  bool is_cancelled() const override { return is_over_; }
  int64_t begun_at = -1;
  std::string last_note;

 private:
  int64_t at_;
  bool is_over_ = false;
};

struct RunCase {
  const char* optimizer;
  int64_t batch, micro_batch;
  const char* ot_match;
  // The stages of lineas_run.h.
  const char* l1 = "0.01";
  const char* budget = "100%";
  int64_t refit_steps = 0;
};

class Resume : public ::testing::TestWithParam<RunCase> {
 protected:
  Resume() {
    const RunCase& test = GetParam();
    options_.optimizer = test.optimizer;
    options_.batch = test.batch;
    options_.micro_batch = test.micro_batch;
    options_.ot_match = test.ot_match;
    options_.steps = kSteps;
    options_.lr = 0.05;
    options_.l1 = options_.group = test.l1;
    options_.support_budget = test.budget;
    options_.refit_steps = test.refit_steps;
  }
  Problem problem() { return problem_of(drive_, 8, 6, "[ab]", "[bc]"); }

  TempFolder folder_;
  ToyDrive drive_;
  LineasOptions options_;
  RunFiles files_{.state = folder_ / "map.state"};
};

TEST_P(Resume, EndsInTheBytesOfAnUnbrokenRun) {
  const MapSet whole = testing::learn(options_, problem());
  const std::string unbroken = map_bytes(whole);
  const auto steps = static_cast<int64_t>(whole.provenance["loss"].size());
  // The last one is inside the refit or a later trial, where there is one.
  for (const int64_t stop : {int64_t{1}, int64_t{5}, kSteps - 1, steps - 1}) {
    StopAt finger(stop);
    testing::expect_error(
        ErrorKind::cancelled,
        {fmt::format("step {}", stop), "map.state", "--resume"},
        [&] { LineasLearner(options_, files_).learn(problem(), finger); });
    ASSERT_TRUE(file_exists(files_.state));
    files_.resume = true;
    StopAt nobody(0);
    const MapSet set = LineasLearner(options_, files_).learn(problem(), nobody);
    EXPECT_EQ(nobody.begun_at, stop);
    EXPECT_EQ(map_bytes(set), unbroken) << "stopped after " << stop;
    EXPECT_TRUE(file_exists(files_.state)) << "until the map is written";
    remove_state(files_);
    EXPECT_FALSE(file_exists(files_.state));
    files_.resume = false;
  }
}

// In any pass, be it of the setting up, of a line search or of a resumed run.
TEST_P(Resume, StopsInsideAPassAndLosesNoStep) {
  const std::string unbroken = map_bytes(testing::learn(options_, problem()));
  const size_t calls = drive_.calls.size();
  const auto stop_in = [&](size_t call) {
    drive_.calls.clear();
    testing::StopInCall finger(drive_, call);
    const std::string message = testing::error_message(
        ErrorKind::cancelled,
        [&] { LineasLearner(options_, files_).learn(problem(), finger); });
    EXPECT_EQ(drive_.calls.size(), call) << "none after it";
    return message;
  };
  for (size_t call = 1; call < calls; call += 1 + calls / 15) {
    const std::string message = stop_in(call);
    const bool is_kept = file_exists(files_.state);
    EXPECT_EQ(message.find("nothing is kept") == std::string::npos, is_kept);
    if (!is_kept) continue;
    EXPECT_NE(message.find("--resume"), std::string::npos) << message;
    files_.resume = true;
    const std::string saved = read_file(files_.state);
    const std::string again = stop_in(1);
    EXPECT_EQ(again.find("nothing is kept"), std::string::npos) << again;
    EXPECT_EQ(read_file(files_.state), saved);
    EXPECT_EQ(map_bytes(testing::learn(options_, problem(), files_)), unbroken)
        << "stopped in call " << call << " of " << calls;
    remove_state(files_);
    files_.resume = false;
  }
}

// The default of a model that gives out text: its state is the optimizer's,
// its coordinates are found again.
TEST(ResumeOnText, EndsInTheBytesOfAnUnbrokenRun) {
  testing::TinyLearning tiny("llama3", 8);
  const Problem problem =
      problem_of(tiny.drive, 4, 4, ".*post.*norm", ".*post.*norm");
  const TempFolder folder;
  RunFiles files{.state = folder / "map.state"};
  for (const int64_t refit_steps : {0, 3}) {
    const LineasOptions options{.steps = 6, .refit_steps = refit_steps};
    const MapSet whole = testing::learn(options, problem);
    EXPECT_GT(whole.provenance["found"]["departure"], 0);
    StopAt finger(4);
    testing::expect_error(ErrorKind::cancelled, {"--resume"}, [&] {
      LineasLearner(options, files).learn(problem, finger);
    });
    files.resume = true;
    EXPECT_EQ(map_bytes(testing::learn(options, problem, files)),
              map_bytes(whole));
    remove_state(files);
    files.resume = false;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Runs,
    Resume,
    ::testing::Values(RunCase{"sgd", 0, 0, "exact"},
                      RunCase{"adam", 0, 0, "exact"},
                      RunCase{"adam", 0, 3, "exact"},
                      RunCase{"sgd", 3, 0, "subsample"},
                      RunCase{"adam", 5, 2, "subsample"},
                      RunCase{"auto", 0, 0, "exact", "0"},
                      RunCase{"auto", 0, 3, "exact", "0"},
                      RunCase{"adam", 0, 0, "exact", "0.1", "100%", 6},
                      RunCase{"adam", 0, 0, "exact", "0", "40%", 4},
                      RunCase{"auto", 0, 0, "exact", "0.001"},
                      RunCase{"auto", 0, 0, "exact", "0", "40%", 3},
                      RunCase{"sgd", 0, 0, "exact", "0", "40%"}),
    [](const auto& info) {
      return fmt::format("{}_batch{}_micro{}_{}_run{}",
                         info.param.optimizer,
                         info.param.batch,
                         info.param.micro_batch,
                         info.param.ot_match,
                         info.index);
    });

class State : public ::testing::Test {
 protected:
  State() {
    options_.steps = kSteps;
    options_.lr = 1e-3;
    files_ = {.state = folder_ / "map.state", .log = folder_ / "log.jsonl"};
  }
  // Leaves the state of a run that stopped after `steps`.
  void stop_after(int64_t steps) {
    StopAt finger(steps);
    EXPECT_THROW(LineasLearner(options_, files_).learn(problem(), finger),
                 Error);
    files_.resume = true;
  }
  MapSet learn() { return testing::learn(options_, problem(), files_); }
  Problem problem() { return problem_of(drive_, 8, 8, "[ab]", "[bc]"); }
  void expect_refused(ErrorKind kind, const std::vector<std::string>& parts) {
    testing::expect_error(kind, parts, [this] { learn(); });
  }
  std::vector<Json> log_lines() const {
    std::ifstream in(files_.log);
    std::vector<Json> lines;
    for (std::string line; std::getline(in, line);)
      lines.push_back(parse_json(line, "log"));
    return lines;
  }

  TempFolder folder_;
  ToyDrive drive_;
  LineasOptions options_;
  RunFiles files_;
};

TEST_F(State, OfAnotherRunIsRefused) {
  stop_after(4);
  options_.lr *= 2;
  expect_refused(ErrorKind::usage, {"map.state", "other options", "--resume"});
  options_.lr /= 2;
  const auto refuse = [this](auto change) {
    Problem other = problem();
    change(other);
    testing::expect_error(ErrorKind::usage, {"map.state"}, [&] {
      testing::learn(options_, other, files_);
    });
  };
  refuse([](Problem& p) { p.identity["model"] = "another"; });
  refuse([](Problem& p) { p.map_places.pop_back(); });
  refuse([](Problem& p) { p.match_places = {Place{2}}; });
  refuse([](Problem& p) { p.source_rows.pop_back(); });
  EXPECT_TRUE(file_exists(files_.state));
  learn();
}

TEST_F(State, TruncatedOrForeignFilesAreFormatErrors) {
  stop_after(4);
  const std::string whole = read_file(files_.state);
  for (const size_t size :
       {size_t{0}, size_t{6}, whole.size() / 2, whole.size() - 1}) {
    folder_.write("map.state", whole.substr(0, size));
    expect_refused(ErrorKind::format, {"map.state"});
  }
  write_map_set(files_.state, MapSet{.maps = {{"a", AffineMap::identity(6)}}});
  expect_refused(ErrorKind::format, {"map.state", "not a state file"});
}

TEST_F(State, MissingOrMisshapenTensorsAreFormatErrors) {
  stop_after(4);
  std::map<std::string, std::string> metadata;
  std::vector<std::pair<std::string, Tensor>> tensors;
  {
    const SafetensorsFile file(files_.state);
    metadata = file.metadata();
    for (const TensorEntry& entry : file.entries())
      tensors.emplace_back(entry.name, file.view(entry).clone());
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string name = tensors[i].first;
    auto changed = tensors;
    changed.erase(changed.begin() + i);
    write_safetensors(files_.state, changed, metadata);
    expect_refused(ErrorKind::format, {"map.state", name});
    changed = tensors;
    changed[i].second = at::zeros({3, 3}, at::kHalf);
    write_safetensors(files_.state, changed, metadata);
    expect_refused(ErrorKind::format, {"map.state", name});
  }
  write_safetensors(files_.state, tensors, metadata);
  learn();
}

// Of the right names and shapes, but a state that no run is ever in.
TEST_F(State, ImpossibleValuesAreFormatErrors) {
  stop_after(4);
  const SafetensorsFile file(files_.state);
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const TensorEntry& entry : file.entries())
    tensors.emplace_back(entry.name, file.view(entry).clone());
  const auto metadata = file.metadata();
  const auto refuse = [&](const std::string& name, const Tensor& value) {
    auto changed = tensors;
    for (auto& [its, tensor] : changed)
      if (its == name) tensor = value;
    write_safetensors(files_.state, changed, metadata);
    expect_refused(ErrorKind::format, {"map.state", "start anew"});
  };
  for (const auto& [stage, done, begun] :
       std::vector<std::tuple<int64_t, int64_t, int64_t>>{
           {1, 4, 0}, {2, 4, 0}, {-1, 4, 0}, {0, -4, 0}, {0, 4, 5}, {0, 3, 0}})
    refuse("stage", at::tensor({stage, done, begun}, at::kLong));
  refuse("losses", at::zeros({3}, at::kDouble));
  for (const auto& [name, tensor] : tensors)
    if (tensor.is_floating_point() && name != "losses")
      refuse(name, at::full_like(tensor, NAN));
}

TEST_F(State, NothingToResumeIsAWarningAndAFreshRun) {
  files_.resume = true;
  testing::LogCapture log;
  const MapSet set = learn();
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("nothing to resume"), std::string::npos);
  EXPECT_EQ(set.provenance["loss"].size(), static_cast<size_t>(kSteps));
}

// A killed run leaves the last of its regular saves.
TEST_F(State, IsSavedEverySoManySteps) {
  files_.save_every = 4;
  class Kill : public Progress {
   public:
    explicit Kill(std::string path) : path_(std::move(path)) {}
    void update(int64_t done, const std::string&) override {
      if (file_exists(path_) != (done > 4)) ADD_FAILURE() << done;
      if (done == 7) throw std::runtime_error("killed");
    }

   private:
    std::string path_;
  } kill(files_.state);
  EXPECT_THROW(LineasLearner(options_, files_).learn(problem(), kill),
               std::runtime_error);
  EXPECT_EQ(log_lines().size(), 8u);
  const std::string unbroken = map_bytes(testing::learn(options_, problem()));
  files_.resume = true;
  StopAt nobody(0);
  EXPECT_EQ(map_bytes(LineasLearner(options_, files_).learn(problem(), nobody)),
            unbroken);
  EXPECT_EQ(nobody.begun_at, 4);
  // The log says every step once, with the start of each of the two runs.
  std::vector<int64_t> steps;
  for (const Json& line : log_lines())
    if (line.contains("loss")) steps.push_back(line["step"]);
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(State, WithoutAFileCtrlCStillStops) {
  files_ = {};
  StopAt finger(3);
  testing::expect_error(
      ErrorKind::cancelled, {"step 3", "nothing is kept"}, [&] {
        LineasLearner(options_, files_).learn(problem(), finger);
      });
}

TEST_F(State, CtrlCInTheLastStepLosesNothing) {
  StopAt finger(kSteps);
  const MapSet set = LineasLearner(options_, files_).learn(problem(), finger);
  EXPECT_EQ(map_bytes(set), map_bytes(testing::learn(options_, problem())));
  EXPECT_FALSE(file_exists(files_.state));
}

TEST_F(State, LogHasLossBySiteRateAndSupport) {
  options_.optimizer = "adam";
  options_.l1 = "1000";  // nothing moves
  const MapSet set = learn();
  const std::vector<Json> lines = log_lines();
  ASSERT_EQ(lines.size(), static_cast<size_t>(kSteps) + 1);
  EXPECT_EQ(lines[0]["step"], 0);
  EXPECT_GT(lines[0]["resident_bytes"], 0);
  for (int64_t t = 0; t < kSteps; ++t) {
    const Json& line = lines[t + 1];
    EXPECT_EQ(line["step"], t + 1);
    EXPECT_EQ(line["loss"], set.provenance["loss"][t]);
    ASSERT_EQ(line["site_loss"].size(), 2u);
    EXPECT_NEAR((line["site_loss"][0].get<double>() +
                 line["site_loss"][1].get<double>()) /
                    2,
                line["loss"].get<double>(),
                1e-9);
    EXPECT_EQ(line["lr"],
              learning_rate(Schedule::cosine, options_.lr, t, kSteps));
    EXPECT_EQ(line["support"], 0);
    EXPECT_GE(line["seconds"], 0.0);
  }
  files_ = {.log = files_.log};
  options_.l1 = "0";
  learn();
  EXPECT_EQ(log_lines().size(), static_cast<size_t>(kSteps) + 1);
  EXPECT_EQ(log_lines().back()["support"], 11);
}

TEST_F(State, UnwritableFilesAreFoundBeforeTheFirstPass) {
  files_.state = folder_ / "no/such/folder/map.state";
  expect_refused(ErrorKind::resource, {"no/such/folder"});
  files_ = {.log = folder_ / "no/such/folder/log"};
  expect_refused(ErrorKind::resource, {"no/such/folder/log"});
  EXPECT_TRUE(drive_.calls.empty());
}

TEST_F(State, ProvenanceSaysHowTheMapWasMade) {
  Problem given = problem();
  given.identity["model"] = {{"id", "toy"}};
  const MapSet set = testing::learn(options_, given);
  EXPECT_EQ(set.provenance["model"]["id"], "toy");
  EXPECT_EQ(set.provenance["method"], "lineas");
  EXPECT_EQ(set.provenance["options"]["steps"], kSteps);
  EXPECT_EQ(set.provenance["options"]["micro-batch"], 0);
  EXPECT_EQ(set.provenance["loss"].size(), static_cast<size_t>(kSteps));
}

}  // namespace
}  // namespace lineas
