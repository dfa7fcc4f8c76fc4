#include "lineas/kernels/fused.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "lineas/kernels/row_kernels.h"

namespace lineas {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr int64_t kElementsPerTask = 1 << 15;

// The loops know float and bfloat16 on the CPU; everything else takes the same
// formulas in ATen operations.
bool has_kernel(const Tensor& x) {
  return x.is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

template <typename T>
const T* read(const Tensor& x) {
  return static_cast<const T*>(x.const_data_ptr());
}
template <typename T>
T* write(const Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

// Calls body(T{}) with the type in which the kernels see the elements of x.
template <typename Body>
void with_element_type(const Tensor& x, Body body) {
  if (x.scalar_type() == at::kFloat)
    body(float{});
  else
    body(kernels::Bfloat16Bits{});
}

bool wants_gradient(const Tensor& x) {
  return x.requires_grad();
}
bool wants_gradient(double) {
  return false;
}

// body(begin, end) over rows of `width` elements, on all threads.
template <typename Body>
void over_rows(int64_t rows, int64_t width, Body body) {
  const int64_t grain = std::max<int64_t>(1, kElementsPerTask / width);
  at::parallel_for(0, rows, grain, body);
}

// F on x, without autograd's bookkeeping where no gradient is asked for: while
// decoding it would cost more than the loops.
template <typename F, typename... Rest>
Tensor call(const Tensor& x, const Rest&... rest) {
  const bool needs_gradient =
      c10::GradMode::is_enabled() &&
      (x.requires_grad() || (wants_gradient(rest) || ...));
  if (needs_gradient) return F::apply(x, rest...);
  AutogradContext unused;
  return F::forward(&unused, x, rest...);
}

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& x_in,
                        const Tensor& gain_D,
                        double eps) {
    const Tensor x_SD = x_in.contiguous();
    const int64_t width = x_SD.size(-1), rows = x_SD.numel() / width;
    Tensor y_SD = at::empty_like(x_SD);
    Tensor r_S = at::empty({rows}, at::kFloat);
    with_element_type(x_SD, [&](auto type) {
      using T = decltype(type);
      const T* x = read<T>(x_SD);
      const T* gain = read<T>(gain_D);
      T* y = write<T>(y_SD);
      float* r = r_S.data_ptr<float>();
      over_rows(rows, width, [&](int64_t begin, int64_t end) {
        for (int64_t s = begin; s < end; ++s)
          r[s] = kernels::rms_norm_row(x + s * width,
                                       gain,
                                       y + s * width,
                                       width,
                                       static_cast<float>(eps));
      });
    });
    context->save_for_backward({x_SD, gain_D, r_S});
    return y_SD;
  }

  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor dy_SD = gradients[0].contiguous();
    const int64_t width = dy_SD.size(-1), rows = dy_SD.numel() / width;
    Tensor dx_SD = at::empty_like(dy_SD);
    with_element_type(dy_SD, [&](auto type) {
      using T = decltype(type);
      const T* dy = read<T>(dy_SD);
      const T* x = read<T>(saved[0]);
      const T* gain = read<T>(saved[1]);
      const float* r = saved[2].const_data_ptr<float>();
      T* dx = write<T>(dx_SD);
      over_rows(rows, width, [&](int64_t begin, int64_t end) {
        for (int64_t s = begin; s < end; ++s)
          kernels::rms_norm_row_backward(
              dy + s * width, x + s * width, gain, r[s], dx + s * width, width);
      });
    });
    return {dx_SD, Tensor(), Tensor()};
  }
};

Tensor rms_norm_in_aten(const Tensor& x_SD, const Tensor& gain_D, double eps) {
  const Tensor wide_SD = x_SD.to(at::kFloat);
  const Tensor r_S1 = (wide_SD.square().mean(-1, true) + eps).rsqrt();
  return (wide_SD * r_S1 * gain_D.to(at::kFloat)).to(x_SD.scalar_type());
}

Tensor rotate_rows(const Tensor& x_in,
                   const Tensor& cos_Sd2,
                   const Tensor& sin_Sd2,
                   float sign) {
  const Tensor x_SHd = x_in.contiguous();
  const int64_t heads = x_SHd.size(1), width = x_SHd.size(2);
  Tensor y_SHd = at::empty_like(x_SHd);
  with_element_type(x_SHd, [&](auto type) {
    using T = decltype(type);
    const T* x = read<T>(x_SHd);
    T* y = write<T>(y_SHd);
    const float* cos = cos_Sd2.const_data_ptr<float>();
    const float* sin = sin_Sd2.const_data_ptr<float>();
    over_rows(x_SHd.size(0), heads * width, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * heads; i < end * heads; ++i)
        kernels::rotate_head(x + i * width,
                             cos + i / heads * (width / 2),
                             sin + i / heads * (width / 2),
                             sign,
                             y + i * width,
                             width / 2);
    });
  });
  return y_SHd;
}

struct Rotate : Function<Rotate> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& x_SHd,
                        const Tensor& cos_Sd2,
                        const Tensor& sin_Sd2) {
    context->save_for_backward({cos_Sd2, sin_Sd2});
    return rotate_rows(x_SHd, cos_Sd2, sin_Sd2, 1.0f);
  }
  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    return {rotate_rows(gradients[0], saved[0], saved[1], -1.0f),
            Tensor(),
            Tensor()};
  }
};

Tensor rotate_in_aten(const Tensor& x_SHd,
                      const Tensor& cos_Sd2,
                      const Tensor& sin_Sd2) {
  const Tensor cos = cos_Sd2.unsqueeze(1), sin = sin_Sd2.unsqueeze(1);
  const std::vector<Tensor> halves = x_SHd.to(at::kFloat).chunk(2, -1);
  return at::cat({halves[0] * cos - halves[1] * sin,
                  halves[1] * cos + halves[0] * sin},
                 -1)
      .to(x_SHd.scalar_type());
}

