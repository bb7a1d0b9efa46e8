// optim.cpp: optimizer steps, one pass over each parameter.
#include "few.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

// Each step works on a copy of its constants, which no store can change: so
// they stay in registers.

/// The step of the vector at i, whose gradient is given. Called, it would read
/// its constants anew each time.
template <class T>
[[gnu::always_inline]] inline void descend(const SgdStep<T>& s, Vector<T> step,
                                           long i, long lanes) {
  Vector<T> param = load(s.param + i, lanes);
  if (s.maximize) step = -step;
  if (s.weight_decay != 0)
    step = multiply_add(splat(s.weight_decay), param, step);
  if (s.buffer) {
    Vector<T> buffer = step;
    if (!s.first)
      buffer = multiply_add(splat(s.undampened), step,
                            load(s.buffer + i, lanes) * s.momentum);
    store(s.buffer + i, buffer, lanes);
    step = s.nesterov ? multiply_add(splat(s.momentum), buffer, step) : buffer;
  }
  store(s.param + i, multiply_add(splat(-s.lr), step, param), lanes);
}

template <class T>
void sgd_step(const SgdStep<T>& given) {
  const SgdStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    descend(s, load(s.grad + i, lanes), i, lanes);
  });
}

// The gradient of a wide layer for a small batch is as large as its weight, and
// worth a few multiplications. Written and read back, the gradient and the step
// of 120 x 576 at batch 1 take 28 us, so 8.

template <class T, int kDepth>
void sgd_product_step(const SgdProductStep<T>& given) {
  const SgdProductStep<T> s = given;
  for (long row = 0; row < s.rows; ++row) {
    Vector<T> factor[kDepth];
    for (int k = 0; k < kDepth; ++k)
      factor[k] = splat(s.a[row * s.a_row + k * s.a_column]);
    for_each_vector<T>(s.columns, [&](long j, long lanes) {
      descend<T>(s, sum_of_few<T>(factor, s.b + j, s.b_row, lanes),
                 row * s.columns + j, lanes);
    });
  }
}

template <class T>
void sgd_product_step(const SgdProductStep<T>& s) {
  static_assert(kProductDepth == 4);
  switch (s.depth) {
    case 1:
      return sgd_product_step<T, 1>(s);
    case 2:
      return sgd_product_step<T, 2>(s);
    case 3:
      return sgd_product_step<T, 3>(s);
    case 4:
      return sgd_product_step<T, 4>(s);
  }
}

template <class T>
void adam_step(const AdamStep<T>& given) {
  const AdamStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> step = load(s.grad + i, lanes);
    Vector<T> param = load(s.param + i, lanes) * s.shrink;
    if (s.maximize) step = -step;
    if (s.weight_decay != 0) step = step + s.weight_decay * param;
    Vector<T> average = load(s.exp_avg + i, lanes);
    average = average + s.one_minus_beta1 * (step - average);
    store(s.exp_avg + i, average, lanes);
    Vector<T> square = load(s.exp_avg_sq + i, lanes) * s.beta2;
    square = square + s.one_minus_beta2 * step * step;
    store(s.exp_avg_sq + i, square, lanes);
    if (s.max_exp_avg_sq) {
      Vector<T> most = load(s.max_exp_avg_sq + i, lanes);
      square = select((most >= square) | (most != most), most, square);
      store(s.max_exp_avg_sq + i, square, lanes);
    }
    Vector<T> scale = square_root(square) / s.correction + s.eps;
    store(s.param + i, param - s.step_size * (average / scale), lanes);
  });
}

/// The direction to go against: the gradient and the pull of the decay.
template <class T>
Vector<T> descent(const ScaledStep<T>& s, Vector<T> param, long i, long lanes) {
  Vector<T> step = load(s.grad + i, lanes);
  if (s.maximize) step = -step;
  if (s.weight_decay != 0) step = step + s.weight_decay * param;
  return step;
}

/// Move an average towards a value, exactly at its end, and keep it.
template <class T>
Vector<T> blended(T* place, Vector<T> value, Blend<T> weight, long lanes) {
  Vector<T> average = load(place, lanes);
  average = weight.value < T(0.5) ? average + weight.value * (value - average)
                                  : value - (value - average) * weight.average;
  store(place, average, lanes);
  return average;
}

