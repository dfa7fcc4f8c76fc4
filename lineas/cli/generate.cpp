// lineas generate: continues prompts, steered or not, at one strength or at
// several in one batch.
#include <unistd.h>

#include <cstdio>

#include "lineas/base/error.h"
#include "lineas/base/progress.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/program.h"
#include "lineas/engine/prompt_lengths.h"
#include "lineas/engine/text_run.h"

namespace lineas {
namespace {

constexpr int64_t kBatchRows = 64;

struct Arguments {
  ModelArguments model;
  SteerArguments steer;
  CLI::Option* prompt_given = nullptr;
  CLI::Option* temperature_given = nullptr;
  std::string prompt;
  std::string file;
  int64_t new_tokens = 64;
  SamplingOptions sampling;
  uint64_t seed = 0;
  int64_t samples = 1;
  int64_t batch = kBatchRows;
  bool chat = false;
  std::string system;
  std::string chat_template;
  bool json = false;
};

struct Job {
  PromptSet prompts;
  std::vector<std::vector<int64_t>> ids;  // by prompt
  std::vector<std::string> shown;         // what went in, by prompt
  std::string between;                    // that and what was made
  StrengthList strengths;

  size_t size(const Arguments& arguments) const {
    return ids.size() * arguments.samples * strengths.factors.size();
  }
};

PromptSet gather_prompts(const Arguments& arguments) {
  const bool has_prompt = arguments.prompt_given->count() > 0;
  if (has_prompt == !arguments.file.empty())
    fail(ErrorKind::usage, "generate takes either -p PROMPT or -f FILE");
  if (has_prompt) return {.texts = {arguments.prompt}, .ids = {}, .name = "-p"};
  return read_prompts(arguments.file);
}

// The user's turn, behind the system message where there is one.
OrderedJson conversation(const std::string& system, const std::string& text) {
  OrderedJson messages = OrderedJson::array();
  if (!system.empty())
    messages.push_back({{"role", "system"}, {"content", system}});
  messages.push_back({{"role", "user"}, {"content", text}});
  return messages;
}

// The conversations that the prompts open, as the chat template writes them.
std::vector<std::string> render_chats(const Engine& engine,
                                      const Arguments& arguments,
                                      const PromptSet& prompts) {
  if (prompts.has_ids())
    fail(ErrorKind::usage, "--chat needs texts, {} has ids", prompts.name);
  std::vector<std::string> rendered;
  for (const std::string& text : prompts.texts)
    rendered.push_back(engine.render_chat(
        conversation(arguments.system, text), {}, arguments.chat_template));
  return rendered;
}

Job make_job(const Engine& engine,
             const Arguments& arguments,
             PromptSet prompts,
             StrengthList strengths) {
  Job job{.prompts = std::move(prompts), .strengths = std::move(strengths)};
  if (arguments.chat) {
    job.shown = render_chats(engine, arguments, job.prompts);
    for (const std::string& text : job.shown)
      job.ids.push_back(engine.encode_chat(text));
    check_lengths(job.prompts, job.ids, engine.model().info());
    return job;
  }
  job.ids = engine.encode(job.prompts);
  job.shown = job.prompts.texts;
  if (job.prompts.has_ids())
    for (const auto& ids : job.ids) job.shown.push_back(engine.decode(ids));
  if (engine.tokenizer() == nullptr) job.between = " ";
  return job;
}

TextRequest make_request(const Arguments& arguments,
                         const Job& job,
                         const std::vector<Steering>& steerings) {
  return {.prompts = {.texts = {}, .ids = job.ids, .name = job.prompts.name},
          .steerings = steerings,
          .strengths = job.strengths.factors,
          .samples = arguments.samples,
          .seed = arguments.seed,
          .options = {.max_new_tokens = arguments.new_tokens,
                      .sampling = arguments.sampling},
          .batch = arguments.batch,
          // Strength 0 is to equal the untouched model exactly.
          .drops_finished = arguments.steer.strengths.empty(),
          .is_cancelled = interrupted};
}

void print_as_json(const Job& job, const std::vector<MadeText>& made) {
  for (const MadeText& text : made) {
    nlohmann::ordered_json line;
    if (job.prompts.has_ids())
      line["prompt"] = job.prompts.ids[text.prompt];
    else
      line["prompt"] = job.prompts.texts[text.prompt];
    line["strength"] = job.strengths.shown[text.strength];
    line["sample"] = text.sample;
    line["text"] = text.text;
    line["tokens"] = text.tokens;
    line["finish"] = name_of(text.finish);
    print_json(line);
  }
}

void print_as_text(const Arguments& arguments,
                   const Job& job,
                   const std::vector<MadeText>& made) {
  const bool has_strengths = !arguments.steer.strengths.empty();
  for (size_t i = 0; i < made.size(); ++i) {
    const MadeText& text = made[i];
    if (!text.was_begun()) continue;
    std::string head;
    if (has_strengths)
      head += fmt::format(" strength {}", job.strengths.shown[text.strength]);
    if (arguments.samples > 1) head += fmt::format(" sample {}", text.sample);
    if (!head.empty()) fmt::print("{}==={} ===\n", i > 0 ? "\n" : "", head);
    fmt::print("{}{}{}\n",
               job.shown[text.prompt],
               text.text.empty() ? "" : job.between,
               text.text);
  }
}

// Prints a single continuation while it is made.
class LiveText {
 public:
  LiveText(const Engine& engine, const Job& job)
      : decoder_(*engine.tokenizer(), true) {
    print(job.shown[0]);
    for (const int64_t id : job.ids[0]) decoder_.push(id);
  }
  void push(int64_t id) { print(decoder_.push(id)); }
  void finish() { print(decoder_.finish() + "\n"); }

