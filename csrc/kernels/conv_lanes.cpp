// conv_lanes.cpp: convolution and the gradient of its input, with output
// channels in lanes.
//
// The output of a few channels is summed up in lanes, a band of rows at a time,
// and transposed on its way out. Each number depends on its taps alone, so work
// is cut up freely.
#include "../parallel.h"
#include "conv.h"
#include "lanes.h"
#include "planes.h"

namespace tatami::TATAMI_ISA {
namespace {

/// Bytes of sums worked on together.
constexpr long kBandBytes = 32 * 1024;

/// One sliding of windows over the image. A convolution is one; the gradient of
/// its input is one for each phase of the stride.
struct Pass {
  long rows, columns;  // of positions
  const Row* positions;
  const int32_t* taps;
  long tap_count;
  long first_tap;  // in the packed weight
};

/// What there is to do, the same for all samples.
template <class T>
struct Sliding {
  Planes planes;  // of the image, which is read in place if it has no border
  bool in_place;
  const Pass* passes;
  long pass_count;
  long samples, groups;
  long channels, outputs;  // of one group
  long taps;               // of all passes
  long height, width;      // of the output
  long stride;             // rows of the output for each row of positions
  const T *image, *weight, *bias;
  T* out;
  Activation activation;

  long blocks() const { return block_count<T>(outputs); }
  long padded_outputs() const { return round_up(outputs, kLanes<T>); }
  long area() const { return height * width; }
  long band_rows() const {
    long row_bytes = stride * width * kBlock<T> * long(sizeof(T));
    return larger(1, kBandBytes / row_bytes);
  }
  long bands() const {
    long rows = (height + stride - 1) / stride;
    return (rows + band_rows() - 1) / band_rows();
  }
  long items() const { return groups * blocks() * bands(); }
};

/// Add the taps up in chunks whose weights stay in the cache.
template <class T>
void run_pass(const Pass& pass, LaneProduct<T> product, const T* weight,
              const T* start, long width) {
  long chunks = larger(1, (pass.tap_count + kMostColumns - 1) / kMostColumns);
  for (long i = 0; i < chunks; ++i) {
    long begin = pass.tap_count * i / chunks;
    product.columns = pass.taps + begin;
    product.column_count = pass.tap_count * (i + 1) / chunks - begin;
    product.factors = weight + begin * width;
    product.start = i == 0 ? start : nullptr;
    run_product(product, width);
  }
}

/// A band of rows of the output, for one block of channels.
template <class T>
void run_item(const Sliding<T>& job, long item, const T* planes, T* out) {
  long band = item % job.bands(), block_index = item / job.bands();
  long group = block_index / job.blocks();
  Block<T> block(block_index % job.blocks(), job.outputs);
  long width = block.width(), first = group * job.outputs + block.first;
  T start[kBlock<T>] = {};
  if (job.bias)
    for (long i = 0; i < block.channels; ++i) start[i] = job.bias[first + i];
  const T* weight =
      job.weight + (group * job.padded_outputs() + block.first) * job.taps;
  long begin = band * job.band_rows(), end = begin + job.band_rows();
  long top = begin * job.stride, bottom = smaller(end * job.stride, job.height);
  LaneProduct<T> product{};
  product.image = planes + group * job.channels * job.planes.channel_size();
  product.first_place = top * job.width;
  product.sums = scratch_of<T>(1, (bottom - top) * job.width * width);
  for (long i = 0; i < job.pass_count; ++i) {
    const Pass& pass = job.passes[i];
    long count = smaller(end, pass.rows) - begin;
    if (count <= 0) continue;
    product.rows = pass.positions + begin * pass.columns;
    product.row_count = count * pass.columns;
    run_pass(pass, product, weight + pass.first_tap * width, start, width);
  }
  unpack_lanes(product.sums, width, (bottom - top) * job.width,
               out + first * job.area() + top * job.width, job.area(),
               block.channels, job.activation);
}

template <class T>
double sample_ns(const Sliding<T>& job) {
  double work = 0;
  for (long i = 0; i < job.pass_count; ++i)
    work += double(job.passes[i].rows * job.passes[i].columns) *
            double(job.passes[i].tap_count);
  work /= 5.0 * kLanes<T>;
  return double(job.groups * job.padded_outputs()) * (work + job.area() / 20.0);
}

/// Few samples: threads share the parts of each.
template <class T>
void run_together(const Sliding<T>& job, long image_size, long out_size) {
  long items = job.items();
  T* planes = job.in_place ? nullptr : cleared_planes<T>(job.planes);
  for (long n = 0; n < job.samples; ++n) {
    const T* image = job.image + n * image_size;
    if (planes)
      parallel_for(job.planes.channels, double(job.planes.channel_size()) / 8,
                   [&](long begin, long end) {
                     fill_planes(job.planes, begin, end, image, planes);
                   });
    parallel_for(items, sample_ns(job) / double(items),
                 [&](long begin, long end) {
                   for (long item = begin; item < end; ++item)
                     run_item(job, item, planes ? planes : image,
                              job.out + n * out_size);
                 });
  }
}

template <class T>
void run(const Sliding<T>& job) {
  long items = job.items();
  long image_size = job.planes.channels * job.planes.height * job.planes.width;
  long out_size = job.groups * job.outputs * job.area();
  constexpr double kLargeSample = 30e3;
  if (job.samples < 8 && items > 1 && sample_ns(job) > kLargeSample)
    return run_together(job, image_size, out_size);
  parallel_for(job.samples, sample_ns(job), [&](long begin, long end) {
    T* planes = job.in_place ? nullptr : cleared_planes<T>(job.planes);
    for (long n = begin; n < end; ++n) {
      const T* image = job.image + n * image_size;
      if (planes) fill_planes(job.planes, image, planes);
      for (long item = 0; item < items; ++item)
        run_item(job, item, planes ? planes : image, job.out + n * out_size);
    }
  });
}

/// The positions of a pass, row by row.
struct Positions {
  long source_row, source_column;       // steps in a plane
  long place, place_row, place_column;  // in the output
};

Row* fill_positions(const Pass& pass, const Positions& steps, Row* next) {
  for (long y = 0; y < pass.rows; ++y)
    for (long x = 0; x < pass.columns; ++x)
      *next++ = {
          int32_t(y * steps.source_row + x * steps.source_column),
          int32_t(steps.place + y * steps.place_row + x * steps.place_column)};
  return next;
}

// Convolution.

/// Rows of the weight are those of the output channels.
template <class T>
const T* packed_weight(const Convolution& shape, const T* weight, long taps) {
  long groups = shape.groups, outputs = shape.O / groups;
  long blocks = block_count<T>(outputs), padded = round_up(outputs, kLanes<T>);
  T* packed = scratch_of<T>(3, groups * padded * taps);
  double cost = double(taps) * kBlock<T> / 4;
  parallel_for(groups * blocks, cost, [&](long begin, long end) {
    for (long i = begin; i < end; ++i) {
      Block<T> block(i % blocks, outputs);
      long group = i / blocks;
      pack_lanes(weight + (group * outputs + block.first) * taps, taps,
                 block.channels, taps, block.width(),
                 packed + (group * padded + block.first) * taps);
    }
  });
  return packed;
}

// The gradient of the input.

/// The taps of one phase; returns how many. `places` tells where in the packed
/// weight each tap of the window goes.
long phase_taps(const Convolution& shape, const Planes& planes,
                const Axis& vertical, const Axis& horizontal, int32_t* taps) {
  long count = 0;
  for (long o = 0; o < shape.O / shape.groups; ++o)
    for (long ky = 0; ky < shape.kernel[0]; ++ky)
      for (long kx = 0; kx < shape.kernel[1]; ++kx) {
        if (!vertical.meets(ky) || !horizontal.meets(kx)) continue;
        long y = vertical.meeting(ky) + planes.shift[0];
        long x = horizontal.meeting(kx) + planes.shift[1];
        taps[count++] = int32_t(o * planes.channel_size() + y * planes.row + x);
      }
  return count;
}

/// Copy the weights of one phase, of one output channel, to where they belong.
template <class T>
T* copy_phase(const Convolution& shape, const Axis& vertical,
              const Axis& horizontal, const T* lanes, long width, T* out) {
  for (long ky = 0; ky < shape.kernel[0]; ++ky)
    for (long kx = 0; kx < shape.kernel[1]; ++kx) {
      if (!vertical.meets(ky) || !horizontal.meets(kx)) continue;
      const T* source = lanes + (ky * shape.kernel[1] + kx) * width;
      for (long i = 0; i < width; i += kLanes<T>)
        store(out + i, load(source + i));
      out += width;
    }
  return out;
}

/// The weight of one block of input channels, in the order of the passes.
template <class T>
void pack_transposed(const Convolution& shape, const T* weight,
                     const Block<T>& block, T* out) {
  long outputs = shape.O / shape.groups, inputs = shape.C / shape.groups;
  long window = shape.kernel[0] * shape.kernel[1], width = block.width();
  long phases = shape.stride[0] * shape.stride[1];
  weight += block.first * window;
  T* lanes = phases == 1 ? out : scratch_of<T>(1, outputs * window * width);
  for (long o = 0; o < outputs; ++o)
    pack_lanes(weight + o * inputs * window, window, block.channels, window,
               width, lanes + o * window * width);
  if (phases == 1) return;
  for (long phase = 0; phase < phases; ++phase)
    for (long o = 0; o < outputs; ++o)
      out = copy_phase(shape, axis_of(shape, 0, phase / shape.stride[1]),
                       axis_of(shape, 1, phase % shape.stride[1]),
                       lanes + o * window * width, width, out);
}

template <class T>
const T* packed_transposed(const Convolution& shape, const T* weight) {
  long groups = shape.groups, inputs = shape.C / groups;
  long taps = shape.O / groups * shape.kernel[0] * shape.kernel[1];
  long blocks = block_count<T>(inputs), padded = round_up(inputs, kLanes<T>);
  T* packed = scratch_of<T>(3, groups * padded * taps);
  double cost = double(taps) * kBlock<T> / 4;
  parallel_for(groups * blocks, cost, [&](long begin, long end) {
    for (long i = begin; i < end; ++i) {
      Block<T> block(i % blocks, inputs);
      long group = i / blocks;
      pack_transposed(shape, weight + group * taps * inputs, block,
                      packed + (group * padded + block.first) * taps);
    }
  });
  return packed;
}

/// One pass for each phase that has positions; returns how many.
long fill_passes(const Convolution& shape, const Planes& planes, Pass* passes,
                 Row* positions, int32_t* taps) {
  long count = 0, first_tap = 0;
  for (long i = 0; i < shape.stride[0]; ++i)
    for (long j = 0; j < shape.stride[1]; ++j) {
      Pass pass{};
      pass.taps = taps;
      pass.tap_count = phase_taps(shape, planes, axis_of(shape, 0, i),
                                  axis_of(shape, 1, j), taps);
      taps += pass.tap_count;
      pass.first_tap = first_tap;
      first_tap += pass.tap_count;
      pass.rows = phase_length(shape, 0, i);
      pass.columns = phase_length(shape, 1, j);
      if (pass.rows <= 0 || pass.columns <= 0) continue;
      pass.positions = positions;
      positions =
          fill_positions(pass,
                         {planes.row, 1, i * shape.input[1] + j,
                          shape.stride[0] * shape.input[1], shape.stride[1]},
                         positions);
      passes[count++] = pass;
    }
  return count;
}

}  // namespace

template <class T>
void convolve_lanes(const Convolution& shape, const T* x, const T* weight,
                    const T* bias, T* out) {
  Sliding<T> job{};
  job.planes = whole_planes(shape);
  job.in_place = job.planes.bare();
  job.groups = shape.groups;
  job.samples = shape.N;
  job.channels = shape.C / shape.groups;
  job.outputs = shape.O / shape.groups;
  job.height = shape.output[0];
  job.width = shape.output[1];
  job.stride = 1;
  job.image = x;
  job.bias = bias;
  job.out = out;
  job.activation = shape.activation;
  long taps = job.channels * shape.kernel[0] * shape.kernel[1];
  job.taps = taps;
  job.weight = packed_weight(shape, weight, taps);
  Row* positions = scratch_of<Row>(2, job.area());
  int32_t* offsets = scratch_of<int32_t>(4, taps);
  tap_offsets(shape, job.planes, offsets);
  Pass pass{job.height, job.width, positions, offsets, taps, 0};
  fill_positions(
      pass,
      {shape.stride[0] * job.planes.row, shape.stride[1], 0, job.width, 1},
      positions);
  job.passes = &pass;
  job.pass_count = 1;
  run(job);
}

template <class T>
void grad_input_lanes(const Convolution& shape, const T* grad_output,
                      const T* weight, T* out) {
  Sliding<T> job{};
  job.planes = output_planes(shape);
  job.groups = shape.groups;
  job.samples = shape.N;
  job.channels = shape.O / shape.groups;
  job.outputs = shape.C / shape.groups;
  job.height = shape.input[0];
  job.width = shape.input[1];
  job.stride = shape.stride[0];
  job.image = grad_output;
  job.out = out;
  job.taps = job.channels * shape.kernel[0] * shape.kernel[1];
  job.weight = packed_transposed(shape, weight);
  job.in_place = job.planes.bare();
  Pass* passes = scratch_of<Pass>(5, shape.stride[0] * shape.stride[1]);
  job.passes = passes;
  job.pass_count =
      fill_passes(shape, job.planes, passes, scratch_of<Row>(2, job.area()),
                  scratch_of<int32_t>(4, job.taps));
  run(job);
}

#define TATAMI_INSTANTIATE(T)                                             \
  template void convolve_lanes<T>(const Convolution&, const T*, const T*, \
                                  const T*, T*);                          \
  template void grad_input_lanes<T>(const Convolution&, const T*, const T*, T*);
TATAMI_INSTANTIATE(float)
TATAMI_INSTANTIATE(double)
#undef TATAMI_INSTANTIATE

}  // namespace tatami::TATAMI_ISA