template <class T>
Vector<T> blended_square(T* place, Vector<T> value, Blend<T> weight,
                         long lanes) {
  Vector<T> average = load(place, lanes) * weight.average;
  average = average + weight.value * value * value;
  store(place, average, lanes);
  return average;
}

template <class T>
void rmsprop_step(const RmspropStep<T>& given) {
  const RmspropStep<T> s = given;
  auto [square_avg, grad_avg, buffer] = s.state;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> param = load(s.param + i, lanes);
    Vector<T> step = descent(s, param, i, lanes);
    Vector<T> square = blended_square(square_avg + i, step, s.square, lanes);
    if (grad_avg) {
      Vector<T> mean = blended(grad_avg + i, step, s.mean, lanes);
      square = square - mean * mean;
    }
    step = step / (square_root(square) + s.eps);
    if (buffer) {
      // Two roundings, as in PyTorch.
      Vector<T> kept = load(buffer + i, lanes) * s.momentum;
      keep(kept);
      step = kept + step;
      store(buffer + i, step, lanes);
    }
    store(s.param + i, param - s.lr * step, lanes);
  });
}

template <class T>
void adagrad_step(const AdagradStep<T>& given) {
  const AdagradStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> param = load(s.param + i, lanes);
    Vector<T> step = descent(s, param, i, lanes);
    Vector<T> sum = load(s.state[0] + i, lanes) + step * step;
    store(s.state[0] + i, sum, lanes);
    Vector<T> change = s.rate * step / (square_root(sum) + s.eps);
    store(s.param + i, param - change, lanes);
  });
}

template <class T>
void adadelta_step(const AdadeltaStep<T>& given) {
  const AdadeltaStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> param = load(s.param + i, lanes);
    Vector<T> step = descent(s, param, i, lanes);
    Vector<T> square = blended_square(s.state[0] + i, step, s.square, lanes);
    Vector<T> past = load(s.state[1] + i, lanes);
    step = square_root(past + s.eps) / square_root(square + s.eps) * step;
    blended_square(s.state[1] + i, step, s.square, lanes);
    store(s.param + i, param - s.lr * step, lanes);
  });
}

template <class T>
void adamax_step(const AdamaxStep<T>& given) {
  const AdamaxStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> param = load(s.param + i, lanes);
    Vector<T> step = descent(s, param, i, lanes);
    Vector<T> mean = blended(s.state[0] + i, step, s.mean, lanes);
    Vector<T> past = load(s.state[1] + i, lanes) * s.beta2;
    Vector<T> now = select(step < 0, -step, step + 0) + s.eps;
    Vector<T> most = select((past >= now) | (past != past), past, now);
    store(s.state[1] + i, most, lanes);
    store(s.param + i, param - s.rate * mean / most, lanes);
  });
}

template <class T>
void nadam_step(const NadamStep<T>& given) {
  const NadamStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> param = load(s.param + i, lanes) * s.shrink;
    Vector<T> step = descent(s, param, i, lanes);
    Vector<T> mean = blended(s.state[0] + i, step, s.mean, lanes);
    Vector<T> square = blended_square(s.state[1] + i, step, s.square, lanes);
    Vector<T> scale = square_root(square / s.correction) + s.eps;
    param = param - s.grad_rate * step / scale;
    store(s.param + i, param - s.mean_rate * mean / scale, lanes);
  });
}

template <class T>
void radam_step(const RadamStep<T>& given) {
  const RadamStep<T> s = given;
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> param = load(s.param + i, lanes) * s.shrink;
    Vector<T> step = descent(s, param, i, lanes);
    Vector<T> mean = blended(s.state[0] + i, step, s.mean, lanes);
    Vector<T> square = blended_square(s.state[1] + i, step, s.square, lanes);
    Vector<T> change = s.rate * mean;
    if (s.adaptive) change = change / (square_root(square) + s.eps);
    store(s.param + i, param - change, lanes);
  });
}

template <class T>
void fill(Kernels<T>& table) {
  table.sgd_step = sgd_step<T>;
  table.sgd_product_step = sgd_product_step<T>;
  table.adam_step = adam_step<T>;
  table.rmsprop_step = rmsprop_step<T>;
  table.adagrad_step = adagrad_step<T>;
  table.adadelta_step = adadelta_step<T>;
  table.adamax_step = adamax_step<T>;
  table.nadam_step = nadam_step<T>;
  table.radam_step = radam_step<T>;
}

}  // namespace

void fill_optim(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
