#include "lineas/eval/picture_oracle.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

/// A cell of the grid that is part of an object.
struct Cell {
  int64_t y = 0, x = 0;
  int64_t colour = 0;
};

// Corners included. The objects of a scene differ in colour, while a cell
// between two of them may name a third kind.
bool belong_together(const Cell& a, const Cell& b) {
  return a.colour == b.colour && std::abs(a.y - b.y) <= 1 &&
         std::abs(a.x - b.x) <= 1;
}

// Groups of cells of one colour that touch each other.
std::vector<std::vector<Cell>> group(std::vector<Cell> left) {
  std::vector<std::vector<Cell>> groups;
  while (!left.empty()) {
    std::vector<Cell> one{left.front()};
    left.erase(left.begin());
    for (size_t i = 0; i < one.size(); ++i) {
      const auto near = std::stable_partition(
          left.begin(), left.end(), [&](const Cell& cell) {
            return !belong_together(cell, one[i]);
          });
      one.insert(one.end(), near, left.end());
      left.erase(near, left.end());
    }
    groups.push_back(std::move(one));
  }
  return groups;
}

// The mean over the cells of a group, [C].
Tensor mean_over(const Tensor& x_CGG, const std::vector<Cell>& cells) {
  Tensor sum_C = at::zeros({x_CGG.size(0)});
  for (const Cell& cell : cells)
    sum_C += x_CGG.select(1, cell.y).select(1, cell.x);
  return sum_C / static_cast<double>(cells.size());
}

double middle_of(const std::vector<Cell>& cells) {
  double sum = 0;
  for (const Cell& cell : cells) sum += static_cast<double>(cell.x);
  return sum / static_cast<double>(cells.size());
}

}  // namespace

PictureOracle::PictureOracle(const std::string& folder) {
  const std::string where = folder + "/config.json";
  const Json config = read_json(where);
  if (require<std::string>(config, "format", where) != "lineas.oracle" ||
      require<int64_t>(config, "version", where) != 1)
    fail(ErrorKind::format,
         "{}: is no oracle of pictures (\"format\" lineas.oracle, \"version\" "
         "1)",
         where);
  const auto names = [&](const char* key) {
    return require<std::vector<std::string>>(config, key, where);
  };
  kinds_ = names("kinds");
  colours_ = names("colours");
  styles_ = names("styles");
  backgrounds_ = names("backgrounds");
  side_ = require<int64_t>(config, "size", where);
  least_cells_ = require<int64_t>(config, "least_cells", where);
  sure_ = require<double>(config, "sure", where);
  const auto widths = require<std::vector<int64_t>>(config, "widths", where);
  const auto pools = require<std::vector<int64_t>>(config, "pool_after", where);
  const SafetensorsFile file(folder + "/oracle.safetensors");
  for (size_t i = 0; i < widths.size(); ++i) {
    convolutions_.push_back(take(file, fmt::format("conv.{}", i)));
    convolutions_.back().pools =
        std::find(pools.begin(), pools.end(), static_cast<int64_t>(i)) !=
        pools.end();
  }
  hidden_ = take(file, "hidden");
  cell_ = take(file, "cell");
  whole_ = take(file, "whole");
  const auto cells = std::ssize(kinds_) + 1 + std::ssize(colours_);
  const auto whole = std::ssize(styles_) + std::ssize(backgrounds_);
  if (cell_.weight.size(0) != cells || whole_.weight.size(0) != whole)
    fail(ErrorKind::format,
         "{}: the weights beside it answer {} and {} numbers, its names are {} "
         "and {}",
         where,
         cell_.weight.size(0),
         whole_.weight.size(0),
         cells,
         whole);
}

PictureOracle::Layer PictureOracle::take(const SafetensorsFile& file,
                                         const std::string& name) const {
  return {file.view(name + ".weight").to(at::kFloat).clone(),
          file.view(name + ".bias").to(at::kFloat).clone()};
}

PictureOracle::Logits PictureOracle::look(const Picture& picture) const {
  if (picture.width != side_ || picture.height != side_)
    fail(ErrorKind::shape,
         "a picture of {} x {} pixels: the oracle reads {} x {}",
         picture.width,
         picture.height,
         side_,
         side_);
  const at::NoGradGuard no_grad;
  Tensor x = at::tensor(at::ArrayRef<uint8_t>(picture.rgb), at::kByte)
                     .view({1, side_, side_, 3})
                     .permute({0, 3, 1, 2})
                     .to(at::kFloat) /
                 127.5 -
             1;
  for (const Layer& layer : convolutions_) {
    x = at::conv2d(x, layer.weight, layer.bias, 1, 1).relu();
    if (layer.pools) x = at::max_pool2d(x, 2);
  }
  const Tensor quarters = at::avg_pool2d(x, x.size(2) / 2).flatten(1);
  const Tensor hidden = at::conv2d(x, hidden_.weight, hidden_.bias).relu();
  return {at::conv2d(hidden, cell_.weight, cell_.bias)[0],
          at::linear(quarters, whole_.weight, whole_.bias)[0]};
}

std::string PictureOracle::name_of(
    const Tensor& probabilities, const std::vector<std::string>& names) const {
  const int64_t best = probabilities.argmax().item<int64_t>();
  const bool is_sure = probabilities[best].item<double>() >= sure_;
  return is_sure ? names[static_cast<size_t>(best)] : "";
}

PictureReading PictureOracle::read(const Logits& logits) const {
  const auto kinds = std::ssize(kinds_) + 1;
  const Tensor kind_KGG = logits.cells_CGG.narrow(0, 0, kinds).softmax(0);
  const Tensor colour_CGG =
      logits.cells_CGG.narrow(0, kinds, std::ssize(colours_)).softmax(0);
  const Tensor kind_GG = kind_KGG.argmax(0);  // 0: no object
  const Tensor colour_GG = colour_CGG.argmax(0);
  std::vector<Cell> cells;
  for (int64_t y = 0; y < kind_GG.size(0); ++y)
    for (int64_t x = 0; x < kind_GG.size(1); ++x)
      if (kind_GG[y][x].item<int64_t>() > 0)
        cells.push_back({y, x, colour_GG[y][x].item<int64_t>()});
  auto groups = group(std::move(cells));
  std::erase_if(groups, [this](const auto& one) {
    return std::ssize(one) < least_cells_;
  });
  std::stable_sort(groups.begin(), groups.end(), [](auto& a, auto& b) {
    return middle_of(a) < middle_of(b);
  });
  PictureReading reading;
  for (const auto& one : groups) {
    const Tensor kind_K = mean_over(kind_KGG, one).narrow(0, 1, kinds - 1);
    reading.things.push_back({name_of(kind_K / kind_K.sum(), kinds_),
                              name_of(mean_over(colour_CGG, one), colours_)});
  }
  const auto styles = std::ssize(styles_);
  reading.style =
      name_of(logits.whole_W.narrow(0, 0, styles).softmax(0), styles_);
  reading.background = name_of(
      logits.whole_W.narrow(0, styles, std::ssize(backgrounds_)).softmax(0),
      backgrounds_);
  return reading;
}

PictureReading PictureOracle::read(const Picture& picture) const {
  return read(look(picture));
}

}  // namespace lineas
