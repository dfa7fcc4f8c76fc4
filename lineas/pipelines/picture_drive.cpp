// Source: diffusers pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl
// and pipelines/flux/pipeline_flux.py, __call__.
#include "lineas/pipelines/picture_drive.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"

namespace lineas {
namespace {

Tensor select(const Tensor& x, const std::vector<int64_t>& numbers) {
  return x.index_select(0, at::tensor(numbers, at::kLong).to(x.device()));
}

PromptTokens select(const PromptTokens& tokens,
                    const std::vector<int64_t>& numbers) {
  return {
      select(tokens.ids_BT, numbers),
      tokens.ids_2_BT.defined() ? select(tokens.ids_2_BT, numbers) : Tensor()};
}

PromptEmbeddings stack(const PromptEmbeddings& a, const PromptEmbeddings& b) {
  return {
      at::cat({a.text_BLD, b.text_BLD}),
      a.pooled_BD.defined() ? at::cat({a.pooled_BD, b.pooled_BD}) : Tensor()};
}

// Over all but the batch.
Tensor deviation_B(const Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return x.flatten(1).std(1).view(shape);
}

void check_settings(const PictureSettings& settings) {
  const auto check = [](const char* name, double value, double most) {
    if (!(std::isfinite(value) && value >= 0 && value <= most))
      fail(ErrorKind::usage,
           "{} {}: must be a number from 0 to {}",
           name,
           value,
           most);
  };
  check("--cfg-scale", settings.cfg_scale, 1e6);
  check("--guidance", settings.guidance, 1e6);
  check("--guidance-rescale", settings.cfg_rescale, 1);
}

// All that one generator draws goes by the largest number.
int64_t noise_count(const PictureRows& rows) {
  if (!rows.noise.one_generator) return std::ssize(rows.seeds);
  int64_t most = 0;
  for (const PictureRow& row : rows.rows) most = std::max(most, row.noise);
  return most + 1;
}

PictureNoise make_noise(const PictureRows& rows, const LatentShape& shape) {
  return {rows.seeds, shape.drawn(), noise_count(rows), rows.noise};
}

}  // namespace

PictureDrive::PictureDrive(const PictureModel& model,
                           const PictureSettings& settings,
                           PictureRows rows,
                           const Options& options)
    : model_(model),
      settings_((check_settings(settings), settings)),
      rows_(std::move(rows)),
      options_(options),
      denoiser_(
          make_denoiser(model.networks(), {settings.size, settings.guidance})),
      scheduler_(model.make_scheduler(settings.sampler, denoiser_->shape())),
      encoder_(std::make_unique<PromptEncoder>(
          model.networks(), model.index(), settings.prompt)),
      noise_(make_noise(rows_, denoiser_->shape())) {
  check_rows();
  take_latents();
  calls_ = scheduler_->calls();
  if (options.calls > calls_)
    fail(ErrorKind::usage,
         "{} denoising steps are asked for, the schedule has {}",
         options.calls,
         calls_);
  if (options.calls > 0) calls_ = options.calls;
  if (options.cuts_calls) stages_ = denoiser_->stages();
  const std::vector<std::string> negative{settings.negative.value_or("")};
  if (options.encodes_in_run) {
    tokens_ = encoder_->tokenize(rows_.prompts);
    negative_tokens_ = encoder_->tokenize(negative);
    return;
  }
  prompts_ = encoder_->encode(rows_.prompts);
  if (is_guided())
    negative_ = settings.negative ? encoder_->encode(negative)
                                  : encoder_->encode_nothing();
}

void PictureDrive::check_rows() const {
  if (rows_.prompts.empty() || rows_.rows.empty())
    fail(ErrorKind::usage, "there is no prompt to make a picture of");
  for (const PictureRow& row : rows_.rows)
    if (row.prompt < 0 || row.prompt >= std::ssize(rows_.prompts) ||
        row.noise < 0 || row.noise >= noise_count(rows_))
      fail(ErrorKind::usage,
           "a row of prompt {} and noise {}, of {} and {}",
           row.prompt,
           row.noise,
           rows_.prompts.size(),
           noise_count(rows_));
  if (settings_.cfg_scale > 1 && model_.is_flux() && !settings_.negative)
    fail(ErrorKind::usage,
         "--cfg-scale {}: FLUX has nothing to be led away from without a "
         "negative prompt; give -n, or use --guidance",
         settings_.cfg_scale);
}

// Unpacked and on the model's device from here on.
void PictureDrive::take_latents() {
  if (!rows_.latents.defined()) return;
  const LatentShape& shape = denoiser_->shape();
  Tensor given = rows_.latents.to(at::kFloat);
  const int64_t count = noise_count(rows_);
  const std::vector<int64_t> whole{
      count, shape.channels, shape.height, shape.width};
  const std::vector<int64_t> packed{count, shape.tokens(), shape.channels * 4};
  if (shape.is_packed && given.sizes() == at::IntArrayRef(packed))
    given = unpack_latents(given, shape);
  if (given.sizes() != at::IntArrayRef(whole))
    fail(ErrorKind::shape,
         "latents of shape {}, for pictures of {} x {} they must be {}",
         to_string(rows_.latents.sizes()),
         denoiser_->size().width,
         denoiser_->size().height,
         to_string(whole));
  if (!given.isfinite().all().item<bool>())
    fail(ErrorKind::numeric, "the latents given hold NaN or infinite values");
  rows_.latents = given;
}

std::vector<int64_t> PictureDrive::noises(std::span<const int64_t> rows) const {
  std::vector<int64_t> numbers;
  for (const int64_t row : rows)
    numbers.push_back(rows_.rows.at(static_cast<size_t>(row)).noise);
  return numbers;
}

Tensor PictureDrive::place(const Tensor& noise_BCHW) const {
  const Tensor placed = noise_BCHW.to(model_.device(), model_.dtype());
  return denoiser_->shape().is_packed ? pack_latents(placed) : placed;
}

Tensor PictureDrive::start_of(std::span<const int64_t> rows) {
  const std::vector<int64_t> numbers = noises(rows);
  return place(rows_.latents.defined() ? select(rows_.latents, numbers)
                                       : noise_.draw(numbers, 0));
}

// The generator of a picture draws its start first, unless that was given.
Tensor PictureDrive::step_noise(std::span<const int64_t> rows, int64_t step) {
  if (!scheduler_->needs_noise(step)) return {};
  const int64_t first = rows_.latents.defined() ? 0 : 1;
  return place(
      noise_.draw(noises(rows), first + scheduler_->noises_before(step)));
}

Trajectory PictureDrive::begin(std::span<const int64_t> rows) {
  Trajectory trajectory = Drive::begin(rows);
  trajectory.carried = {start_of(rows) * scheduler_->init_noise_sigma()};
  return trajectory;
}

std::vector<RowView> PictureDrive::views(std::span<const int64_t> rows,
                                         Half half) const {
  std::vector<RowView> views;
  for (const int64_t row : rows) {
    const auto at = std::ssize(views);
    views.push_back({.row = row, .begin = at, .end = at + 1, .half = half});
  }
  return views;
}

PromptEmbeddings PictureDrive::embed_rows(std::span<const int64_t> rows,
                                          Tap& tap) const {
  std::vector<int64_t> numbers;
  for (const int64_t row : rows) numbers.push_back(rows_.rows.at(row).prompt);
  const auto count = std::ssize(numbers);
  if (!options_.encodes_in_run) {
    const PromptEmbeddings prompts =
        prompts_.at_rows(at::tensor(numbers, at::kLong).to(model_.device()));
    return is_guided() ? stack(negative_.repeated(count), prompts) : prompts;
  }
  const Half half = is_guided() ? Half::conditional : Half::only;
  const PromptEmbeddings prompts =
      encoder_->encode(select(tokens_, numbers), views(rows, half), &tap);
  if (!is_guided()) return prompts;
  if (!settings_.negative)
    return stack(encoder_->encode_nothing().repeated(count), prompts);
  const std::vector<int64_t> first(static_cast<size_t>(count), 0);
  return stack(encoder_->encode(select(negative_tokens_, first),
                                views(rows, Half::unconditional),
                                &tap),
               prompts);
}

// What is carried from one segment to the next, by its parts.
struct PictureDrive::Standing {
  Carried sampler;
  PromptEmbeddings prompts;  // carried where they were encoded within the run
  Denoiser::State call;      // within a call of the denoiser
};

PictureDrive::Standing PictureDrive::take(const Trajectory& trajectory,
                                          Tap& tap) const {
  const auto& carried = trajectory.carried;
  auto next = carried.begin();
  Standing standing;
  standing.sampler.push_back(*next++);
  for (int64_t i = scheduler_->remembered(step_of(trajectory)); i > 0; --i)
    standing.sampler.push_back(*next++);
  if (!options_.encodes_in_run || trajectory.segment == 0) {
    standing.prompts = embed_rows(trajectory.rows, tap);
  } else {
    standing.prompts.text_BLD = with_halves_behind(*next++);
    if (model_.networks().reader_2.tokenizer)
      standing.prompts.pooled_BD = with_halves_behind(*next++);
  }
  for (; next != carried.end(); ++next)
    standing.call.push_back(with_halves_behind(*next));
  return standing;
}

std::vector<Tensor> PictureDrive::listed(Standing standing) const {
  std::vector<Tensor> carried = std::move(standing.sampler);
  if (options_.encodes_in_run) {
    carried.push_back(with_halves_beside(standing.prompts.text_BLD));
    if (standing.prompts.pooled_BD.defined())
      carried.push_back(with_halves_beside(standing.prompts.pooled_BD));
  }
  for (const Tensor& x : standing.call)
    carried.push_back(with_halves_beside(x));
  return carried;
}

// What is carried has a row an entry: of guided rows, [B, 2, ...].
Tensor PictureDrive::with_halves_beside(const Tensor& x) const {
  return is_guided() ? x.unflatten(0, at::IntArrayRef{2, -1}).transpose(0, 1)
                     : x;
}
Tensor PictureDrive::with_halves_behind(const Tensor& x) const {
  return is_guided() ? x.transpose(0, 1).flatten(0, 1) : x;
}

PassContext PictureDrive::context_of(const Trajectory& trajectory) const {
  PassContext context{.axis = Axis::entries,
                      .step = static_cast<int>(step_of(trajectory))};
  if (!is_guided()) {
    context.rows = views(trajectory.rows, Half::only);
    return context;
  }
  context.rows = views(trajectory.rows, Half::unconditional);
  for (RowView row : views(trajectory.rows, Half::conditional)) {
    row.begin += std::ssize(trajectory.rows);
    row.end = row.begin + 1;
    context.rows.push_back(row);
  }
  return context;
}

void PictureDrive::begin_call(const Trajectory& trajectory,
                              Standing& standing,
                              Pass& pass) const {
  const int64_t step = step_of(trajectory);
  Tensor input = scheduler_->scale_input(standing.sampler.front(), step);
  if (is_guided()) input = at::cat({input, input});
  standing.call =
      denoiser_->begin(input,
                       scheduler_->timesteps()[static_cast<size_t>(step)],
                       standing.prompts,
                       pass);
}

void PictureDrive::finish_call(const Trajectory& trajectory,
                               Standing& standing,
                               Pass& pass) {
  const int64_t step = step_of(trajectory);
  Tensor output = denoiser_->finish(std::move(standing.call), pass);
  standing.call.clear();
  if (is_guided()) output = guide(output);
  standing.sampler = scheduler_->step(
      output, step, standing.sampler, step_noise(trajectory.rows, step));
}

Tensor PictureDrive::guide(const Tensor& both) const {
  const std::vector<Tensor> halves = both.chunk(2);
  const Tensor guided =
      halves[0] + settings_.cfg_scale * (halves[1] - halves[0]);
  if (settings_.cfg_rescale == 0) return guided;
  const Tensor rescaled =
      guided * (deviation_B(halves[1]) / deviation_B(guided));
  return settings_.cfg_rescale * rescaled +
         (1 - settings_.cfg_rescale) * guided;
}

// The stages of the denoiser that make up the next segment: all, or one.
void PictureDrive::advance(Trajectory& trajectory, Tap& tap) {
  const int64_t count = denoiser_->stages();
  const int64_t first = stages_ == 1 ? 0 : trajectory.segment % stages_;
  const int64_t end = stages_ == 1 ? count : first + 1;
  run_until_finished([&] {
    Standing standing = take(trajectory, tap);
    Pass pass(context_of(trajectory), &tap);
    if (first == 0) begin_call(trajectory, standing, pass);
    for (int64_t stage = first; stage < end; ++stage)
      denoiser_->advance(standing.call, stage, standing.prompts, pass);
    if (end == count) finish_call(trajectory, standing, pass);
    trajectory.carried = listed(std::move(standing));
  });
  ++trajectory.segment;
}

bool PictureDrive::comes_by(const Place& place) const {
  const std::string& site = sites()[place.site].name;
  if (site.starts_with("text_encoder"))
    return options_.encodes_in_run && place.step <= 0;
  return !site.starts_with("vae");
}

std::optional<Outcome> PictureDrive::outcome() const {
  const SiteIndex site = sites().find(denoiser_->output_site());
  if (site < 0) return std::nullopt;
  return Outcome{site, OutcomeKind::values};
}

}  // namespace lineas