 private:
  static void print(const std::string& text) {
    fmt::print("{}", text);
    std::fflush(stdout);
  }
  StreamDecoder decoder_;
};

bool prints_live(const Engine& engine,
                 const Arguments& arguments,
                 const Job& job) {
  return job.size(arguments) == 1 && !arguments.json && engine.tokenizer() &&
         arguments.steer.strengths.empty() && isatty(STDOUT_FILENO) == 1;
}

std::vector<MadeText> run_with_progress(const Engine& engine,
                                        TextRequest request,
                                        size_t rows) {
  TerminalProgress progress;
  const bool shows_progress = request.prompts.size() > 1;
  if (shows_progress) progress.begin("generating", static_cast<int64_t>(rows));
  int64_t done = 0;
  request.on_finish = [&](const MadeText& text) {
    if (shows_progress && text.finish != Finish::cancelled)
      progress.update(++done, "");
  };
  auto made = run_text(engine, request);
  if (shows_progress) progress.end();
  return made;
}

void check(const Arguments& arguments) {
  if (arguments.samples < 1 || arguments.new_tokens < 0 || arguments.batch < 1)
    fail(ErrorKind::usage,
         "--samples and --batch must be 1 or more, -n 0 or more");
  check(arguments.sampling);
}

void run(Arguments& arguments) {
  SamplingOptions& sampling = arguments.sampling;
  // Who narrows the choice wants one.
  if (arguments.temperature_given->count() == 0)
    sampling.temperature = sampling.top_k > 0 || sampling.top_p < 1 ? 1 : 0;
  check(arguments);
  PromptSet prompts = gather_prompts(arguments);
  const Engine engine = open_engine(arguments.model);
  const std::vector<Steering> steerings =
      load_steerings(engine, arguments.steer);
  const Job job = make_job(engine,
                           arguments,
                           std::move(prompts),
                           list_strengths(arguments.steer, steerings));
  TextRequest request = make_request(arguments, job, steerings);
  std::optional<LiveText> live;
  if (prints_live(engine, arguments, job)) {
    live.emplace(engine, job);
    request.on_token = [&](const MadeText& text) {
      live->push(text.tokens.back());
    };
  }
  const InterruptGuard guard;
  const auto made =
      run_with_progress(engine, std::move(request), job.size(arguments));
  if (live)
    live->finish();
  else if (arguments.json)
    print_as_json(job, made);
  else
    print_as_text(arguments, job, made);
  check_none_failed(made);
  if (interrupted()) fail(ErrorKind::cancelled, "stopped by ctrl-C");
}

void add_sampling_options(CLI::App& command, Arguments& arguments) {
  SamplingOptions& sampling = arguments.sampling;
  arguments.temperature_given =
      command
          .add_option("--temp",
                      sampling.temperature,
                      "Temperature; 0 is greedy. Default: 0, or 1 where "
                      "--top-p or --top-k is given")
          ->type_name("X");
  command
      .add_option("--top-p",
                  sampling.top_p,
                  "Only the likeliest tokens that reach this probability")
      ->type_name("X")
      ->capture_default_str();
  command
      .add_option(
          "--top-k", sampling.top_k, "Only the K likeliest tokens; 0: all")
      ->type_name("K")
      ->capture_default_str();
  command
      .add_option("--repeat-penalty",
                  sampling.repeat_penalty,
                  "Divides the logits of tokens seen before; 1: off")
      ->type_name("X")
      ->capture_default_str();
  command
      .add_option("-s,--seed",
                  arguments.seed,
                  "Random numbers depend on it, the prompt and the sample only")
      ->type_name("SEED")
      ->capture_default_str();
}

}  // namespace

void add_generate(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      *program.add_subcommand("generate", "Continue prompts, steered or not");
  add_model_options(command, arguments->model);
  arguments->prompt_given = command
                                .add_option("-p,--prompt",
                                            arguments->prompt,
                                            "The prompt; \"\" starts from BOS")
                                ->type_name("PROMPT");
  command
      .add_option(
          "-f,--file",
          arguments->file,
          "Prompts: .txt, .jsonl, .csv, .json#subset; -: standard input")
      ->type_name("FILE");
  add_steer_options(command, arguments->steer);
  add_strengths_option(command, arguments->steer);
  command
      .add_option("-n,--new-tokens",
                  arguments->new_tokens,
                  "Most tokens to add to a prompt")
      ->type_name("N")
      ->capture_default_str();
  add_sampling_options(command, *arguments);
  command.add_option("--samples", arguments->samples, "Continuations a prompt")
      ->type_name("K")
      ->capture_default_str();
  command.add_option("--batch", arguments->batch, "Rows of one model call")
      ->type_name("N")
      ->capture_default_str();
  CLI::Option* chat = command.add_flag(
      "--chat",
      arguments->chat,
      "The prompt is the user's turn of a chat, written by the model's own "
      "chat template");
  command
      .add_option(
          "--system", arguments->system, "System message in front of the chat")
      ->type_name("TEXT")
      ->needs(chat);
  command
      .add_option("--chat-template",
                  arguments->chat_template,
                  "Jinja template in place of the model's own")
      ->type_name("FILE")
      ->needs(chat);
  command.add_flag("--json",
                   arguments->json,
                   "A line a continuation: prompt, strength, sample, text, "
                   "tokens (ids), finish (eos, length, context, failed or "
                   "cancelled)");
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
