// loss.cpp: losses of classes, and the ways back through the softmax family.
#include <cstring>

#include "../vector_math.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

/// The sum of `term(place, lanes)` over a row, always of the same pairs.
template <class T, class Term>
T sum_of(long columns, const Term& term) {
  Vector<T> total{};
  for_each_vector<T>(columns,
                     [&](long i, long lanes) { total += term(i, lanes); });
  return sum_lanes<T>(total);
}

template <class T>
void softmax_grad(const T* grad, const T* result, T* out, long rows,
                  long columns) {
  for (long row = 0; row < rows; ++row) {
    T total = sum_of<T>(columns, [&](long i, long lanes) {
      return load(grad + i, lanes) * load(result + i, lanes);
    });
    for_each_vector<T>(columns, [&](long i, long lanes) {
      store(out + i, (load(grad + i, lanes) - total) * load(result + i, lanes),
            lanes);
    });
    grad += columns, result += columns, out += columns;
  }
}

template <class T>
void log_softmax_grad(const T* grad, const T* result, T* out, long rows,
                      long columns) {
  for (long row = 0; row < rows; ++row) {
    T total = sum_of<T>(
        columns, [&](long i, long lanes) { return load(grad + i, lanes); });
    for_each_vector<T>(columns, [&](long i, long lanes) {
      Vector<T> share = exponential(load(result + i, lanes)) * total;
      store(out + i, load(grad + i, lanes) - share, lanes);
    });
    grad += columns, result += columns, out += columns;
  }
}

/// Call `body(item, place of its class in x, weight)` for each target that
/// counts. False if one is not a class; then the body was not called at all.
template <class T, class Body>
bool for_each_target(const Weighing& how, const int64_t* target,
                     const T* weight, const Body& body) {
  const auto [outer, columns, inner] = how.shape;
  const long count = outer * inner;
  for (long i = 0; i < count; ++i)
    if (target[i] != how.ignored && (target[i] < 0 || target[i] >= columns))
      return false;
  for (long i = 0; i < count; ++i) {
    const int64_t chosen = target[i];
    if (chosen == how.ignored) continue;
    long place = (i / inner * columns + chosen) * inner + i % inner;
    body(i, place, weight ? weight[chosen] : T(1));
  }
  return true;
}

template <class T>
bool nll_loss(const Weighing& how, const T* x, const int64_t* target,
              const T* weight, T* losses, T* total) {
  double sum = 0, weights = 0;
  const bool each = how.share == Share::none;
  // A target that does not count leaves zero.
  if (each)
    std::memset(losses, 0,
                size_t(how.shape.outer * how.shape.inner) * sizeof(T));
  bool done =
      for_each_target(how, target, weight, [&](long i, long place, T share) {
        T loss = -x[place] * share;
        weights += share;
        sum += loss;
        if (each) losses[i] = loss;
      });
  *total = static_cast<T>(weights);
  if (how.share == Share::sum) *losses = static_cast<T>(sum);
  if (how.share == Share::mean) *losses = static_cast<T>(sum) / *total;
  return done;
}

template <class T>
bool nll_loss_grad(const Weighing& how, const T* grad, const int64_t* target,
                   const T* weight, const T* total, T* out) {
  const auto [outer, columns, inner] = how.shape;
  std::memset(out, 0, size_t(outer * columns * inner) * sizeof(T));
  return for_each_target(how, target, weight, [&](long i, long place, T share) {
    T slope = -share * grad[how.share == Share::none ? i : 0];
    if (how.share == Share::mean) slope /= *total;
    out[place] = slope;
  });
}

template <class T>
void fill(Kernels<T>& table) {
  table.softmax_grad = softmax_grad<T>;
  table.log_softmax_grad = log_softmax_grad<T>;
  table.nll_loss = nll_loss<T>;
  table.nll_loss_grad = nll_loss_grad<T>;
}

}  // namespace

void fill_loss(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
