// conv_depthwise.cpp: convolutions whose groups have one channel each, plane by
// plane.
//
// Positions are in the lanes of vectors, and a tile of a few rows of one plane
// walks through the taps. A plane is small enough to stay in the first-level
// cache.
#include "../parallel.h"
#include "conv.h"
#include "planes.h"

namespace tatami::TATAMI_ISA {
namespace {

/// Sums in a tile, and taps of the gradient of the weight in one sweep.
constexpr long kTileVectors = 8;
constexpr long kMostTaps = 9;

/// The layout of one plane, and the windows that slide over it.
struct Windows {
  Planes planes;  // of one channel
  const int32_t* taps;
  long tap_count;
  long rows, columns;  // of positions
};

template <class T, int kRows, int kVectors>
void tile(const Windows& windows, const T* plane, const T* weight, T bias,
          T* out, const long (&columns)[kVectors]) {
  Vector<T> total[kRows][kVectors];
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) total[r][v] = splat(bias);
  const long row = windows.planes.row;
  for (long i = 0; i < windows.tap_count; ++i) {
    const T* source = plane + windows.taps[i];
    const Vector<T> factor = splat(weight[i]);
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < kVectors; ++v)
        total[r][v] += factor * load(source + r * row + columns[v]);
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v)
      store(out + r * windows.columns + columns[v], total[r][v]);
}

/// Rows of positions, as many at a time as make a tile; vectors overlap at the
/// end of a row.
template <class T, int kVectors>
void run_columns(const Windows& windows, const T* plane, const T* weight,
                 T bias, T* out, long first) {
  constexpr int kRows = kTileVectors / kVectors;
  const long step = windows.planes.row;
  long columns[kVectors];
  for (int v = 0; v < kVectors; ++v)
    columns[v] = smaller(first + v * kLanes<T>, windows.columns - kLanes<T>);
  long y = 0;
  for (; y + kRows <= windows.rows; y += kRows)
    tile<T, kRows, kVectors>(windows, plane + y * step, weight, bias,
                             out + y * windows.columns, columns);
  for (; y < windows.rows; ++y)
    tile<T, 1, kVectors>(windows, plane + y * step, weight, bias,
                         out + y * windows.columns, columns);
}

/// All positions of one plane with one kernel.
template <class T>
void run_plane(const Windows& windows, const T* plane, const T* weight, T bias,
               T* out) {
  long x = 0, left = windows.columns;
  for (; left > 2 * kLanes<T>; x += 4 * kLanes<T>, left -= 4 * kLanes<T>)
    run_columns<T, 4>(windows, plane, weight, bias, out, x);
  if (left > kLanes<T>)
    run_columns<T, 2>(windows, plane, weight, bias, out, x);
  else if (left > 0)
    run_columns<T, 1>(windows, plane, weight, bias, out, x);
}

template <class T>
void clamp(T* out, long count) {
  for_each_vector<T>(count, [&](long i, long lanes) {
    Vector<T> value = load(out + i, lanes);
    store(out + i, select(value <= T(0), Vector<T>{}, value), lanes);
  });
}

/// Slide windows over `count` images of one channel; `outputs` kernels each.
template <class T>
struct Depthwise {
  Windows windows;
  long count, channels, outputs;
  const T *image, *weight, *bias;
  T* out;
  Activation activation;
};

/// Planes laid out one after the other before they are used: what was just
/// stored is slow to load.
template <class T>
class Group {
 public:
  static constexpr long kMost = 8;

  /// The images may stay where they are if nothing is read beyond them.
  Group(const Planes& planes, bool in_place) : planes_(planes) {
    size_ = round_up(planes.channel_size() + kSlack<T>, kLanes<T>);
    if (in_place && planes.bare()) return;
    memory_ = scratch_of<T>(0, kMost * size_);
    zero(memory_, kMost * size_);
  }

  /// Lay out images that follow each other.
  void fill(const T* images, long count) {
    images_ = images;
    if (!memory_) return;
    for (long i = 0; i < count; ++i)
      fill_planes(planes_, images + i * image_size(), memory_ + i * size_);
  }

