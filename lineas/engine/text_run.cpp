#include "lineas/engine/text_run.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

class TextRun {
 public:
  TextRun(const Engine& engine, const TextRequest& request)
      : engine_(engine),
        request_(request),
        prompts_(engine.encode(request.prompts)) {
    for (size_t p = 0; p < prompts_.size(); ++p)
      for (int64_t sample = 0; sample < request.samples; ++sample)
        for (size_t s = 0; s < request.strengths.size(); ++s) {
          texts_.push_back({.prompt = p, .strength = s, .sample = sample});
          rows_.push_back(
              {prompts_[p], row_seed(request.seed, prompts_[p], sample)});
          row_strengths_.push_back(request.strengths[s]);
        }
  }

  std::vector<MadeText> run() {
    const auto tap = make_text_tap(
        engine_, request_.steerings, row_strengths_, HeadUse::generate);
    continue_text(engine_.model(), rows_, loop_options(tap.get()));
    return std::move(texts_);
  }

 private:
  TextLoopOptions loop_options(Tap* tap) {
    const RowOptions& options = request_.options;
    TextLoopOptions loop{.max_new_tokens = options.max_new_tokens,
                         .sampling = options.sampling,
                         .eos_ids = options.eos_ids,
                         .batch = rows_of_batch(),
                         .drops_finished = request_.drops_finished,
                         .tap = tap,
                         .fails_by_row = true,
                         .is_cancelled = request_.is_cancelled};
    loop.eos_ids.insert(
        loop.eos_ids.end(), engine_.eos_ids().begin(), engine_.eos_ids().end());
    loop.on_token = [this](int64_t row, int64_t id) {
      texts_[row].tokens.push_back(id);
      if (request_.on_token) request_.on_token(texts_[row]);
    };
    loop.on_finish = [this](int64_t row, const Continuation& made) {
      finish(texts_[row], made);
    };
    return loop;
  }

  int64_t rows_of_batch() const {
    const auto together = static_cast<int64_t>(request_.strengths.size());
    return std::max<int64_t>(1, request_.batch / together) * together;
  }

  void finish(MadeText& text, const Continuation& made) {
    text.text = engine_.decode_continuation(prompts_[text.prompt], text.tokens);
    text.finish = made.finish;
    text.error = made.error;
    if (request_.on_finish) request_.on_finish(text);
  }

  const Engine& engine_;
  const TextRequest& request_;
  std::vector<std::vector<int64_t>> prompts_;
  std::vector<MadeText> texts_;
  std::vector<TextRow> rows_;
  std::vector<double> row_strengths_;
};

void check(const TextRequest& request) {
  if (request.strengths.empty() || request.samples < 1 || request.batch < 1)
    fail(ErrorKind::usage,
         "text run: {} strengths, {} samples, batches of {} rows; each must be "
         "1 or more",
         request.strengths.size(),
         request.samples,
         request.batch);
}

}  // namespace

std::vector<MadeText> run_text(const Engine& engine,
                               const TextRequest& request) {
  check(request);
  return TextRun(engine, request).run();
}

void check_none_failed(const std::vector<MadeText>& texts) {
  for (const MadeText& text : texts)
    if (text.finish == Finish::failed)
      fail(ErrorKind::numeric, "{}", text.error);
}

std::unique_ptr<SteerTap> make_text_tap(
    const Engine& engine,
    const std::vector<Steering>& steerings,
    const std::vector<double>& row_strengths,
    HeadUse use) {
  const SiteTable& sites = engine.model().sites();
  check_head_maps(engine.model().head(), steerings, use);
  auto tap = std::make_unique<SteerTap>(sites, steerings, row_strengths);
  return tap->is_idle() ? nullptr : std::move(tap);
}

}  // namespace lineas
