// norm.cpp: normalisation of channels over a batch, and of rows.
#include <cmath>

#include "../simd.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

/// The sum of `term(place, lanes)` over a row. Sums in T lose little over the
/// length of a run; runs are added in double precision.
template <class T, class Term>
double total_of(long count, const Term& term) {
  constexpr long kLength = kLanes<T>;
  constexpr long kRun = 64 * kLength;
  double total = 0;
  for (long begin = 0; begin < count; begin += kRun) {
    const long end = smaller(begin + kRun, count);
    long i = begin;
    Vector<T> chain[4] = {};
    for (; i + 4 * kLength <= end; i += 4 * kLength)
      for (int j = 0; j < 4; ++j) chain[j] += term(i + j * kLength, kLength);
    for (; i + kLength <= end; i += kLength) chain[0] += term(i, kLength);
    if (i < end)
      chain[1] += masked<T>(term(i, end - i), first_lanes<T>(end - i));
    total += sum_lanes<T>((chain[0] + chain[1]) + (chain[2] + chain[3]));
  }
  return total;
}

/// What is known of the elements that are normalised together.
template <class T>
struct Moments {
  T mean, variance, scale;

  Moments(double sum_of_squares, double count, T average, T eps)
      : mean(average), variance(static_cast<T>(sum_of_squares / count)) {
    scale = static_cast<T>(1 / std::sqrt(sum_of_squares / count + double(eps)));
  }
  void write(const Norm<T>& s, long place) const {
    s.mean[place] = mean;
    s.variance[place] = variance;
    s.scale[place] = scale;
  }
};

template <class T>
T or_one(const T* values, long i) {
  return values ? values[i] : T(1);
}
template <class T>
T or_zero(const T* values, long i) {
  return values ? values[i] : T(0);
}

// Channels of (N, C, L).

template <class T, class Term>
double total_of_channel(const Planes& shape, long c, const Term& term) {
  double total = 0;
  for (long n = 0; n < shape.N; ++n) {
    const long plane = (n * shape.C + c) * shape.L;
    total += total_of<T>(
        shape.L, [&](long i, long lanes) { return term(plane + i, lanes); });
  }
  return total;
}

/// out = factor * (x - mean) + summand in one channel.
template <class T, class Value>
void write_channel(const Planes& shape, long c, T* out, const Value& value) {
  for (long n = 0; n < shape.N; ++n) {
    const long plane = (n * shape.C + c) * shape.L;
    for_each_vector<T>(shape.L, [&](long i, long lanes) {
      store(out + plane + i, value(plane + i, lanes), lanes);
    });
  }
}

template <class T>
void batch_norm_channel(const Norm<T>& s, long c) {
  const double count = double(s.shape.N) * double(s.shape.L);
  const T mean =
      static_cast<T>(total_of_channel<T>(s.shape, c,
                                         [&](long i, long lanes) {
                                           return load(s.x + i, lanes);
                                         }) /
                     count);
  const double squares =
      total_of_channel<T>(s.shape, c, [&](long i, long lanes) {
        Vector<T> centred = load(s.x + i, lanes) - mean;
        return centred * centred;
      });
  const Moments<T> found(squares, count, mean, s.eps);
  found.write(s, c);
  const T factor = found.scale * or_one(s.weight, c);
  const T summand = or_zero(s.bias, c);
  write_channel<T>(s.shape, c, s.out, [&](long i, long lanes) {
    return (load(s.x + i, lanes) - mean) * factor + summand;
  });
}

template <class T>
void batch_norm_grad_channel(const NormGrad<T>& s, long c) {
  const double count = double(s.shape.N) * double(s.shape.L);
  const T mean = s.mean[c], scale = s.scale[c];
  const double sum = total_of_channel<T>(
      s.shape, c, [&](long i, long lanes) { return load(s.grad + i, lanes); });
  const double along = total_of_channel<T>(s.shape, c, [&](long i, long lanes) {
    return load(s.grad + i, lanes) * (load(s.x + i, lanes) - mean);
  });
  s.grad_bias[c] = static_cast<T>(sum);
  s.grad_weight[c] = static_cast<T>(along * double(scale));
  const T average = static_cast<T>(sum / count);
  const T slope = static_cast<T>(along / count * double(scale) * double(scale));
  const T factor = scale * or_one(s.weight, c);
  write_channel<T>(s.shape, c, s.grad_x, [&](long i, long lanes) {
    Vector<T> rest = load(s.grad + i, lanes) - average;
    return (rest - (load(s.x + i, lanes) - mean) * slope) * factor;
  });
}

