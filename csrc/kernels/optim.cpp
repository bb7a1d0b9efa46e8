// optim.cpp: optimizer steps, one pass over each parameter.
#include "../simd.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

template <class T>
void sgd_step(const SgdStep<T>& s) {
  for_each_vector<T>(s.count, [&](long i, long lanes) {
    Vector<T> step = load(s.grad + i, lanes);
    Vector<T> param = load(s.param + i, lanes);
    if (s.maximize) step = -step;
    if (s.weight_decay != 0) step = step + s.weight_decay * param;
    if (s.buffer) {
      Vector<T> buffer = step;
      if (!s.first)
        buffer = load(s.buffer + i, lanes) * s.momentum + s.undampened * step;
      store(s.buffer + i, buffer, lanes);
      step = s.nesterov ? step + s.momentum * buffer : buffer;
    }
    store(s.param + i, param - s.lr * step, lanes);
  });
}

template <class T>
void adam_step(const AdamStep<T>& s) {
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

template <class T>
void fill(Kernels<T>& table) {
  table.sgd_step = sgd_step<T>;
  table.adam_step = adam_step<T>;
}

}  // namespace

void fill_optim(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
