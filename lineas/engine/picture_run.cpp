#include "lineas/engine/picture_run.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "lineas/base/error.h"
#include "lineas/tap/first_not_finite.h"

namespace lineas {
namespace {

bool steers_text(const std::vector<Steering>& steerings) {
  for (const Steering& steering : steerings)
    for (const auto& [key, map] : steering.set.maps)
      if (key.site.starts_with("text_encoder")) return true;
  return false;
}

class PictureRun {
 public:
  PictureRun(const PictureEngine& engine, const PictureRequest& request)
      : engine_(engine),
        request_(request),
        drive_(engine.model(),
               request.settings,
               list_rows(request),
               {.encodes_in_run = steers_text(request.steerings)}),
        tap_(engine.model().sites(), request.steerings, row_strengths_) {}

  std::vector<MadePicture> run() {
    const at::NoGradGuard no_grad;
    const auto total = std::ssize(made_);
    for (int64_t begin = 0; begin < total; begin += batch()) {
      if (!run_batch(begin, std::min(begin + batch(), total))) {
        made_.resize(static_cast<size_t>(begin));
        break;
      }
    }
    return std::move(made_);
  }

 private:
  // Also lists what is to be made.
  PictureRows list_rows(const PictureRequest& request) {
    PictureRows rows{.prompts = request.prompts,
                     .latents = request.latents,
                     .noise = request.noise};
    for (size_t p = 0; p < request.prompts.size(); ++p)
      for (int64_t sample = 0; sample < request.samples; ++sample) {
        const auto noise = std::ssize(rows.seeds);
        rows.seeds.push_back(request.seed + static_cast<uint64_t>(noise));
        for (size_t s = 0; s < request.strengths.size(); ++s) {
          rows.rows.push_back({static_cast<int64_t>(p), noise});
          row_strengths_.push_back(request.strengths[s]);
          made_.push_back({p, s, sample, rows.seeds.back()});
        }
      }
    if (request.noise.one_generator) rows.seeds.resize(1);
    return rows;
  }

  int64_t batch() const {
    const auto together = std::ssize(request_.strengths);
    return std::max<int64_t>(1, request_.batch / together) * together;
  }

  bool is_cancelled() const {
    return request_.is_cancelled && request_.is_cancelled();
  }

  // False where it was cancelled.
  bool run_batch(int64_t begin, int64_t end) {
    std::vector<int64_t> rows(static_cast<size_t>(end - begin));
    std::iota(rows.begin(), rows.end(), begin);
    Trajectory trajectory = drive_.begin(rows);
    keep_latents(trajectory);
    while (trajectory.segment < drive_.segments()) {
      if (is_cancelled()) return false;
      const Trajectory before = trajectory;
      drive_.advance(trajectory, tap_);
      note_not_finite(before, trajectory);
      keep_latents(trajectory);
      if (request_.on_step) request_.on_step(++calls_, calls_of_all());
    }
    for (size_t i = 0; i < rows.size(); ++i) finish(trajectory, i);
    return true;
  }

  int64_t calls_of_all() const {
    const auto rows = std::ssize(made_);
    return (rows + batch() - 1) / batch() * drive_.segments();
  }

  void keep_latents(const Trajectory& trajectory) {
    if (!request_.keeps_latents) return;
    for (size_t i = 0; i < trajectory.rows.size(); ++i)
      row(trajectory, i)
          .latents.push_back(
              drive_.latents(trajectory)[static_cast<int64_t>(i)].to(at::kCPU));
  }

  MadePicture& row(const Trajectory& trajectory, size_t i) {
    return made_[static_cast<size_t>(trajectory.rows[i])];
  }

  void note_not_finite(const Trajectory& before, const Trajectory& after) {
    const Tensor is_finite_B =
        drive_.latents(after).flatten(1).isfinite().all(1).to(at::kCPU);
    if (is_finite_B.all().item<bool>()) return;
    for (size_t i = 0; i < after.rows.size(); ++i)
      if (row(after, i).error.empty() &&
          !is_finite_B[static_cast<int64_t>(i)].item<bool>())
        row(after, i).error = describe_not_finite(before, i);
  }

  // The row's segment once more, by itself.
  std::string describe_not_finite(const Trajectory& before, size_t i) {
    Trajectory alone{.rows = {before.rows[i]}, .segment = before.segment};
    for (const Tensor& state : before.carried)
      alone.carried.push_back(state.narrow(0, static_cast<int64_t>(i), 1));
    FirstNotFinite search;
    ChainTap chain({&tap_, &search});
    drive_.advance(alone, chain);
    const std::string where =
        search.site() < 0
            ? "though every site is when the picture is made alone"
            : fmt::format("the first such value is at site \"{}\"",
                          engine_.model().sites()[search.site()].name);
    return fmt::format(
        "picture {}: the latents are not finite after step {}; {}. Is the "
        "map's strength moderate, and the dtype wide enough (--dtype bfloat16 "
        "has the range of float32)?",
        before.rows[i] + 1,
        before.segment + 1,
        where);
  }

  void finish(const Trajectory& trajectory, size_t i) {
    MadePicture& made = row(trajectory, i);
    if (made.error.empty())
      made.picture_3HW = engine_.model()
                             .decode(drive_.latents(trajectory)
                                         .narrow(0, static_cast<int64_t>(i), 1),
                                     drive_.denoiser().shape())
                             .to(at::kCPU)[0];
    if (request_.on_picture) request_.on_picture(made);
  }

  const PictureEngine& engine_;
  const PictureRequest& request_;
  std::vector<MadePicture> made_;
  std::vector<double> row_strengths_;
  PictureDrive drive_;
  SteerTap tap_;
  int64_t calls_ = 0;
};

void check(const PictureRequest& request) {
  if (request.strengths.empty() || request.samples < 1 || request.batch < 1)
    fail(ErrorKind::usage,
         "picture run: {} strengths, {} samples, batches of {}; each must be 1 "
         "or more",
         request.strengths.size(),
         request.samples,
         request.batch);
}

}  // namespace

std::vector<MadePicture> run_pictures(const PictureEngine& engine,
                                      const PictureRequest& request) {
  check(request);
  return PictureRun(engine, request).run();
}

void check_none_failed(const std::vector<MadePicture>& pictures) {
  for (const MadePicture& picture : pictures)
    if (!picture.error.empty()) fail(ErrorKind::numeric, "{}", picture.error);
}

Picture to_bytes(const Tensor& picture_3HW) {
  const Tensor bytes_HW3 = (picture_3HW * 255)
                               .round()
                               .clamp(0, 255)
                               .to(at::kByte)
                               .permute({1, 2, 0})
                               .contiguous();
  Picture picture = blank_picture(picture_3HW.size(2), picture_3HW.size(1));
  std::memcpy(picture.rgb.data(),
              bytes_HW3.const_data_ptr<uint8_t>(),
              picture.rgb.size());
  return picture;
}

}  // namespace lineas
