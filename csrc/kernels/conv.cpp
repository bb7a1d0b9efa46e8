// conv.cpp: convolution and the gradient of its input, both as windows over
// planes.
//
// A tile holds several output channels for several vectors of neighbouring
// positions in registers while it walks through all taps. Vectors that overlap
// at the end of a row go straight to the output. Where they would overlap too
// much, positions run through whole rows of the planes: the few between two
// output rows are computed and dropped.
#include "conv.h"

#include "../parallel.h"
#include "fill.h"
#include "planes.h"

namespace tatami::TATAMI_ISA {
namespace {

constexpr bool kManyRegisters = kRegisters >= 32;
constexpr long kTileChannels = kManyRegisters ? 8 : 6;

/// Vectors in a tile of so many channels.
constexpr long tile_vectors(long channels) {
  if (channels <= 2) return channels == 1 ? 8 : 6;
  if (kManyRegisters) return channels == 3 ? 6 : 24 / kTileChannels;
  return channels == 3 ? 4 : 2;
}

/// One sliding of windows over planes.
struct Pass {
  Planes planes;
  const Tap* taps;
  long tap_count;
  long rows, columns;  // of output
  long weight_step;    // from one output channel to the next
  long offset, row_step, column_step, channel_step;  // in the output
  Activation activation;
  long positions() const { return (rows - 1) * planes.row + columns; }
};

/// Where tiles one below the other lie. Vectors of a tile are neighbours, but
/// for the last one, which begins `last` elements behind the first.
template <class T>
struct Strip {
  const T *planes, *weight, *bias;
  T* out;
  long out_step;  // from one output channel to the next
  long last;
  long tiles, planes_row, out_row;
};

template <class T, int kChannels, int kVectors>
void tiles(const Pass& pass, const Strip<T>& strip) {
  constexpr long kLength = kLanes<T>;
  auto place = [last = strip.last](int v) {
    return v > 0 && v == kVectors - 1 ? last : v * kLength;
  };
  const T* planes = strip.planes;
  T* out = strip.out;
  const long step = pass.weight_step;
  const bool relu = pass.activation == Activation::relu;
  for (long i = 0; i < strip.tiles; ++i) {
    Vector<T> total[kChannels][kVectors];
    TATAMI_UNROLL
    for (int o = 0; o < kChannels; ++o) {
      const Vector<T> start = splat(strip.bias ? strip.bias[o] : T(0));
      TATAMI_UNROLL
      for (int v = 0; v < kVectors; ++v) total[o][v] = start;
    }
    for (const Tap *tap = pass.taps, *end = tap + pass.tap_count; tap != end;
         ++tap) {
      const T* source = planes + tap->source;
      const T* factor = strip.weight + tap->weight;
      if (kChannels < kVectors) {
        Vector<T> scale[kChannels];
        TATAMI_UNROLL
        for (int o = 0; o < kChannels; ++o) {
          scale[o] = splat(factor[o * step]);
          keep(scale[o]);
        }
        TATAMI_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          Vector<T> window = load(source + place(v));
          keep(window);
          TATAMI_UNROLL
          for (int o = 0; o < kChannels; ++o) total[o][v] += scale[o] * window;
        }
      } else {
        Vector<T> window[kVectors];
        TATAMI_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          window[v] = load(source + place(v));
          keep(window[v]);
        }
        TATAMI_UNROLL
        for (int o = 0; o < kChannels; ++o) {
          Vector<T> scale = splat(factor[o * step]);
          TATAMI_UNROLL
          for (int v = 0; v < kVectors; ++v) total[o][v] += scale * window[v];
        }
      }
    }
    TATAMI_UNROLL
    for (int o = 0; o < kChannels; ++o) {
      TATAMI_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        Vector<T> value = total[o][v];
        if (relu) value = select(value <= T(0), Vector<T>{}, value);
        store(out + o * strip.out_step + place(v), value);
      }
    }
    planes += strip.planes_row;
    out += strip.out_row;
  }
}

template <class T>
using Tile = void (*)(const Pass&, const Strip<T>&);

