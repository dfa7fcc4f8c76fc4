// Maps as things people handle: lineas/cli/compose.cpp, lineas/cli/diff.cpp,
// lineas/cli/convert.cpp, lineas/cli/inspect_map.cpp and what both it and learn
// say of a map (lineas/cli/provenance.cpp), run as a user does.
#include <gtest/gtest.h>

#include <regex>

#include "lineas/maps/map_set.h"
#include "lineas/tensor/checkpoint.h"
#include "tests/cli/program_run.h"

namespace lineas {
namespace {

using namespace std::string_literals;
using testing::ProgramRun;
using testing::run_program;
using testing::TempFolder;

constexpr int64_t kWidth = 24;
const char* const kSite = "model.layers.0.post_attention_layernorm";

class Maps : public ::testing::Test {
 protected:
  Maps() {
    folder_.write("prompts.jsonl",
                  "{\"ids\": [3, 9, 4]}\n{\"ids\": [1, 2, 3, 4, 5, 6]}\n");
    write("a", 1, {});
    write("b", 2, {});
    write("last", 3, {.position = Position::last});
  }

  void write(const std::string& name, int64_t seed, const MapRules& rules) {
    at::manual_seed(seed);
    MapSet set;
    set.rules = rules;
    for (const char* site : {kSite, "model.layers.1.post_attention_layernorm"})
      set.maps.add(site,
                   AffineMap{at::rand({kWidth}) + 0.5, at::randn({kWidth})});
    set.provenance = {
        {"method", "lineas"},
        {"options", {{"steps", 7}, {"lr", 1e-3}}},
        {"model",
         {{"id", "toy"},
          {"architecture", "Qwen2ForCausalLM"},
          {"fingerprint", "f"}}},
        {"loss", {4.0, 2.0, 0.125}},
        {"found",
         {{"support", 12},
          {"neurons", 32},
          {"loss", 0.25},
          {"path", {{0.5, 12, 0.25}}},
          {"penalty", {{"l1", {0.5, 0.25}}, {"group", {0, 0}}}}}},
        {"transport_loss", {{"before", {2, 4}}, {"after", {1, 0}}}}};
    write_map_set(map(name), set);
  }
  std::string map(const std::string& name) const {
    return folder_ / (name + ".safetensors");
  }
  // The options that steer with these maps; the program's logprobs.
  std::vector<double> score(const std::string& steer) const {
    const ProgramRun run =
        run_program(fmt::format("score --json -m '{}/qwen2' -f '{}' {}",
                                testing::fixtures(),
                                folder_ / "prompts.jsonl",
                                steer));
    EXPECT_EQ(run.code, 0) << run.err;
    std::vector<double> scores;
    for (const Json& line : run.lines()) scores.push_back(line["logprob"]);
    return scores;
  }
  ProgramRun compose(const std::string& arguments) const {
    return run_program("compose -o '" + map("out") + "' " + arguments);
  }

