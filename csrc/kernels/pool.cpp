// pool.cpp: max and average pooling over planes.
#include "../parallel.h"
#include "../shuffle.h"
#include "fill.h"
#include "largest.h"

namespace tatami::TATAMI_ISA {
namespace {

/// The outputs [begin, end) along one axis for which tap k meets the image.
struct Reach {
  long begin, end;
};

Reach reach(const Pooling& shape, int axis, long k) {
  long shift = shape.padding[axis] - k * shape.dilation[axis];
  long stride = shape.stride[axis];
  long last = shape.input[axis] - 1 + shift;
  long begin = shift > 0 ? (shift + stride - 1) / stride : 0;
  long end = last < 0 ? 0 : last / stride + 1;
  return {begin, smaller(end, shape.output[axis])};
}

/// The input coordinate of tap k of output i.
long source(const Pooling& shape, int axis, long i, long k) {
  return i * shape.stride[axis] - shape.padding[axis] +
         k * shape.dilation[axis];
}

// Max pooling. As in PyTorch the first of several maxima counts, and NaN is
// larger than everything, the last one counting.

/// Let one tap compete for a row of outputs.
template <class T>
void max_tap(const T* image, long step, long first, Reach columns, T* best,
             int64_t* indices) {
  for (long x = columns.begin; x < columns.end; ++x) {
    T value = image[x * step];
    bool better = (value > best[x]) | (value != value);
    best[x] = better ? value : best[x];
    indices[x] = better ? first + x * step : indices[x];
  }
}

/// Start a row from the first tap of each window that lies in the image.
template <class T>
void start_row(const Pooling& shape, long y, T* best, int64_t* indices) {
  auto first = [&](int axis, long i) {
    long place = source(shape, axis, i, 0);
    while (place < 0) place += shape.dilation[axis];
    return place;
  };
  long row = first(0, y) * shape.input[1];
  for (long x = 0; x < shape.output[1]; ++x) {
    best[x] = -__builtin_huge_val();
    indices[x] = row + first(1, x);
  }
}

template <class T>
void max_row(const Pooling& shape, const T* image, long y, T* best,
             int64_t* indices) {
  start_row(shape, y, best, indices);
  for (long ky = 0; ky < shape.kernel[0]; ++ky) {
    long row = source(shape, 0, y, ky);
    if (row < 0 || row >= shape.input[0]) continue;
    for (long kx = 0; kx < shape.kernel[1]; ++kx) {
      long first = row * shape.input[1] + source(shape, 1, 0, kx);
      max_tap(image + first, shape.stride[1], first, reach(shape, 1, kx), best,
              indices);
    }
  }
}

template <class T>
void max_plane(const Pooling& shape, const T* image, T* out, int64_t* indices) {
  for (long y = 0; y < shape.output[0]; ++y) {
    max_row(shape, image, y, out, indices);
    out += shape.output[1];
    indices += shape.output[1];
  }
}

double plane_ns(const Pooling& shape) {
  return 0.4 * double(shape.output[0] * shape.output[1]) *
         double(shape.kernel[0] * shape.kernel[1]);
}

template <class T>
void max_pool(const Pooling& shape, const T* x, T* out, int64_t* indices) {
  long area = shape.input[0] * shape.input[1];
  long outputs = shape.output[0] * shape.output[1];
  parallel_for(shape.planes, plane_ns(shape), [&](long begin, long end) {
    for (long i = begin; i < end; ++i)
      max_plane(shape, x + i * area, out + i * outputs, indices + i * outputs);
  });
}

bool in_range(const int64_t* indices, long count, long area) {
  uint64_t outside = 0;  // the sign
  for (long i = 0; i < count; ++i)
    outside |= uint64_t(indices[i]) | (uint64_t(area - 1) - indices[i]);
  return int64_t(outside) >= 0;
}

template <class T>
bool max_pool_grad(const T* grad_output, const int64_t* indices, T* out,
                   long planes, long outputs, long area) {
  if (!in_range(indices, planes * outputs, area)) return false;
  double cost = double(outputs) + 0.1 * double(area);
  parallel_for(planes, cost, [&](long begin, long end) {
    for (long plane = begin; plane < end; ++plane) {
      __builtin_memset(out + plane * area, 0, area * sizeof(T));
      for (long i = plane * outputs; i < (plane + 1) * outputs; ++i)
        out[plane * area + indices[i]] += grad_output[i];
    }
  });
  return true;
}

// Windows that lie side by side.

/// One window, whose rows are `row` apart.
template <class T>
void max_tile(const Tiling& shape, const T* window, long row, T* out,
              uint8_t* code) {
  const Largest<T> best = largest_of(window, row, shape.pool);
  *out = best.value;
  *code = static_cast<uint8_t>(best.tap | (best.value <= 0 ? kClosed : 0));
}

/// `lanes` windows of 2 x 2 at once, without a branch.
template <class T, int lanes>
struct TwoByTwo {
  using Integer = typename IntegerOf<T>::type;
  typedef T Values __attribute__((vector_size(lanes * sizeof(T))));
  typedef Integer Places __attribute__((vector_size(lanes * sizeof(T))));