  const T* plane(long i) const {
    return memory_ ? memory_ + i * size_ : images_ + i * image_size();
  }
  long image_size() const { return planes_.height * planes_.width; }

 private:
  const Planes& planes_;
  const T* images_ = nullptr;
  T* memory_ = nullptr;
  long size_;
};

template <class T>
void run_image(const Depthwise<T>& job, long i, const T* plane) {
  const Windows& windows = job.windows;
  long area = windows.rows * windows.columns;
  for (long o = 0; o < job.outputs; ++o) {
    long channel = i % job.channels * job.outputs + o;
    T* out = job.out + (i * job.outputs + o) * area;
    run_plane(windows, plane, job.weight + channel * windows.tap_count,
              job.bias ? job.bias[channel] : T(0), out);
    if (job.activation == Activation::relu) clamp(out, area);
  }
}

template <class T>
void run(const Depthwise<T>& job) {
  const Windows& windows = job.windows;
  double cost = double(windows.rows * windows.columns) *
                double(windows.tap_count * job.outputs) /
                (2.0 * kLanes<T>)+double(windows.planes.channel_size()) /
                kLanes<T>;
  parallel_for(job.count, cost, [&](long begin, long end) {
    Group<T> group(windows.planes, true);
    for (long i = begin; i < end; i += group.kMost) {
      long count = smaller(group.kMost, end - i);
      group.fill(job.image + i * group.image_size(), count);
      for (long k = 0; k < count; ++k) run_image(job, i + k, group.plane(k));
    }
  });
}

int32_t* plane_taps(const Convolution& shape, const Planes& planes, int slot) {
  long window = shape.kernel[0] * shape.kernel[1];
  int32_t* taps = scratch_of<int32_t>(slot, window);
  for (long i = 0; i < window; ++i) {
    long y = i / shape.kernel[1] * shape.dilation[0];
    long x = i % shape.kernel[1] * shape.dilation[1];
    long phase = y % planes.phases[0] * planes.phases[1] + x % planes.phases[1];
    taps[i] = int32_t(phase * planes.phase_size() +
                      y / planes.phases[0] * planes.row + x / planes.phases[1]);
  }
  return taps;
}

Windows input_windows(const Convolution& shape) {
  Planes planes = input_planes(shape);
  planes.channels = 1;
  return {planes, plane_taps(shape, planes, 4),
          shape.kernel[0] * shape.kernel[1], shape.output[0], shape.output[1]};
}

// The gradient of the weight.

/// Add the products of one plane with its gradient to a sum for each tap.
template <class T, int kTaps>
void sweep(const Windows& windows, const T* plane, const T* grad_output,
           const int32_t* taps, Vector<T>* sums) {
  constexpr long kLength = kLanes<T>;
  Vector<T> total[kTaps];
  for (int i = 0; i < kTaps; ++i) {
    total[i] = splat(T(0));
    keep(total[i]);  // else GCC clears memory
  }
  const long whole = windows.columns / kLength * kLength;
  const long rest = windows.columns - whole, step = windows.planes.row;
  const T* source[kTaps];
  for (int i = 0; i < kTaps; ++i) source[i] = plane + taps[i];
  for (long y = windows.rows; y > 0; --y, grad_output += windows.columns) {
    for (long x = 0; x < whole; x += kLength) {
      Vector<T> gradient = load(grad_output + x);
      keep(gradient);
      for (int i = 0; i < kTaps; ++i)
        total[i] += gradient * load(source[i] + x);
    }
    if (rest) {
      const Vector<T> gradient = load_partial(grad_output + whole, rest);
      const Mask<T> valid = first_lanes<T>(rest);
      for (int i = 0; i < kTaps; ++i)
        total[i] += gradient * masked<T>(load(source[i] + whole), valid);
    }
    for (int i = 0; i < kTaps; ++i) source[i] += step;
  }
  for (int i = 0; i < kTaps; ++i) sums[i] += total[i];
}

template <class T>
using Sweep = void (*)(const Windows&, const T*, const T*, const int32_t*,
                       Vector<T>*);