  TempFolder folder_;
};

TEST_F(Maps, AComposedMapScoresAsItsPartsTogether) {
  const std::string a = "'" + map("a") + ":0.7'", b = "'" + map("b") + "'";
  EXPECT_EQ(compose(a + " " + b).code, 0);
  const auto together = score("--steer " + a + " --steer " + b);
  const auto composed = score("--steer '" + map("out") + "'");
  ASSERT_EQ(composed.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(composed[i], together[i], 1e-4);
  EXPECT_GT(std::abs(composed[0] - score("")[0]), 1e-3);
}

TEST_F(Maps, AMapFilesRulesAreObeyed) {
  write("plain", 3, {});
  const std::string plain = "--steer '" + map("plain") + "'";
  const auto as_the_file_says = score("--steer '" + map("last") + "'");
  EXPECT_EQ(as_the_file_says, score(plain + " --position last"));
  EXPECT_NE(as_the_file_says, score(plain));
}

TEST_F(Maps, ComposeSaysWhatItCannotDo) {
  const std::string a = "'" + map("a") + "'";
  const ProgramRun rules = compose(a + " '" + map("last") + "'");
  EXPECT_EQ(rules.code, 5);
  EXPECT_TRUE(rules.says("position is all")) << rules.err;
  EXPECT_TRUE(rules.says("last.safetensors")) << rules.err;
  EXPECT_EQ(compose("--inverse " + a + " " + a).code, 2);
  MapSet flat = read_map_set(map("a"));
  flat.maps[0].second.scale_D[3] = 0;
  write_map_set(map("flat"), flat);
  const ProgramRun inverse = compose("--inverse '" + map("flat") + "'");
  EXPECT_EQ(inverse.code, 6);
  EXPECT_TRUE(inverse.says("1 of 24 neurons, 3 (0)")) << inverse.err;
  EXPECT_TRUE(inverse.says(kSite)) << inverse.err;
  EXPECT_EQ(compose(a.substr(0, a.size() - 1) + ":2'").code, 2);
  EXPECT_EQ(
      compose("--allow-any-strength " + a.substr(0, a.size() - 1) + ":2'").code,
      0);
  EXPECT_EQ(compose(a.substr(0, a.size() - 1) + ":x'").code, 2);
}

TEST_F(Maps, DiffSaysByItsExitCodeWhetherMapsDiffer) {
  const auto diff = [&](const std::string& second, const std::string& more) {
    return run_program(
        fmt::format("diff '{}' '{}' {}", map("a"), map(second), more));
  };
  const ProgramRun same = diff("a", "");
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.out, "");
  const ProgramRun other = diff("b", "--json");
  EXPECT_EQ(other.code, 1);
  EXPECT_EQ(other.err, "");
  const auto lines = other.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["site"], kSite);
  EXPECT_EQ(lines[0]["in"], Json({"first", "second"}));
  EXPECT_GT(lines[0]["max_shift"], lines[0]["rms_shift"]);
  EXPECT_EQ(diff("b", "--tolerance 100").code, 0);
  const ProgramRun rules = diff("last", "--tolerance 100");
  EXPECT_EQ(rules.code, 1);
  EXPECT_NE(rules.out.find("position is all"), std::string::npos);
  EXPECT_EQ(diff("missing", "").code, 3);
}

TEST_F(Maps, TheInverseUndoesAMap) {
  EXPECT_EQ(compose("--inverse '" + map("a") + "'").code, 0);
  std::filesystem::rename(map("out"), map("back"));
  EXPECT_EQ(compose("--chain '" + map("a") + "' '" + map("back") + "'").code,
            0);
  const AffineMap both = read_map_set(map("out")).maps[0].second;
  EXPECT_TRUE(both.scale_D.allclose(at::ones({kWidth}), 1e-5, 1e-5));
  EXPECT_TRUE(both.shift_D.allclose(at::zeros({kWidth}), 1e-5, 1e-5));
}

TEST_F(Maps, ConvertGoesThereAndBack) {
  const std::string folder = folder_ / "states";
  const ProgramRun there =
      run_program(fmt::format("convert '{}' -o '{}'", map("last"), folder));
  EXPECT_EQ(there.code, 0) << there.err;
  EXPECT_TRUE(there.says("position last")) << there.err;
  EXPECT_TRUE(file_exists(folder + "/" + kSite + ".statedict"));
  const ProgramRun back =
      run_program(fmt::format("convert '{}' -o '{}'", folder, map("back")));
  EXPECT_EQ(back.code, 0) << back.err;
  const ProgramRun diff =
      run_program(fmt::format("diff '{}' '{}'", map("last"), map("back")));
  EXPECT_EQ(diff.code, 1);
  EXPECT_EQ(std::count(diff.out.begin(), diff.out.end(), '\n'), 1) << diff.out;
  EXPECT_EQ(
      run_program(fmt::format("convert '{}' -o '{}'", folder_.path(), map("x")))
          .code,
      3);
  EXPECT_EQ(
      run_program(fmt::format("convert '{}' -o '{}'", map("a"), map("b"))).code,
      2);
  const ProgramRun foreign =
      run_program(fmt::format("convert '{}/tests/maps/data/evil' -o '{}'",
                              LINEAS_SOURCE_DIR,
                              map("x")));
  EXPECT_EQ(foreign.code, 7) << foreign.err;
  EXPECT_FALSE(file_exists(map("x")));
  const ProgramRun missing =
      run_program(fmt::format("convert no/such -o '{}'", map("b")));
  EXPECT_EQ(missing.code, 3);
  EXPECT_TRUE(missing.says("no/such")) << missing.err;
  const ProgramRun means = run_program(
      fmt::format("convert --only-means '{}' -o '{}'", map("a"), folder));
  EXPECT_EQ(means.code, 2);
  EXPECT_TRUE(means.says("--only-means")) << means.err;
}

TEST_F(Maps, InspectBearsAnyProvenance) {
  MapSet set = read_map_set(map("a"));
  set.provenance = {{"parts", {1, "b", Json::object()}},
                    {"options", 3},
                    {"method", Json::array()},
                    {"model", 1},
                    {"source", "s"},
                    {"loss", {"x", 1}},
                    {"transport_loss", {{"before", {"y"}}, {"after", 3}}},
                    {"found", {{"support", {}}, {"penalty", {{"l1", {2}}}}}}};
  write_map_set(map("odd"), set);
  const ProgramRun run = run_program("inspect '" + map("odd") + "'");
  EXPECT_EQ(run.code, 0) << run.err;
  set.provenance = {{"loss", 2}, {"found", 5}, {"transport_loss", {1}}};
  write_map_set(map("odd"), set);
  const ProgramRun odder = run_program("inspect '" + map("odd") + "'");
  EXPECT_EQ(odder.code, 0) << odder.err;
}

TEST_F(Maps, InspectTellsAMapsStory) {
  const ProgramRun run = run_program("inspect --top 2 '" + map("a") + "'");
  EXPECT_EQ(run.code, 0) << run.err;
  for (const char* text : {"lineas",
                           "lr 0.001, steps 7 (others: the defaults)",
                           "toy (Qwen2ForCausalLM, weights f)",
                           "4 -> 0.25 in 3 steps",
                           "3 -> 0.5, mean over the sites",
                           "12 of 32 neurons moved, penalty --l1 0.5,0.25\n",
                           "found      path [[0.5,12,0.25]]",
                           "100.0",
                           "most moved",
                           "|scale - 1|",
                           "0.1 to 1"})
    EXPECT_NE(run.out.find(text), std::string::npos) << text << run.out;
  const ProgramRun none = run_program("inspect --top 0 '" + map("a") + "'");
  EXPECT_EQ(none.out.find("most moved"), std::string::npos);
  compose("'" + map("a") + ":0.5' '" + map("b") + "'");
  const ProgramRun parts = run_program("inspect '" + map("out") + "'");
  EXPECT_NE(parts.out.find("a.safetensors at strength 0.5 (lineas)"),
            std::string::npos)
      << parts.out;
}

TEST_F(Maps, WordsOfOptionsThatDoNothingHereAreReadAllTheSame) {
  const std::string both = fmt::format("'{}' '{}'", map("a"), map("a"));
  EXPECT_EQ(run_program("diff --dtype float32 " + both).code, 0);
  for (const char* option : {"--device abacus", "--dtype float7"}) {
    const ProgramRun run = run_program(fmt::format("diff {} {}", option, both));
    EXPECT_EQ(run.code, 2);
    EXPECT_TRUE(run.says(std::string("error: ") + option)) << run.err;
  }
}

// Nothing was learned, as both sides answer alike.
TEST_F(Maps, InspectOfAMapWithoutSteps) {
  MapSet set = read_map_set(map("a"));
  set.provenance["loss"] = Json::array();
  set.provenance["found"] = {{"untouched_loss", 0}, {"loss", 0}};
  write_map_set(map("none"), set);
  const ProgramRun run = run_program("inspect '" + map("none") + "'");
  EXPECT_NE(run.out.find("loss       0 -> 0\n"), std::string::npos) << run.out;
}

TEST_F(Maps, InspectCountsAndOrdersWhatMoves) {
  MapSet set;
  set.maps.add("x",
               AffineMap{at::tensor({1.f, 1.f, 1.5f, 1.f, 0.997f}),
                         at::tensor({0.f, -3.f, 0.f, 0.05f, 0.f})});
  write_map_set(map("known"), set);
  const std::string out =
      run_program("inspect --top 3 '" + map("known") + "'").out;
  const auto at = [&](const std::string& text) {
    const size_t place = out.find(text);
    EXPECT_NE(place, std::string::npos) << text << "\n" << out;
    return place;
  };
  EXPECT_LT(at("      1          1         -3  x"),
            at("      2        1.5         +0  x"));
  EXPECT_LT(at("      2        1.5         +0  x"),
            at("      3          1      +0.05  x"));
  EXPECT_EQ(out.find("      4      0.997"), std::string::npos) << "--top 3";
  at("      5        4    80.0");
  using Counts = std::pair<std::string, std::string>;
  // Of |scale - 1| and of |shift|.
  const auto bin = [&](const std::string& name) {
    std::smatch found;
    EXPECT_TRUE(std::regex_search(
        out, found, std::regex(" " + name + " +(\\d+) [^\\d]*(\\d+)")))
        << name << out;
    return Counts(found[1], found[2]);
  };
  EXPECT_EQ(bin("below 1e-5"), Counts("3", "3"));
  EXPECT_EQ(bin("0.001 to 0.01"), Counts("1", "0"));
  EXPECT_EQ(bin("0.1 to 1"), Counts("1", "0"));
  EXPECT_EQ(bin("1 to 10"), Counts("0", "1"));
}

TEST_F(Maps, TheCommandLineOverridesAMapsRulesAndSaysSo) {
  const std::string steer = "--steer '" + map("a") + "' ";
  const std::string common = fmt::format("-m '{}/qwen2' -f '{}' {}",
                                         testing::fixtures(),
                                         folder_ / "prompts.jsonl",
                                         steer);
  for (const char* command : {"generate -n 2 ", "score ", "record -o x "}) {
    const std::string call = std::string(command) == "record -o x "
                                 ? "record -o '" + (folder_ / "acts") + "' "
                                 : command;
    const ProgramRun run =
        run_program(call + common + "--tokens last:2 --position avg");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(run.says("tokens last:2")) << run.err;
    EXPECT_TRUE(run.says("position avg")) << run.err;
  }
  // A score's tokens are all given: a map for generated ones does nothing.
  EXPECT_EQ(score(steer + "--tokens generated"), score(""));
  EXPECT_EQ(score(steer + "--tokens prompt"), score(steer));
  EXPECT_NE(score(steer + "--tokens from:2"), score(steer));
  EXPECT_EQ(score(steer + "--position last"), score(""));
  EXPECT_TRUE(run_program("score " + common + "--position last")
                  .says("the last token only"));
  EXPECT_TRUE(run_program("score " + common + "--tokens last:1")
                  .says("the last token only"));
  EXPECT_FALSE(run_program("score " + common + "--tokens last:2")
                   .says("the last token only"));
  EXPECT_TRUE(run_program("score " + common + "--tokens generated")
                  .says("--tokens all makes it act"));
}

TEST_F(Maps, TokenScopesTellGivenFromGeneratedTokens) {
  const auto generate = [&](const std::string& more) {
    const ProgramRun run =
        run_program(fmt::format("generate --json -n 4 -m '{}/qwen2' -f '{}' {}",
                                testing::fixtures(),
                                folder_ / "prompts.jsonl",
                                more));
    EXPECT_EQ(run.code, 0) << run.err;
    std::vector<std::vector<int64_t>> tokens;
    for (const Json& line : run.lines()) tokens.push_back(line["tokens"]);
    return tokens;
  };
  const std::string steer = "--steer '" + map("a") + "' --tokens ";
  const auto plain = generate(""), all = generate(steer + "all");
  const auto given = generate(steer + "prompt");
  const auto generated = generate(steer + "generated");
  ASSERT_NE(plain, all);
  for (size_t p = 0; p < 2; ++p) {
    // The first token is chosen before any generated one is seen.
    EXPECT_EQ(generated[p][0], plain[p][0]);
    EXPECT_EQ(given[p][0], all[p][0]);
  }
  EXPECT_NE(generated, all);
  // The second prompt has 6 tokens, the first 3.
  EXPECT_EQ(generate(steer + "from:6")[1], generated[1]);
  EXPECT_EQ(generate(steer + "from:3")[0], generated[0]);
  EXPECT_EQ(generate(steer + "from:0"), all);
  EXPECT_EQ(generate(steer + "last:6"), all);
}

TEST_F(Maps, InspectShowsWhatAFileSaysAndObeysNothing) {
  MapSet set = read_map_set(map("a"));
  set.provenance["method"] = "\x1b[31mred";
  write_map_set(map("odd"), set);
  write_safetensors(folder_ / "acts",
                    {{"mlp", at::ones({2, 3})}},
                    {{"format", "lineas.acts"}, {"note", "\x1b[31mred"}});
  for (const std::string& path : {map("odd"), folder_ / "acts"}) {
    const ProgramRun run = run_program("inspect '" + path + "'");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out.find('\x1b'), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("\\x1b[31mred"), std::string::npos) << run.out;
  }
}