  static Values load_lanes(const T* source) {
    Values value;
    __builtin_memcpy(&value, source, sizeof value);
    return value;
  }

  /// The elements at even places, or behind them at odd ones.
  static Values every_second(const T* source, int shift) {
    Values first = load_lanes(source), second = load_lanes(source + lanes);
    Values result;
#ifdef __clang__
    for (int i = 0; i < lanes; ++i) result[i] = source[2 * i + shift];
    (void)first, (void)second;
#else
    Places places = {};
    for (int i = 0; i < lanes; ++i) places[i] = 2 * i + shift;
    result = __builtin_shuffle(first, second, places);
#endif
    return result;
  }

  /// The elements of a row at even places and at odd ones.
  static void load_pairs(const T* source, Values& even, Values& odd) {
    if constexpr (lanes == kLanes<T>) {
      even = load_lanes(source), odd = load_lanes(source + lanes);
      separate<T>(even, odd);
    } else {
      even = every_second(source, 0), odd = every_second(source, 1);
    }
  }

  /// Which lanes of `later` win.
  static Places beats(Values later, Values earlier) {
    return (later > earlier) | (later != later);
  }

  static void run(const T* upper, const T* lower, T* out, uint8_t* code) {
    Values a, b, c, d;
    load_pairs(upper, a, b);
    load_pairs(lower, c, d);
    const Places right = beats(b, a), lower_right = beats(d, c);
    a = right ? b : a;
    c = lower_right ? d : c;
    const Places below = beats(c, a);
    a = below ? c : a;
    __builtin_memcpy(out, &a, sizeof a);
    // The sign stands for kClosed.
    const Places closed = (a <= 0) & -Integer(kClosed);
    const Places place = closed | (below ? 2 - lower_right : -right);
    if constexpr (lanes == kLanes<T>)
      store_bytes<T>(code, place);
    else
      for (int i = 0; i < lanes; ++i) code[i] = static_cast<uint8_t>(place[i]);
  }
};

/// A row of windows; the last vector starts early enough to end with the row.
template <class T, int lanes>
void max_row_two(const Tiling& shape, const T* upper, T* out, uint8_t* code) {
  const long columns = shape.output[1], row = shape.input[1];
  if constexpr (lanes > 1) {
    if (columns < lanes)
      return max_row_two<T, lanes / 2>(shape, upper, out, code);
    for (long x = 0; x < columns; x += lanes) {
      long start = smaller(x, columns - lanes);
      TwoByTwo<T, lanes>::run(upper + 2 * start, upper + row + 2 * start,
                              out + start, code + start);
    }
  } else {
    for (long x = 0; x < columns; ++x)
      max_tile(shape, upper + 2 * x, row, out + x, code + x);
  }
}

template <class T>
void max_tile_row(const Tiling& shape, const T* image, T* out, uint8_t* code) {
  if (shape.pool[0] == 2 && shape.pool[1] == 2)
    return max_row_two<T, kLanes<T>>(shape, image, out, code);
  for (long x = 0; x < shape.output[1]; ++x)
    max_tile(shape, image + x * shape.pool[1], shape.input[1], out + x,
             code + x);
}

double plane_ns(const Tiling& shape) {
  return 0.2 * double(shape.input[0] * shape.input[1]);
}

template <class T>
void max_pool_tiles(const Tiling& shape, const T* x, T* out, uint8_t* code) {
  const long area = shape.input[0] * shape.input[1];
  const long step = shape.pool[0] * shape.input[1], columns = shape.output[1];
  parallel_for(shape.planes, plane_ns(shape), [&](long begin, long end) {
    for (long plane = begin; plane < end; ++plane)
      for (long y = 0; y < shape.output[0]; ++y) {
        const long place = (plane * shape.output[0] + y) * columns;
        max_tile_row(shape, x + plane * area + y * step, out + place,
                     code + place);
      }
  });
}

bool are_codes(const Tiling& shape, const uint8_t* code) {
  const auto taps = static_cast<uint8_t>(shape.pool[0] * shape.pool[1]);
  const long count = shape.planes * shape.output[0] * shape.output[1];
  uint8_t wrong = 0;
  for (long i = 0; i < count; ++i) wrong |= code[i] % kClosed >= taps;
  return !wrong;
}

/// The gradient of one plane, which is zero so far.
template <class T>
void give_to_tiles(const Tiling& shape, const T* gradient, const uint8_t* code,
                   const long* taps, T* out) {
  for (long y = 0; y < shape.output[0]; ++y) {
    T* row = out + y * shape.pool[0] * shape.input[1];
    for (long x = 0; x < shape.output[1]; ++x)
      row[x * shape.pool[1] + taps[*code++ % kClosed]] = *gradient++;
  }
}

template <class T>
bool max_pool_tiles_grad(const Tiling& shape, const T* grad_output,
                         const uint8_t* code, T* out) {
  if (!are_codes(shape, code)) return false;
  const long area = shape.input[0] * shape.input[1];
  const long outputs = shape.output[0] * shape.output[1];
  long taps[kClosed];
  for (long tap = 0; tap < shape.pool[0] * shape.pool[1]; ++tap)
    taps[tap] = tap / shape.pool[1] * shape.input[1] + tap % shape.pool[1];
  parallel_for(shape.planes, plane_ns(shape), [&](long begin, long end) {
    __builtin_memset(out + begin * area, 0, (end - begin) * area * sizeof(T));
    for (long plane = begin; plane < end; ++plane)
      give_to_tiles(shape, grad_output + plane * outputs,
                    code + plane * outputs, taps, out + plane * area);
  });
  return true;
}

// Average pooling.

/// How many elements the window of output i counts along one axis.
long window_length(const Pooling& shape, int axis, long i) {
  long begin = source(shape, axis, i, 0);
  long end = smaller(begin + shape.kernel[axis],
                     shape.input[axis] + shape.padding[axis]);
  if (!shape.count_include_pad) {
    begin = larger(begin, 0);
    end = smaller(end, shape.input[axis]);
  }
  return end - begin;
}

/// Divide a row of window sums, or of gradients, by the sizes of the windows.
template <class T>
void divide_row(const Pooling& shape, long y, const T* values, T* out) {
  long height = window_length(shape, 0, y);
  for (long x = 0; x < shape.output[1]; ++x) {
    long size =
        shape.divisor ? shape.divisor : height * window_length(shape, 1, x);
    out[x] = values[x] / static_cast<T>(size);
  }
}

template <class T>
void average_row(const Pooling& shape, const T* image, long y, T* out) {
  for (long x = 0; x < shape.output[1]; ++x) out[x] = 0;
  for (long ky = 0; ky < shape.kernel[0]; ++ky) {
    long row = source(shape, 0, y, ky);
    if (row < 0 || row >= shape.input[0]) continue;
    for (long kx = 0; kx < shape.kernel[1]; ++kx) {
      const T* first = image + row * shape.input[1] + source(shape, 1, 0, kx);
      Reach columns = reach(shape, 1, kx);
      for (long x = columns.begin; x < columns.end; ++x)
        out[x] += first[x * shape.stride[1]];
    }
  }
  divide_row(shape, y, out, out);
}

template <class T>
void avg_pool(const Pooling& shape, const T* x, T* out) {
  long area = shape.input[0] * shape.input[1];
  long outputs = shape.output[0] * shape.output[1];
  parallel_for(shape.planes, plane_ns(shape), [&](long begin, long end) {
    for (long i = begin; i < end; ++i)
      for (long y = 0; y < shape.output[0]; ++y)
        average_row(shape, x + i * area, y,
                    out + i * outputs + y * shape.output[1]);
  });
}

template <class T>
void spread_row(const Pooling& shape, const T* share, long y, T* image) {
  for (long ky = 0; ky < shape.kernel[0]; ++ky) {
    long row = source(shape, 0, y, ky);
    if (row < 0 || row >= shape.input[0]) continue;
    for (long kx = 0; kx < shape.kernel[1]; ++kx) {
      T* first = image + row * shape.input[1] + source(shape, 1, 0, kx);
      Reach columns = reach(shape, 1, kx);
      for (long x = columns.begin; x < columns.end; ++x)
        first[x * shape.stride[1]] += share[x];
    }
  }
}

template <class T>
void avg_pool_grad(const Pooling& shape, const T* grad_output, T* out) {
  long area = shape.input[0] * shape.input[1];
  long outputs = shape.output[0] * shape.output[1];
  parallel_for(shape.planes, plane_ns(shape), [&](long begin, long end) {
    T* share = scratch_of<T>(0, shape.output[1]);
    __builtin_memset(out + begin * area, 0, (end - begin) * area * sizeof(T));
    for (long i = begin; i < end; ++i)
      for (long y = 0; y < shape.output[0]; ++y) {
        divide_row(shape, y, grad_output + i * outputs + y * shape.output[1],
                   share);
        spread_row(shape, share, y, out + i * area);
      }
  });
}

template <class T>
void fill(Kernels<T>& table) {
  table.max_pool = max_pool<T>;
  table.max_pool_grad = max_pool_grad<T>;
  table.max_pool_tiles = max_pool_tiles<T>;
  table.max_pool_tiles_grad = max_pool_tiles_grad<T>;
  table.avg_pool = avg_pool<T>;
  table.avg_pool_grad = avg_pool_grad<T>;
}

}  // namespace

void fill_pool(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