template <class T, int kChannels>
Tile<T> tile_of(long vectors) {
  constexpr int kMost = tile_vectors(kChannels);
  constexpr auto at_most = [](int count) {
    return count < kMost ? count : kMost;
  };
  switch (vectors) {
    case 1:
      return tiles<T, kChannels, 1>;
    case 2:
      return tiles<T, kChannels, 2>;
    case 3:
      return tiles<T, kChannels, at_most(3)>;
    case 4:
      return tiles<T, kChannels, at_most(4)>;
    case 5:
      return tiles<T, kChannels, at_most(5)>;
    case 6:
      return tiles<T, kChannels, at_most(6)>;
    case 7:
      return tiles<T, kChannels, at_most(7)>;
    default:
      return tiles<T, kChannels, kMost>;
  }
}

template <class T>
Tile<T> tile_of(long channels, long vectors) {
  switch (channels) {
    case 1:
      return tile_of<T, 1>(vectors);
    case 2:
      return tile_of<T, 2>(vectors);
    case 3:
      return tile_of<T, 3>(vectors);
    case 4:
      return tile_of<T, 4>(vectors);
    case 5:
      return tile_of<T, 5>(vectors);
    case 6:
      return tile_of<T, 6>(vectors);
#if defined(__AVX512F__)
    case 7:
      return tile_of<T, 7>(vectors);
    case 8:
      return tile_of<T, 8>(vectors);
#endif
  }
  return nullptr;
}

/// Copy whole rows of positions to the output, without what lies between them.
template <class T>
void keep_output(const Pass& pass, const T* positions, T* out) {
  for (long y = 0; y < pass.rows; ++y, positions += pass.planes.row) {
    T* row = out + y * pass.row_step;
    if (pass.column_step == 1) {
      copy(positions, pass.columns, row);
    } else {
      for (long x = 0; x < pass.columns; ++x)
        row[x * pass.column_step] = positions[x];
    }
  }
}

/// Whether tiles of single rows of the output keep the machine busy: their
/// vectors overlap little, and there are enough sums. Holds for more channels
/// if it does for fewer.
template <class T>
bool fills_rows(const Pass& pass, long channels) {
  constexpr long kLength = kLanes<T>;
  long vectors = (pass.columns + kLength - 1) / kLength;
  return pass.column_step == 1 && pass.columns >= kLength &&
         2 * vectors * kLength <= 3 * pass.columns &&
         channels * smaller(vectors, tile_vectors(channels)) >= 8;
}

/// A few output channels, straight into the rows of the output.
template <class T>
void run_channel_rows(const Pass& pass, const T* planes, const T* weight,
                      const T* bias, T* out, long channels) {
  constexpr long kLength = kLanes<T>;
  const long vectors = (pass.columns + kLength - 1) / kLength;
  const long most = tile_vectors(channels);
  const long tiles = (vectors + most - 1) / most;
  for (long i = 0, done = 0; i < tiles; ++i) {
    const long width = (vectors - done + tiles - i - 1) / (tiles - i);
    const long first = done * kLength;
    const long end = smaller(first + width * kLength, pass.columns);
    const long begin = larger(0, smaller(first, end - kLength));
    const Strip<T> strip{planes + begin,
                         weight,
                         bias,
                         out + begin,
                         pass.channel_step,
                         end - begin - kLength,
                         pass.rows,
                         pass.planes.row,
                         pass.row_step};
    tile_of<T>(channels, width)(pass, strip);
    done += width;
  }
}

/// All positions of a few output channels.
template <class T>
void run_channels(const Pass& pass, const T* planes, const T* weight,
                  const T* bias, T* out, long channels) {
  constexpr long kLength = kLanes<T>;
  if (fills_rows<T>(pass, channels))
    return run_channel_rows(pass, planes, weight, bias, out + pass.offset,
                            channels);
  long vectors = (pass.positions() + kLength - 1) / kLength;
  long pitch = vectors * kLength + kSlack<T>;
  T* positions = scratch_of<T>(1, channels * pitch);
  long most = tile_vectors(channels);
  long tiles = (vectors + most - 1) / most;
  for (long i = 0, done = 0; i < tiles; ++i) {
    long width = (vectors - done + tiles - i - 1) / (tiles - i);
    const Strip<T> strip{planes + done * kLength,
                         weight,
                         bias,
                         positions + done * kLength,
                         pitch,
                         (width - 1) * kLength,
                         1,
                         0,
                         0};
    tile_of<T>(channels, width)(pass, strip);
    done += width;
  }
  for (long o = 0; o < channels; ++o)
    keep_output(pass, positions + o * pitch,
                out + pass.offset + o * pass.channel_step);
}