// A search for so long a name would end in a crash.
TEST_F(Maps, InspectRefusesNamesThatAreNone) {
  for (const std::string& name : {std::string(50'000, 'a'), "a\x1b"s}) {
    write_safetensors(folder_ / "acts",
                      {{name, at::ones({2, 3})}},
                      {{"format", "lineas.acts"}});
    const ProgramRun run = run_program("inspect '" + (folder_ / "acts") + "'");
    EXPECT_EQ(run.code, 4) << run.err;
    EXPECT_TRUE(run.says("no name for a site")) << run.err;
    EXPECT_LT(run.err.size(), 500u);
  }
}

TEST_F(Maps, InspectOfStatedictsNamesConvert) {
  const std::string folder = LINEAS_SOURCE_DIR "/tests/maps/data/lineas";
  for (const std::string& what :
       {folder, folder + "/model.layers.2.norm.statedict"}) {
    const ProgramRun run = run_program("inspect '" + what + "'");
    EXPECT_EQ(run.code, 7) << run.err;
    EXPECT_TRUE(run.says("lineas convert")) << run.err;
  }
}

TEST_F(Maps, AnEmptyOutputNameIsAWrongCall) {
  const std::string a = "'" + map("a") + "'";
  const std::string folder = LINEAS_SOURCE_DIR "/tests/maps/data/lineas";
  for (const std::string& call :
       {"compose " + a, "convert " + a, "convert '" + folder + "'"}) {
    const ProgramRun run = run_program(call + " -o ''");
    EXPECT_EQ(run.code, 2) << call << run.err;
    EXPECT_TRUE(run.says("is empty")) << run.err;
  }
}

TEST_F(Maps, NamesOfFilesNeedNotBeUtf8) {
  const std::string odd = folder_ / "\xff.safetensors";
  std::filesystem::copy(map("a"), odd);
  for (const char* option : {"", "--inverse "}) {
    const ProgramRun run = compose(option + ("'" + odd + "'"));
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(read_map_set(map("out")).provenance["parts"][0]["name"],
              "\ufffd.safetensors");
  }
}

TEST_F(Maps, AMapOfOtherStepsIsSaidToDoNothing) {
  const auto says = [&](std::optional<int> step) {
    MapSet set;
    set.maps.add({kSite, step},
                 AffineMap{at::ones({kWidth}) * 2, at::ones({kWidth})});
    write_map_set(map("step"), set);
    return run_program(fmt::format("score -m '{}/qwen2' -f '{}' --steer '{}'",
                                   testing::fixtures(),
                                   folder_ / "prompts.jsonl",
                                   map("step")))
        .says("does nothing here");
  };
  EXPECT_TRUE(says(3));
  EXPECT_FALSE(says(0));
  EXPECT_FALSE(says(std::nullopt));
}

TEST_F(Maps, AWrongProvenanceIsNamedByItsKey) {
  MapSet set = read_map_set(map("a"));
  set.provenance["model"] = "toy";
  write_map_set(map("odd"), set);
  const ProgramRun run =
      run_program(fmt::format("score -m '{}/qwen2' -f '{}' --steer '{}'",
                              testing::fixtures(),
                              folder_ / "prompts.jsonl",
                              map("odd")));
  EXPECT_EQ(run.code, 4);
  EXPECT_TRUE(run.says("odd.safetensors: metadata \"provenance\": \"model\""))
      << run.err;
}

}  // namespace
}  // namespace lineas