// Channels that lie side by side, (N, C, 1): a vector of them at a time.

/// The sums of `term(place, lanes)` down the rows, for neighbouring columns.
template <class T, class Term>
void totals_of_columns(long rows, long columns, long lanes, double* total,
                       const Term& term) {
  constexpr long kRun = 64;
  for (int j = 0; j < kLanes<T>; ++j) total[j] = 0;
  for (long begin = 0; begin < rows; begin += kRun) {
    Vector<T> part{};
    for (long row = begin; row < smaller(begin + kRun, rows); ++row)
      part += term(row, row * columns, lanes);
    for (int j = 0; j < kLanes<T>; ++j) total[j] += double(part[j]);
  }
}

template <class T>
Vector<T> load_or(const T* values, long lanes, T other) {
  return values ? load(values, lanes) : splat(other);
}

template <class T>
void batch_norm_strip(const Norm<T>& s, long c, long lanes) {
  const long N = s.shape.N, C = s.shape.C;
  double total[kLanes<T>];
  totals_of_columns<T>(N, C, lanes, total, [&](long, long row, long count) {
    return load(s.x + row + c, count);
  });
  Vector<T> mean{}, factor{};
  for (long j = 0; j < lanes; ++j)
    mean[j] = static_cast<T>(total[j] / double(N));
  totals_of_columns<T>(N, C, lanes, total, [&](long, long row, long count) {
    Vector<T> centred = load(s.x + row + c, count) - mean;
    return centred * centred;
  });
  for (long j = 0; j < lanes; ++j) {
    const Moments<T> found(total[j], double(N), mean[j], s.eps);
    found.write(s, c + j);
    factor[j] = found.scale * or_one(s.weight, c + j);
  }
  const Vector<T> summand = load_or(s.bias ? s.bias + c : nullptr, lanes, T(0));
  for (long n = 0; n < N; ++n) {
    Vector<T> centred = load(s.x + n * C + c, lanes) - mean;
    store(s.out + n * C + c, centred * factor + summand, lanes);
  }
}

template <class T>
void batch_norm_grad_strip(const NormGrad<T>& s, long c, long lanes) {
  const long N = s.shape.N, C = s.shape.C;
  double sum[kLanes<T>], along[kLanes<T>];
  const Vector<T> mean = load(s.mean + c, lanes);
  totals_of_columns<T>(N, C, lanes, sum, [&](long, long row, long count) {
    return load(s.grad + row + c, count);
  });
  totals_of_columns<T>(N, C, lanes, along, [&](long, long row, long count) {
    return load(s.grad + row + c, count) * (load(s.x + row + c, count) - mean);
  });
  Vector<T> average{}, slope{}, factor{};
  for (long j = 0; j < lanes; ++j) {
    const double scale = double(s.scale[c + j]);
    s.grad_bias[c + j] = static_cast<T>(sum[j]);
    s.grad_weight[c + j] = static_cast<T>(along[j] * scale);
    average[j] = static_cast<T>(sum[j] / double(N));
    slope[j] = static_cast<T>(along[j] / double(N) * scale * scale);
    factor[j] = s.scale[c + j] * or_one(s.weight, c + j);
  }
  for (long n = 0; n < N; ++n) {
    Vector<T> rest = load(s.grad + n * C + c, lanes) - average;
    Vector<T> centred = load(s.x + n * C + c, lanes) - mean;
    store(s.grad_x + n * C + c, (rest - centred * slope) * factor, lanes);
  }
}

template <class T>
void batch_norm(const Norm<T>& s, long begin, long end) {
  if (s.shape.L == 1) {
    for_each_vector<T>(end - begin, [&](long c, long lanes) {
      batch_norm_strip(s, begin + c, lanes);
    });
  } else {
    for (long c = begin; c < end; ++c) batch_norm_channel(s, c);
  }
}

template <class T>
void batch_norm_grad(const NormGrad<T>& s, long begin, long end) {
  if (s.shape.L == 1) {
    for_each_vector<T>(end - begin, [&](long c, long lanes) {
      batch_norm_grad_strip(s, begin + c, lanes);
    });
  } else {
    for (long c = begin; c < end; ++c) batch_norm_grad_channel(s, c);
  }
}

// Rows of (N, L).

