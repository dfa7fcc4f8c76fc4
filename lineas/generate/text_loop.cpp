#include "lineas/generate/text_loop.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/generate/text_drive.h"

namespace lineas {
namespace {

void take(const TextEvent& event,
          const TextLoopOptions& options,
          Continuation& made) {
  if (event.id) {
    made.ids.push_back(*event.id);
    if (options.on_token) options.on_token(event.row, *event.id);
  }
  if (!event.finish) return;
  made.finish = *event.finish;
  made.error = event.error;
  if (made.finish == Finish::failed && !options.fails_by_row)
    fail(ErrorKind::numeric, "{}", made.error);
  if (options.on_finish) options.on_finish(event.row, made);
}

}  // namespace

std::vector<Continuation> continue_text(const LanguageModel& model,
                                        const std::vector<TextRow>& rows,
                                        const TextLoopOptions& options) {
  check(options.sampling);
  std::vector<std::vector<int64_t>> prompts;
  for (const TextRow& row : rows) prompts.push_back(row.prompt);
  check_prompts(prompts, model.info());
  const size_t step = options.batch > 0 ? options.batch : rows.size();
  std::vector<Continuation> all(rows.size());
  for (size_t first = 0; first < rows.size(); first += step) {
    TextBatch batch(model, {options.tap, options.drops_finished});
    for (size_t i = first; i < std::min(first + step, rows.size()); ++i)
      batch.admit({.row = static_cast<int64_t>(i),
                   .prompt = rows[i].prompt,
                   .seed = rows[i].seed,
                   .options = {.max_new_tokens = options.max_new_tokens,
                               .sampling = options.sampling,
                               .eos_ids = options.eos_ids}});
    while (batch.is_running()) {
      if (options.is_cancelled && options.is_cancelled()) batch.cancel_all();
      for (const TextEvent& event : batch.step())
        take(event, options, all[event.row]);
    }
  }
  return all;
}

}  // namespace lineas
