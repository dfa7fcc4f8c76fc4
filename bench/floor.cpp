// The floor under a learning step: the same tokens through the same blocks up
// to the last matched norm, forward and backward through activations alone,
// with every backward written out by hand in ATen. No autograd, no sites, no
// maps, no objective. floor FOLDER [STEPS] prints one JSON line.
//
// Suffixes as in lineas/tensor/tensor.h.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "bench/shape.h"
#include "bench/timing.h"
#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/memory.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas::bench {
namespace {

struct Layer {
  Tensor norm_D, post_norm_D;
  Tensor q_OI, k_OI, v_OI, o_OI, q_bias, k_bias, v_bias;
  Tensor gate_FD, up_FD, down_DF;
};

// What the backward of one layer needs.
struct Saved {
  Tensor x_SD, r_S1;        // input norm
  Tensor q, k, v, weights;  // [B K, G T, d], [B K, T, d], scores
  Tensor h_SD, post_r_S1;   // post-attention norm
  Tensor gate_SF, up_SF;
};

// The packed rows as a grid and back.
struct Grid {
  int64_t rows = 0, longest = 0;
  Tensor token_of_cell, cell_of_token, mask_TT;
};

Grid make_grid(const std::vector<int64_t>& lengths, at::ScalarType type) {
  Grid grid;
  grid.rows = static_cast<int64_t>(lengths.size());
  grid.longest = *std::max_element(lengths.begin(), lengths.end());
  std::vector<int64_t> tokens(grid.rows * grid.longest, 0), cells;
  int64_t token = 0;
  for (int64_t b = 0; b < grid.rows; ++b)
    for (int64_t t = 0; t < lengths[b]; ++t) {
      tokens[b * grid.longest + t] = token++;
      cells.push_back(b * grid.longest + t);
    }
  grid.token_of_cell = at::tensor(tokens, at::kLong);
  grid.cell_of_token = at::tensor(cells, at::kLong);
  const int64_t T = grid.longest;
  grid.mask_TT = at::full({T, T}, -INFINITY, at::kFloat).triu(1).to(type);
  return grid;
}

class Floor {
 public:
  Floor(const std::string& folder, const Shape& shape);
  /// One forward and backward; the norm of the gradient at the first norm.
  double step();
  int64_t weight_bytes() const { return checkpoint_.bytes(); }
  /// Bytes that the forward keeps for the backward, by its shapes.
  int64_t saved_bytes() const;
  at::ScalarType dtype() const { return type_; }
  double flops() const;

 private:
  Tensor weight(const std::string& name) const {
    return checkpoint_.load(name, type_, at::kCPU);
  }
  Layer load_layer(int64_t index) const;

  Tensor norm(const Tensor& x_SD, const Tensor& gain_D, Tensor& r_S1) const;
  Tensor norm_backward(const Tensor& dy_SD,
                       const Tensor& x_SD,
                       const Tensor& gain_D,
                       const Tensor& r_S1) const;
  Tensor heads_to_grid(const Tensor& x_SD, int64_t groups) const;
  Tensor grid_to_heads(const Tensor& x, int64_t groups) const;
  Tensor rotate(const Tensor& x_SD, double sign) const;
  Tensor attention(const Layer& layer, Saved& saved, const Tensor& x_SD) const;
  Tensor attention_backward(const Layer& layer,
                            const Saved& saved,
                            const Tensor& dy_SD) const;
  Tensor mlp(const Layer& layer, Saved& saved, const Tensor& x_SD) const;
  Tensor mlp_backward(const Layer& layer,
                      const Saved& saved,
                      const Tensor& dy_SD) const;