template <class T>
Sweep<T> sweep_of(long taps) {
  static constexpr Sweep<T> table[] = {sweep<T, 1>, sweep<T, 2>, sweep<T, 3>,
                                       sweep<T, 4>, sweep<T, 5>, sweep<T, 6>,
                                       sweep<T, 7>, sweep<T, 8>, sweep<T, 9>};
  return table[taps - 1];
}

template <class T>
void sweep_all(const Windows& windows, const T* plane, const T* grad_output,
               Vector<T>* sums) {
  for (long i = 0; i < windows.tap_count; i += kMostTaps)
    sweep_of<T>(smaller(kMostTaps, windows.tap_count - i))(
        windows, plane, grad_output, windows.taps + i, sums + i);
}

}  // namespace

template <class T>
void convolve_depthwise(const Convolution& shape, const T* x, const T* weight,
                        const T* bias, T* out) {
  run(Depthwise<T>{input_windows(shape), shape.N * shape.C, shape.C,
                   shape.O / shape.C, x, weight, bias, out, shape.activation});
}

template <class T>
void grad_input_depthwise(const Convolution& shape, const T* grad_output,
                          const T* weight, T* out) {
  Planes planes = output_planes(shape);
  planes.channels = 1;
  long window = shape.kernel[0] * shape.kernel[1];
  int32_t* taps = scratch_of<int32_t>(4, window);
  Axis vertical = axis_of(shape, 0, 0), horizontal = axis_of(shape, 1, 0);
  for (long i = 0; i < window; ++i) {
    long y = vertical.meeting(i / shape.kernel[1]) + planes.shift[0];
    long x = horizontal.meeting(i % shape.kernel[1]) + planes.shift[1];
    taps[i] = int32_t(y * planes.row + x);
  }
  Windows windows{planes, taps, window, shape.input[0], shape.input[1]};
  run(Depthwise<T>{windows, shape.N * shape.C, shape.C, 1, grad_output, weight,
                   nullptr, out, Activation::none});
}

template <class T>
void grad_weight_depthwise(const Convolution& shape, const T* grad_output,
                           const T* x, T* out) {
  Windows windows = input_windows(shape);
  const Planes& planes = windows.planes;
  long outputs = shape.O / shape.C, area = windows.rows * windows.columns;
  long image_size = planes.height * planes.width;
  double cost =
      double(shape.N) * (double(area) * double(windows.tap_count) / kLanes<T> +
                         double(planes.channel_size()));
  parallel_for(shape.C, cost * double(outputs), [&](long begin, long end) {
    Group<T> group(planes, windows.columns % kLanes<T> == 0);
    long step = outputs * windows.tap_count;
    auto* sums = scratch_of<Vector<T>>(1, (end - begin) * step);
    zero(sums, (end - begin) * step);
    for (long n = 0; n < shape.N; ++n)
      for (long first = begin; first < end; first += group.kMost) {
        long last = smaller(end, first + group.kMost);
        group.fill(x + (n * shape.C + first) * image_size, last - first);
        for (long o = first * outputs; o < last * outputs; ++o)
          sweep_all(windows, group.plane(o / outputs - first),
                    grad_output + (n * shape.O + o) * area,
                    sums + (o - begin * outputs) * windows.tap_count);
      }
    for (long i = 0; i < (end - begin) * step; ++i)
      out[begin * step + i] = sum_lanes<T>(sums[i]);
  });
}

#define TATAMI_INSTANTIATE(T)                                                 \
  template void convolve_depthwise<T>(const Convolution&, const T*, const T*, \
                                      const T*, T*);                          \
  template void grad_input_depthwise<T>(const Convolution&, const T*,         \
                                        const T*, T*);                        \
  template void grad_weight_depthwise<T>(const Convolution&, const T*,        \
                                         const T*, T*);
TATAMI_INSTANTIATE(float)
TATAMI_INSTANTIATE(double)
#undef TATAMI_INSTANTIATE

}  // namespace tatami::TATAMI_ISA