template <class T>
void layer_norm(const Norm<T>& s, long begin, long end) {
  const long L = s.shape.L;
  for (long n = begin; n < end; ++n) {
    const T* x = s.x + n * L;
    T* out = s.out + n * L;
    const T mean = static_cast<T>(
        total_of<T>(L, [&](long i, long lanes) { return load(x + i, lanes); }) /
        double(L));
    const double squares = total_of<T>(L, [&](long i, long lanes) {
      Vector<T> centred = load(x + i, lanes) - mean;
      return centred * centred;
    });
    const Moments<T> found(squares, double(L), mean, s.eps);
    found.write(s, n);
    for_each_vector<T>(L, [&](long i, long lanes) {
      Vector<T> value = (load(x + i, lanes) - mean) * found.scale;
      if (s.weight) value *= load(s.weight + i, lanes);
      if (s.bias) value += load(s.bias + i, lanes);
      store(out + i, value, lanes);
    });
  }
}

template <class T>
void layer_norm_grad(const NormGrad<T>& s, long begin, long end) {
  const long L = s.shape.L;
  for (long n = begin; n < end; ++n) {
    const T *x = s.x + n * L, *grad = s.grad + n * L;
    const T mean = s.mean[n], scale = s.scale[n];
    auto slope = [&](long i, long lanes) {
      Vector<T> value = load(grad + i, lanes);
      return s.weight ? value * load(s.weight + i, lanes) : value;
    };
    const T average = static_cast<T>(total_of<T>(L, slope) / double(L));
    const double along = total_of<T>(L, [&](long i, long lanes) {
      return slope(i, lanes) * (load(x + i, lanes) - mean);
    });
    const T share =
        static_cast<T>(along / double(L) * double(scale) * double(scale));
    for_each_vector<T>(L, [&](long i, long lanes) {
      Vector<T> centred = load(x + i, lanes) - mean;
      store(s.grad_x + n * L + i,
            (slope(i, lanes) - average - centred * share) * scale, lanes);
    });
  }
}

/// The gradients of factors and summands in the columns [begin, end).
template <class T>
void layer_norm_grad_affine(const NormGrad<T>& s, long begin, long end) {
  const long N = s.shape.N, L = s.shape.L;
  for_each_vector<T>(end - begin, [&](long i, long lanes) {
    double sum[kLanes<T>], along[kLanes<T>];
    const long c = begin + i;
    totals_of_columns<T>(N, L, lanes, sum, [&](long, long row, long count) {
      return load(s.grad + row + c, count);
    });
    totals_of_columns<T>(N, L, lanes, along, [&](long n, long row, long count) {
      Vector<T> centred = load(s.x + row + c, count) - s.mean[n];
      return load(s.grad + row + c, count) * (centred * s.scale[n]);
    });
    for (long j = 0; j < lanes; ++j) {
      s.grad_bias[c + j] = static_cast<T>(sum[j]);
      s.grad_weight[c + j] = static_cast<T>(along[j]);
    }
  });
}

/// out = x * factor + summand, both of the plane's channel, over planes.
template <class T>
void channel_affine(const Norm<T>& s, long begin, long end) {
  const long C = s.shape.C, L = s.shape.L;
  if (L == 1) {
    for (long n = begin; n < end; ++n)
      for_each_vector<T>(C, [&](long c, long lanes) {
        Vector<T> value = load(s.x + n * C + c, lanes);
        if (s.weight) value *= load(s.weight + c, lanes);
        if (s.bias) value += load(s.bias + c, lanes);
        store(s.out + n * C + c, value, lanes);
      });
    return;
  }
  for (long plane = begin * C; plane < end * C; ++plane) {
    const T factor = or_one(s.weight, plane % C);
    const T summand = or_zero(s.bias, plane % C);
    for_each_vector<T>(L, [&](long i, long lanes) {
      store(s.out + plane * L + i,
            load(s.x + plane * L + i, lanes) * factor + summand, lanes);
    });
  }
}

template <class T>
void fill(Kernels<T>& table) {
  table.batch_norm = batch_norm<T>;
  table.batch_norm_grad = batch_norm_grad<T>;
  table.layer_norm = layer_norm<T>;
  table.layer_norm_grad = layer_norm_grad<T>;
  table.layer_norm_grad_affine = layer_norm_grad_affine<T>;
  table.channel_affine = channel_affine<T>;
}

}  // namespace

void fill_norm(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