  Shape shape_;
  Checkpoint checkpoint_;
  at::ScalarType type_;
  std::vector<int64_t> lengths_;
  Grid grid_;
  Tensor ids_S, cos_S1d, sin_S1d, embedding_VD;
  std::vector<Layer> layers_;
};

Floor::Floor(const std::string& folder, const Shape& shape)
    : shape_(shape),
      checkpoint_(folder),
      type_(checkpoint_.dtype()),
      lengths_(source_lengths()),
      grid_(make_grid(lengths_, type_)) {
  std::vector<int64_t> ids, positions;
  for (const auto& prompt : random_prompts(lengths_, shape.vocabulary, 1))
    for (size_t t = 0; t < prompt.size(); ++t) {
      ids.push_back(prompt[t]);
      positions.push_back(static_cast<int64_t>(t));
    }
  ids_S = at::tensor(ids, at::kLong);
  const Tensor power = at::arange(0, shape.head_width, 2, at::kFloat) /
                       static_cast<double>(shape.head_width);
  const Tensor frequency =
      at::pow(at::scalar_tensor(shape.theta), power).reciprocal();
  const Tensor angle =
      at::tensor(positions, at::kFloat).unsqueeze(1) * frequency;
  const Tensor both = at::cat({angle, angle}, 1).unsqueeze(1);
  cos_S1d = both.cos().to(type_);
  sin_S1d = both.sin().to(type_);
  embedding_VD = weight("model.embed_tokens.weight");
  for (int64_t l = 0; l < shape.layers; ++l) layers_.push_back(load_layer(l));
}

Layer Floor::load_layer(int64_t index) const {
  const std::string at = fmt::format("model.layers.{}.", index);
  const auto linear = [&](const char* name) { return weight(at + name); };
  return {linear("input_layernorm.weight"),
          linear("post_attention_layernorm.weight"),
          linear("self_attn.q_proj.weight"),
          linear("self_attn.k_proj.weight"),
          linear("self_attn.v_proj.weight"),
          linear("self_attn.o_proj.weight"),
          linear("self_attn.q_proj.bias"),
          linear("self_attn.k_proj.bias"),
          linear("self_attn.v_proj.bias"),
          linear("mlp.gate_proj.weight"),
          linear("mlp.up_proj.weight"),
          linear("mlp.down_proj.weight")};
}

Tensor Floor::norm(const Tensor& x_SD,
                   const Tensor& gain_D,
                   Tensor& r_S1) const {
  const Tensor square_S1 = at::linalg_vector_norm(
      x_SD, 2, at::IntArrayRef{-1}, /*keepdim=*/true, at::kFloat);
  r_S1 =
      square_S1.square().div_(shape_.width).add_(shape_.eps).rsqrt_().to(type_);
  return (x_SD * r_S1).mul_(gain_D);
}

// dx = r u - x r^3 mean(u x), u = dy gain.
Tensor Floor::norm_backward(const Tensor& dy_SD,
                            const Tensor& x_SD,
                            const Tensor& gain_D,
                            const Tensor& r_S1) const {
  Tensor u_SD = dy_SD * gain_D;
  const Tensor along_S1 = (u_SD * x_SD)
                              .sum(-1, true)
                              .mul_(r_S1.pow(3))
                              .div_(static_cast<double>(shape_.width));
  return u_SD.mul_(r_S1).addcmul_(x_SD, along_S1, -1);
}

// x_SD of `groups` heads a key head -> [B K, G T, d].
Tensor Floor::heads_to_grid(const Tensor& x_SD, int64_t groups) const {
  return x_SD.index_select(0, grid_.token_of_cell)
      .view({grid_.rows,
             grid_.longest,
             shape_.kv_heads,
             groups,
             shape_.head_width})
      .permute({0, 2, 3, 1, 4})
      .reshape({grid_.rows * shape_.kv_heads,
                groups * grid_.longest,
                shape_.head_width});
}

Tensor Floor::grid_to_heads(const Tensor& x, int64_t groups) const {
  return x
      .view({grid_.rows,
             shape_.kv_heads,
             groups,
             grid_.longest,
             shape_.head_width})
      .permute({0, 3, 1, 2, 4})
      .reshape({grid_.rows * grid_.longest, -1})
      .index_select(0, grid_.cell_of_token);
}

Tensor Floor::rotate(const Tensor& x_SD, double sign) const {
  const Tensor x = x_SD.view({x_SD.size(0), -1, shape_.head_width});
  const int64_t half = shape_.head_width / 2;
  const Tensor turned =
      at::cat({x.narrow(2, half, half).neg(), x.narrow(2, 0, half)}, 2);
  return (x * cos_S1d).addcmul_(turned, sin_S1d, sign).flatten(1);
}

Tensor Floor::attention(const Layer& layer,
                        Saved& saved,
                        const Tensor& x_SD) const {
  const int64_t groups = shape_.heads / shape_.kv_heads;
  const double scale = 1 / std::sqrt(static_cast<double>(shape_.head_width));
  const Tensor q_SD = at::addmm(layer.q_bias, x_SD, layer.q_OI.t());
  const Tensor k_SD = at::addmm(layer.k_bias, x_SD, layer.k_OI.t());
  const Tensor v_SD = at::addmm(layer.v_bias, x_SD, layer.v_OI.t());
  saved.q = heads_to_grid(rotate(q_SD, 1).mul_(scale), groups);
  saved.k = heads_to_grid(rotate(k_SD, 1), 1);
  saved.v = heads_to_grid(v_SD, 1);
  const int64_t T = grid_.longest;
  Tensor scores = at::bmm(saved.q, saved.k.transpose(1, 2));
  scores.view({-1, groups, T, T}).add_(grid_.mask_TT);
  saved.weights = at::softmax(scores, -1);
  const Tensor o_SD = grid_to_heads(at::bmm(saved.weights, saved.v), groups);
  return at::mm(o_SD, layer.o_OI.t());
}

Tensor Floor::attention_backward(const Layer& layer,
                                 const Saved& saved,
                                 const Tensor& dy_SD) const {
  const int64_t groups = shape_.heads / shape_.kv_heads;
  const double scale = 1 / std::sqrt(static_cast<double>(shape_.head_width));
  // A cell behind a row's end repeats token 0; its gradient must be nothing.
  Tensor do_SD = at::mm(dy_SD, layer.o_OI);
  Tensor do_cells =
      at::zeros({grid_.rows * grid_.longest, do_SD.size(1)}, do_SD.options());
  do_cells.index_copy_(0, grid_.cell_of_token, do_SD);
  const Tensor d_out = do_cells
                           .view({grid_.rows,
                                  grid_.longest,
                                  shape_.kv_heads,
                                  groups,
                                  shape_.head_width})
                           .permute({0, 2, 3, 1, 4})
                           .reshape(saved.q.sizes());
  const Tensor dv = at::bmm(saved.weights.transpose(1, 2), d_out);
  const Tensor d_weights = at::bmm(d_out, saved.v.transpose(1, 2));
  const Tensor d_scores =
      at::_softmax_backward_data(d_weights, saved.weights, -1, type_);
  const Tensor dq = at::bmm(d_scores, saved.k);
  const Tensor dk = at::bmm(d_scores.transpose(1, 2), saved.q);
  Tensor dx_SD =
      at::mm(rotate(grid_to_heads(dq, groups).mul_(scale), -1), layer.q_OI);
  dx_SD.addmm_(rotate(grid_to_heads(dk, 1), -1), layer.k_OI);
  return dx_SD.addmm_(grid_to_heads(dv, 1), layer.v_OI);
}

Tensor Floor::mlp(const Layer& layer, Saved& saved, const Tensor& x_SD) const {
  saved.gate_SF = at::mm(x_SD, layer.gate_FD.t());
  saved.up_SF = at::mm(x_SD, layer.up_FD.t());
  return at::mm(at::silu(saved.gate_SF).mul_(saved.up_SF), layer.down_DF.t());
}

Tensor Floor::mlp_backward(const Layer& layer,
                           const Saved& saved,
                           const Tensor& dy_SD) const {
  const Tensor d_inner_SF = at::mm(dy_SD, layer.down_DF);
  const Tensor d_gate_SF =
      at::silu_backward(d_inner_SF * saved.up_SF, saved.gate_SF);
  const Tensor d_up_SF = at::silu(saved.gate_SF).mul_(d_inner_SF);
  return at::mm(d_gate_SF, layer.gate_FD).addmm_(d_up_SF, layer.up_FD);
}

double Floor::step() {
  const c10::NoGradGuard no_autograd;
  std::vector<Saved> saved(layers_.size());
  Tensor x_SD = at::embedding(embedding_VD, ids_S);
  Tensor last_norm_SD;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    Saved& keep = saved[l];
    keep.x_SD = x_SD;
    const Tensor normed_SD = norm(x_SD, layer.norm_D, keep.r_S1);
    keep.h_SD = x_SD + attention(layer, keep, normed_SD);
    last_norm_SD = norm(keep.h_SD, layer.post_norm_D, keep.post_r_S1);
    if (l + 1 < layers_.size())
      x_SD = keep.h_SD + mlp(layer, keep, last_norm_SD);
  }
  Tensor dn_SD = last_norm_SD;  // any gradient will do
  Tensor dx_SD;                 // of the stream behind the layer
  for (size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    if (dx_SD.defined()) dn_SD = mlp_backward(layer, saved[l], dx_SD);
    if (l == 0) break;  // the first map sits on this norm: nothing below it
    Tensor dh_SD = norm_backward(
        dn_SD, saved[l].h_SD, layer.post_norm_D, saved[l].post_r_S1);
    if (dx_SD.defined()) dh_SD.add_(dx_SD);
    const Tensor da_SD = attention_backward(layer, saved[l], dh_SD);
    dx_SD = norm_backward(da_SD, saved[l].x_SD, layer.norm_D, saved[l].r_S1)
                .add_(dh_SD);
    saved[l] = Saved();
  }
  return dn_SD.norm().item<double>();
}