struct SwiGlu : Function<SwiGlu> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& gate_SF,
                        const Tensor& up_SF) {
    Tensor y_SF = at::empty_like(gate_SF);
    with_element_type(gate_SF, [&](auto type) {
      using T = decltype(type);
      const T* gate = read<T>(gate_SF);
      const T* up = read<T>(up_SF);
      T* y = write<T>(y_SF);
      over_rows(gate_SF.numel(), 1, [&](int64_t begin, int64_t end) {
        kernels::swiglu(gate + begin, up + begin, y + begin, end - begin);
      });
    });
    context->save_for_backward({gate_SF, up_SF});
    return y_SF;
  }

  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor dy_SF = gradients[0].contiguous();
    Tensor dgate_SF = at::empty_like(dy_SF), dup_SF = at::empty_like(dy_SF);
    with_element_type(dy_SF, [&](auto type) {
      using T = decltype(type);
      const T* dy = read<T>(dy_SF);
      const T* gate = read<T>(saved[0]);
      const T* up = read<T>(saved[1]);
      T* dgate = write<T>(dgate_SF);
      T* dup = write<T>(dup_SF);
      over_rows(dy_SF.numel(), 1, [&](int64_t begin, int64_t end) {
        kernels::swiglu_backward(dy + begin,
                                 gate + begin,
                                 up + begin,
                                 dgate + begin,
                                 dup + begin,
                                 end - begin);
      });
    });
    return {dgate_SF, dup_SF};
  }
};

struct GatherRows : Function<GatherRows> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& x,
                        const Tensor& index,
                        const Tensor& inverse) {
    context->save_for_backward({index, inverse});
    return x.index_select(0, index);
  }
  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& index = saved[0];
    const Tensor& inverse = saved[1];  // an entry for every row of x
    const Tensor& dy = gradients[0];
    if (index.size(0) >= inverse.size(0))
      return {dy.index_select(0, inverse), Tensor(), Tensor()};
    // `index` leaves rows of x out: these get zero.
    std::vector<int64_t> shape = dy.sizes().vec();
    shape[0] = inverse.size(0);
    Tensor dx = at::zeros(shape, dy.options()).index_copy_(0, index, dy);
    return {dx, Tensor(), Tensor()};
  }
};

// One map for all tokens ([D]) or one a token ([S, D]).
struct ScaleAndShift : Function<ScaleAndShift> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& x_in,
                        const Tensor& scale,
                        const Tensor& shift) {
    const Tensor x_SD = x_in.contiguous();
    const int64_t width = x_SD.size(-1), rows = x_SD.numel() / width;
    const int64_t stride = scale.dim() == 1 ? 0 : width;
    Tensor y_SD = at::empty_like(x_SD);
    with_element_type(x_SD, [&](auto type) {
      using T = decltype(type);
      const T* x = read<T>(x_SD);
      const float* w = scale.const_data_ptr<float>();
      const float* b = shift.const_data_ptr<float>();
      T* y = write<T>(y_SD);
      over_rows(rows, width, [&](int64_t begin, int64_t end) {
        for (int64_t s = begin; s < end; ++s)
          kernels::scale_and_shift(x + s * width,
                                   w + s * stride,
                                   b + s * stride,
                                   y + s * width,
                                   width);
      });
    });
    context->save_for_backward({x_SD, scale});
    return y_SD;
  }

  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor dy_SD = gradients[0].to(at::kFloat);
    const Tensor& x_SD = saved[0];
    const Tensor& scale = saved[1];
    Tensor dx_SD, dscale, dshift;
    if (context->needs_input_grad(0))
      dx_SD = (dy_SD * scale).to(x_SD.scalar_type());
    if (context->needs_input_grad(1)) {
      dscale = dy_SD * x_SD;
      if (scale.dim() == 1) dscale = dscale.flatten(0, -2).sum(0);
    }
    if (context->needs_input_grad(2))
      dshift = scale.dim() == 1 ? dy_SD.flatten(0, -2).sum(0) : dy_SD;
    return {dx_SD, dscale, dshift};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x_SD, const Tensor& gain_D, double eps) {
  return has_kernel(x_SD) ? call<RmsNorm>(x_SD, gain_D, eps)
                          : rms_norm_in_aten(x_SD, gain_D, eps);
}

Tensor rotate(const Tensor& x_SHd,
              const Tensor& cos_Sd2,
              const Tensor& sin_Sd2) {
  return has_kernel(x_SHd) ? call<Rotate>(x_SHd, cos_Sd2, sin_Sd2)
                           : rotate_in_aten(x_SHd, cos_Sd2, sin_Sd2);
}

Tensor swiglu(const Tensor& gate_SF, const Tensor& up_SF) {
  return has_kernel(gate_SF)
             ? call<SwiGlu>(gate_SF.contiguous(), up_SF.contiguous())
             : at::silu(gate_SF) * up_SF;
}

Tensor gather_rows(const Tensor& x,
                   const Tensor& index,
                   const Tensor& inverse) {
  return call<GatherRows>(x, index, inverse);
}

Tensor scale_and_shift(const Tensor& x_SD,
                       const Tensor& scale,
                       const Tensor& shift) {
  if (has_kernel(x_SD)) return call<ScaleAndShift>(x_SD, scale, shift);
  return at::addcmul(shift, x_SD.to(scale.scalar_type()), scale)
      .to(x_SD.scalar_type());
}

}  // namespace lineas