/// What a convolution or the gradient of its input is, seen from its output.
template <class T>
struct Job {
  const Pass* passes;
  long pass_count;
  long samples, groups, channels;   // output channels of one group
  long group_planes, group_weight;  // from one group to the next
  const T *image, *weight, *bias;
  T* out;
  long image_size, out_size;  // of one sample
};

/// The block-th part of the output channels, counted through all groups.
template <class T>
void run_block(const Job<T>& job, long blocks, long block, const T* planes,
               T* out) {
  long group = block / blocks;
  long begin = job.channels * (block % blocks) / blocks;
  long end = job.channels * (block % blocks + 1) / blocks;
  long first = group * job.channels + begin;
  for (long i = 0; i < job.pass_count; ++i) {
    const Pass& pass = job.passes[i];
    run_channels(
        pass, planes + group * job.group_planes,
        job.weight + group * job.group_weight + begin * pass.weight_step,
        job.bias ? job.bias + first : nullptr, out + first * pass.channel_step,
        end - begin);
  }
}

template <class T>
double sample_ns(const Job<T>& job) {
  double work = 0;
  for (long i = 0; i < job.pass_count; ++i)
    work += double(job.passes[i].positions()) * job.passes[i].tap_count;
  return work * double(job.channels * job.groups) / (4.0 * kLanes<T>)+200;
}

/// The planes of one sample: the image itself if that is what they are and
/// nothing is read beyond it.
template <class T>
const T* planes_of(const Job<T>& job, long sample, T* memory) {
  const T* image = job.image + sample * job.image_size;
  if (!memory) return image;
  fill_planes(job.passes[0].planes, image, memory);
  return memory;
}

template <class T>
void run(const Job<T>& job) {
  const Planes& planes = job.passes[0].planes;
  long blocks = (job.channels + kTileChannels - 1) / kTileChannels;
  double cost = sample_ns(job);
  const bool in_place = planes.bare() && job.pass_count == 1 &&
                        fills_rows<T>(job.passes[0], job.channels / blocks);
  constexpr double kLargeSample = 60e3;
  if (cost > kLargeSample && job.samples < 8) {
    T* memory = in_place ? nullptr : cleared_planes<T>(planes);
    for (long n = 0; n < job.samples; ++n) {
      const T* image = planes_of(job, n, memory);
      long count = blocks * job.groups;
      parallel_for(count, cost / double(count), [&](long begin, long end) {
        for (long block = begin; block < end; ++block)
          run_block(job, blocks, block, image, job.out + n * job.out_size);
      });
    }
    return;
  }
  parallel_for(job.samples, cost, [&](long begin, long end) {
    T* memory = in_place ? nullptr : cleared_planes<T>(planes);
    for (long n = begin; n < end; ++n) {
      const T* image = planes_of(job, n, memory);
      for (long block = 0; block < blocks * job.groups; ++block)
        run_block(job, blocks, block, image, job.out + n * job.out_size);
    }
  });
}

// Convolution: one pass.

/// Whether channels in lanes pay: they fill most of them, and there are enough
/// taps to be worth the transposes. 64 x 6 x 15 x 15 to 16 channels takes 1.2
/// times as long with positions in lanes.
bool fill_lanes(long channels, long taps) {
  return channels >= 7 && taps >= 16;
}