// Multiplications and additions of the matrix products of one step.
double Floor::flops() const {
  const double tokens = static_cast<double>(ids_S.size(0));
  const double D = shape_.width, kv = shape_.kv_heads * shape_.head_width;
  const double q = shape_.heads * shape_.head_width;
  const double attention = 2 * tokens * (2 * D * q + 2 * D * kv);
  const double mlp = 2 * tokens * 3 * D * shape_.inner;
  double scores = 0;
  for (int64_t length : lengths_) scores += 4.0 * length * length * q;
  const double layers = static_cast<double>(shape_.layers);
  const double forward = layers * (attention + scores) + (layers - 1) * mlp;
  const double backward =
      (layers - 1) * (attention + 2 * scores) + (layers - 1) * mlp;
  return forward + backward;
}

int64_t Floor::saved_bytes() const {
  const int64_t S = ids_S.size(0), B = grid_.rows, T = grid_.longest;
  const int64_t q = shape_.heads * shape_.head_width;
  const int64_t kv = shape_.kv_heads * shape_.head_width;
  const int64_t grid = B * T * (q + 2 * kv) + B * shape_.heads * T * T;
  const int64_t layer = 2 * S * (shape_.width + 1) + grid;
  const int64_t mlp = 2 * S * shape_.inner;
  const int64_t elements = shape_.layers * layer + (shape_.layers - 1) * mlp;
  return elements * static_cast<int64_t>(c10::elementSize(type_));
}

