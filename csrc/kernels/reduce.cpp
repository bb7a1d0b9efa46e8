// reduce.cpp: sums, extremes and softmax over the rows or the columns of a
// matrix.
#include "../vector_math.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

// What a reduction starts from, how it goes on, and the type in which parts are
// joined.

template <class T>
struct Sum {
  using Total = double;
  static constexpr T start() { return 0; }
  template <class V>
  static V join(V total, V value) {
    return total + value;
  }
};

template <class T>
struct Largest {
  using Total = T;
  static constexpr T start() { return -__builtin_huge_val(); }
  template <class V>
  static V join(V total, V value) {
    return (value > total) | (value != value) ? value : total;
  }
  static T join(T total, T value) {
    return value > total || value != value ? value : total;
  }
};

template <class T>
struct Smallest {
  using Total = T;
  static constexpr T start() { return __builtin_huge_val(); }
  template <class V>
  static V join(V total, V value) {
    return (value < total) | (value != value) ? value : total;
  }
  static T join(T total, T value) {
    return value < total || value != value ? value : total;
  }
};

/// Reduce one short run; sums in T lose little over this length.
template <class Operation, class T>
typename Operation::Total reduce_run(const T* x, long count) {
  constexpr int kChains = 4;
  constexpr long kLength = kLanes<T>;
  Vector<T> total[kChains];
  for (auto& chain : total) chain = splat(Operation::start());
  long i = 0;
  for (; i + kChains * kLength <= count; i += kChains * kLength)
    for (int j = 0; j < kChains; ++j)
      total[j] = Operation::join(total[j], load(x + i + j * kLength));
  for (; i + kLength <= count; i += kLength)
    total[0] = Operation::join(total[0], load(x + i));
  total[0] = Operation::join(Operation::join(total[0], total[1]),
                             Operation::join(total[2], total[3]));
  T result = Operation::start();
  T lanes[kLength];
  __builtin_memcpy(lanes, &total[0], sizeof lanes);
  for (; i < count; ++i) lanes[0] = Operation::join(lanes[0], x[i]);
  for (T lane : lanes) result = Operation::join(result, lane);
  return result;
}

template <class Operation, class T>
T reduce_row(const T* x, long count) {
  constexpr long kRun = 64 * kLanes<T>;
  typename Operation::Total total = Operation::start();
  for (long i = 0; i < count; i += kRun)
    total = Operation::join(
        total, reduce_run<Operation>(x + i, smaller(kRun, count - i)));
  return static_cast<T>(total);
}

template <class Operation, class T>
void reduce_columns(const T* x, long rows, long columns, T* out) {
  for (long row = 0; row < rows; ++row)
    out[row] = reduce_row<Operation>(x + row * columns, columns);
}

/// Reduce up to a vector of neighbouring columns.
template <class Operation, class T>
void reduce_strip(const T* x, long rows, long columns, T* out, long lanes) {
  constexpr long kRun = 64;
  typename Operation::Total total[kLanes<T>];
  for (auto& lane : total) lane = Operation::start();
  for (long begin = 0; begin < rows; begin += kRun) {
    long end = smaller(begin + kRun, rows);
    Vector<T> part = splat(Operation::start());
    for (long row = begin; row < end; ++row)
      part = Operation::join(part, load(x + row * columns, lanes));
    for (int i = 0; i < kLanes<T>; ++i)
      total[i] = Operation::join(total[i], typename Operation::Total(part[i]));
  }
  for (long i = 0; i < lanes; ++i) out[i] = static_cast<T>(total[i]);
}

template <class Operation, class T>
void reduce_rows(const T* x, long rows, long columns, T* out) {
  for_each_vector<T>(columns, [&](long i, long lanes) {
    reduce_strip<Operation>(x + i, rows, columns, out + i, lanes);
  });
}

// Softmax over each row.

template <class T>
Vector<T> load_or(const T* x, long lanes, T other) {
  if (lanes == kLanes<T>) return load(x);
  return select(first_lanes<T>(lanes), load_partial(x, lanes), splat(other));
}

/// The sum of exp(x - largest); writes the terms to `out` unless it is null.
template <class T>
T sum_of_exponentials(const T* x, T* out, long columns, T largest) {
  Vector<T> total{};
  for_each_vector<T>(columns, [&](long i, long lanes) {
    auto x_i = load_or(x + i, lanes, T(-__builtin_huge_val()));
    Vector<T> term = exponential(x_i - largest);
    if (lanes < kLanes<T>) term = masked<T>(term, first_lanes<T>(lanes));
    total += term;
    if (out) store(out + i, term, lanes);
  });
  return sum_lanes<T>(total);
}

template <class T>
void softmax(const T* x, T* out, long rows, long columns) {
  for (long row = 0; row < rows; ++row, x += columns, out += columns) {
    T largest = reduce_row<Largest<T>>(x, columns);
    Vector<T> total = splat(sum_of_exponentials(x, out, columns, largest));
    for_each_vector<T>(columns, [&](long i, long lanes) {
      store(out + i, load(out + i, lanes) / total, lanes);
    });
  }
}

template <class T>
void log_softmax(const T* x, T* out, long rows, long columns) {
  for (long row = 0; row < rows; ++row, x += columns, out += columns) {
    T largest = reduce_row<Largest<T>>(x, columns);
    T total = sum_of_exponentials<T>(x, nullptr, columns, largest);
    T logarithm_of_total = logarithm(splat(total))[0];
    for_each_vector<T>(columns, [&](long i, long lanes) {
      store(out + i, load(x + i, lanes) - largest - logarithm_of_total, lanes);
    });
  }
}

template <class T>
void fill(Kernels<T>& table) {
  table.reduce_rows[int(Reduction::sum)] = reduce_rows<Sum<T>, T>;
  table.reduce_rows[int(Reduction::amax)] = reduce_rows<Largest<T>, T>;
  table.reduce_rows[int(Reduction::amin)] = reduce_rows<Smallest<T>, T>;
  table.reduce_columns[int(Reduction::sum)] = reduce_columns<Sum<T>, T>;
  table.reduce_columns[int(Reduction::amax)] = reduce_columns<Largest<T>, T>;
  table.reduce_columns[int(Reduction::amin)] = reduce_columns<Smallest<T>, T>;
  table.softmax = softmax<T>;
  table.log_softmax = log_softmax<T>;
}

}  // namespace

void fill_reduce(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