template <class T>
void convolution(const Convolution& shape, const T* x, const T* weight,
                 const T* bias, T* out) {
  long channels = shape.C / shape.groups, outputs = shape.O / shape.groups;
  long window = shape.kernel[0] * shape.kernel[1];
  if (fill_lanes(outputs, channels * window))
    return convolve_lanes(shape, x, weight, bias, out);
  if (shape.C == shape.groups && outputs < 3 && shape.output[1] >= kLanes<T>)
    return convolve_depthwise(shape, x, weight, bias, out);
  Planes planes = input_planes(shape);
  Tap* taps = scratch_of<Tap>(2, channels * window);
  input_taps(shape, planes, taps);
  long area = shape.output[0] * shape.output[1];
  Pass pass{planes,
            taps,
            channels * window,
            shape.output[0],
            shape.output[1],
            channels * window,
            0,
            shape.output[1],
            1,
            area,
            shape.activation};
  Job<T> job{&pass,
             1,
             shape.N,
             shape.groups,
             shape.O / shape.groups,
             channels * planes.channel_size(),
             shape.O / shape.groups * channels * window,
             x,
             weight,
             bias,
             out,
             shape.C * shape.input[0] * shape.input[1],
             shape.O * area};
  run(job);
}

// The gradient of the input.

/// The taps of one phase; returns how many.
long phase_taps(const Convolution& shape, const Planes& planes, Axis vertical,
                Axis horizontal, Tap* taps) {
  long O = shape.O / shape.groups, C = shape.C / shape.groups;
  long window = shape.kernel[0] * shape.kernel[1];
  Tap* tap = taps;
  for (long o = 0; o < O; ++o)
    for (long ky = 0; ky < shape.kernel[0]; ++ky)
      for (long kx = 0; kx < shape.kernel[1]; ++kx) {
        if (!vertical.meets(ky) || !horizontal.meets(kx)) continue;
        long y = vertical.meeting(ky) + planes.shift[0];
        long x = horizontal.meeting(kx) + planes.shift[1];
        *tap++ = {int32_t(o * planes.channel_size() + y * planes.row + x),
                  int32_t(o * C * window + ky * shape.kernel[1] + kx)};
      }
  return tap - taps;
}

template <class T>
void convolution_grad_input(const Convolution& shape, const T* grad_output,
                            const T* weight, T* out) {
  long O = shape.O / shape.groups, C = shape.C / shape.groups;
  long window = shape.kernel[0] * shape.kernel[1];
  if (fill_lanes(C, O * window))
    return grad_input_lanes(shape, grad_output, weight, out);
  if (O == 1 && C == 1 && shape.stride[0] * shape.stride[1] == 1 &&
      shape.input[1] >= kLanes<T>)
    return grad_input_depthwise(shape, grad_output, weight, out);
  Planes planes = output_planes(shape);
  Tap* taps = scratch_of<Tap>(2, O * window);
  Pass* passes = scratch_of<Pass>(3, shape.stride[0] * shape.stride[1]);
  long area = shape.input[0] * shape.input[1], count = 0;
  for (long i = 0; i < shape.stride[0]; ++i)
    for (long j = 0; j < shape.stride[1]; ++j) {
      Pass pass{};
      pass.planes = planes;
      pass.rows = (shape.input[0] - i + shape.stride[0] - 1) / shape.stride[0];
      pass.columns =
          (shape.input[1] - j + shape.stride[1] - 1) / shape.stride[1];
      if (pass.rows <= 0 || pass.columns <= 0) continue;
      pass.taps = taps;
      pass.tap_count = phase_taps(shape, planes, axis_of(shape, 0, i),
                                  axis_of(shape, 1, j), taps);
      taps += pass.tap_count;
      pass.weight_step = window;
      pass.offset = i * shape.input[1] + j;
      pass.row_step = shape.stride[0] * shape.input[1];
      pass.column_step = shape.stride[1];
      pass.channel_step = area;
      passes[count++] = pass;
    }
  Job<T> job{
      passes,         count,       shape.N,
      shape.groups,   C,           O * planes.channel_size(),
      O * C * window, grad_output, weight,
      nullptr,        out,         shape.O * shape.output[0] * shape.output[1],
      shape.C * area};
  run(job);
}

template <class T>
void fill(Kernels<T>& table) {
  table.convolution = convolution<T>;
  table.convolution_grad_input = convolution_grad_input<T>;
}

}  // namespace

void fill_conv(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