// GFLOP/s of [1057, 896] x [896, 4864], as the blocks' largest product.
double product_rate(const Shape& shape, at::ScalarType type) {
  const Tensor a = at::randn({1057, shape.width}).to(type);
  const Tensor b = at::randn({shape.inner, shape.width}).to(type);
  std::vector<double> times;
  Tensor out = at::empty({1057, shape.inner}, a.options());
  for (int i = 0; i < 15; ++i)
    times.push_back(seconds_of([&] { at::mm_out(out, a, b.t()); }));
  return 2.0 * 1057 * shape.width * shape.inner / median(times) / 1e9;
}

Json measure(const std::string& folder, int steps) {
  const Shape shape;
  Floor floor(folder, shape);
  const int64_t before = resident_bytes();
  floor.step();
  std::vector<double> times, rates;
  for (int i = 0; i < steps; ++i) {
    times.push_back(seconds_of([&] { floor.step(); }));
    rates.push_back(product_rate(shape, floor.dtype()));
  }
  const double step = median(times);
  return {{"step_seconds", step},
          {"gflops", floor.flops() / step / 1e9},
          {"product_gflops", median(rates)},
          {"weight_bytes", floor.weight_bytes()},
          {"saved_bytes", floor.saved_bytes()},
          {"resident_before", before},
          {"peak_resident_bytes", peak_resident_bytes()}};
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "floor FOLDER [STEPS]\n";
    return 2;
  }
  lineas::keep_freed_memory();
  const int steps = argc > 2 ? std::stoi(argv[2]) : 5;
  std::cout << lineas::bench::measure(argv[1], steps).dump() << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
