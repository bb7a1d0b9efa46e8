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
/// Small images are worked on together: so many positions and elements of
/// planes, and more elements if the weight is large.
constexpr long kChunkPositions = 256;
constexpr long kChunkElements = 1 << 16;
constexpr long kLargeWeight = 1 << 17;

/// One row (or column) of the kernel.
struct AxisTap {
  int32_t index;   // in the kernel
  int32_t offset;  // in a plane, from a position
};

/// One sliding of windows over the image. A convolution is one; the gradient of
/// its input is one for each phase of the stride.
struct Pass {
  long rows, columns;  // of positions; a row is of all samples of a chunk
  long row_step;       // rows of a plane between rows of positions
  const Row* positions;
  const AxisTap *vertical, *horizontal;
  long vertical_count, horizontal_count;
  const int32_t* taps;  // vertical taps outermost, then channels
  long first_tap;       // in the packed weight
};

/// What there is to do, the same for all samples.
template <class T>
struct Sliding {
  Planes planes;  // of the image, which is read in place if it has no border
  bool in_place;
  const Pass* passes;
  long pass_count;
  long samples, groups;
  long chunk;              // samples worked on together
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
  long image_size() const {
    return planes.channels * planes.height * planes.width;
  }
  /// From one sample to the next, as it is read.
  long sample_step() const { return in_place ? image_size() : planes.size(); }
  long out_size() const { return groups * outputs * area(); }
  long chunks() const { return samples / chunk; }
  long band_rows() const {
    if (chunk > 1) return height;
    long row_bytes = stride * width * kBlock<T> * long(sizeof(T));
    return larger(1, kBandBytes / row_bytes);
  }
  long bands() const {
    long rows = (height + stride - 1) / stride;
    return (rows + band_rows() - 1) / band_rows();
  }
  long items() const { return groups * blocks() * bands(); }
};

/// The vertical taps [first, last) that meet the image from a row of positions.
template <class T>
struct Met {
  long first = 0, last;
  Met(const Sliding<T>& job, const Pass& pass, long row)
      : last(pass.vertical_count) {
    auto misses = [&](long i) {
      long y = row * pass.row_step + pass.vertical[i].offset;
      y -= job.planes.shift[0];
      return y < 0 || y >= job.planes.height;
    };
    while (first < last && misses(first)) ++first;
    while (first < last && misses(last - 1)) --last;
  }
  bool operator==(const Met& other) const {
    return first == other.first && last == other.last;
  }
};

/// Add the taps up in chunks whose weights stay in the cache.
template <class T>
void run_taps(const Sliding<T>& job, const Pass& pass, const Met<T>& met,
              LaneProduct<T> product, const T* weight, const T* start,
              long width) {
  long row_taps = job.channels * pass.horizontal_count;
  long first = met.first * row_taps, count = (met.last - met.first) * row_taps;
  long chunks = larger(1, (count + kMostColumns - 1) / kMostColumns);
  for (long i = 0; i < chunks; ++i) {
    long begin = first + count * i / chunks;
    product.columns = pass.taps + begin;
    product.column_count = first + count * (i + 1) / chunks - begin;
    product.factors = weight + (pass.first_tap + begin) * width;
    product.start = i == 0 ? start : nullptr;
    run_product(product, width);
  }
}

/// The rows [begin, end) of positions, those that meet the same taps together.
template <class T>
void run_rows(const Sliding<T>& job, const Pass& pass, long begin, long end,
              LaneProduct<T> product, const T* weight, const T* start,
              long width) {
  while (begin < end) {
    Met<T> met(job, pass, begin);
    long next = begin + 1;
    while (next < end && met == Met<T>(job, pass, next)) ++next;
    product.rows = pass.positions + begin * pass.columns;
    product.row_count = (next - begin) * pass.columns;
    run_taps(job, pass, met, product, weight, start, width);
    begin = next;
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
  const long area = (bottom - top) * job.width;
  product.sums = scratch_of<T>(1, job.chunk * area * width);
  for (long i = 0; i < job.pass_count; ++i) {
    const Pass& pass = job.passes[i];
    run_rows(job, pass, begin, smaller(end, pass.rows), product, weight, start,
             width);
  }
  for (long n = 0; n < job.chunk; ++n)
    unpack_lanes(
        product.sums + n * area * width, width, area,
        out + n * job.out_size() + first * job.area() + top * job.width,
        job.area(), block.channels, job.activation);
}

/// Time of one chunk.
template <class T>
double chunk_ns(const Sliding<T>& job) {
  double work = 0;
  for (long i = 0; i < job.pass_count; ++i)
    work += double(job.passes[i].rows * job.passes[i].columns) *
            double(job.passes[i].vertical_count * job.channels *
                   job.passes[i].horizontal_count);
  work = work / (5.0 * kLanes<T>)+double(job.chunk * job.area()) / 20;
  return double(job.groups * job.padded_outputs()) * work;
}

/// Planes for a chunk, all zero; null if images are read in place.
template <class T>
T* chunk_planes(const Sliding<T>& job) {
  if (job.in_place) return nullptr;
  T* planes = scratch_of<T>(0, job.chunk * job.planes.size());
  zero(planes, job.chunk * job.planes.size());
  return planes;
}

/// Lay out the channels [begin, end), counted through the samples of a chunk.
template <class T>
void fill_chunk(const Sliding<T>& job, const T* images, long begin, long end,
                T* planes) {
  const long image = job.planes.height * job.planes.width;
  for (long i = begin; i < end; ++i)
    fill_channel(job.planes, images + i * image,
                 planes + i * job.planes.channel_size());
}

/// Few chunks: threads share the parts of each.
template <class T>
void run_together(const Sliding<T>& job) {
  long items = job.items(), channels = job.chunk * job.planes.channels;
  T* planes = chunk_planes(job);
  for (long n = 0; n < job.samples; n += job.chunk) {
    const T* images = job.image + n * job.image_size();
    if (planes)
      parallel_for(channels, double(job.planes.channel_size()) / 8,
                   [&](long begin, long end) {
                     fill_chunk(job, images, begin, end, planes);
                   });
    parallel_for(items, chunk_ns(job) / double(items),
                 [&](long begin, long end) {
                   for (long item = begin; item < end; ++item)
                     run_item(job, item, planes ? planes : images,
                              job.out + n * job.out_size());
                 });
  }
}

template <class T>
void run(const Sliding<T>& job) {
  long items = job.items(), channels = job.chunk * job.planes.channels;
  constexpr double kLargeChunk = 30e3;
  if (job.chunks() < 8 && items > 1 && chunk_ns(job) > kLargeChunk)
    return run_together(job);
  parallel_for(job.chunks(), chunk_ns(job), [&](long begin, long end) {
    T* planes = chunk_planes(job);
    for (long n = begin * job.chunk; n < end * job.chunk; n += job.chunk) {
      const T* images = job.image + n * job.image_size();
      if (planes) fill_chunk(job, images, 0, channels, planes);
      for (long item = 0; item < items; ++item)
        run_item(job, item, planes ? planes : images,
                 job.out + n * job.out_size());
    }
  });
}

// Tables.

struct Steps {
  long source_row, source_column;       // from one position to the next
  long place, place_row, place_column;  // in the output
};

/// Positions row by row, of one sample after the other.
template <class T>
Row* fill_positions(const Sliding<T>& job, Pass& pass, const Steps& steps,
                    Row* next) {
  pass.positions = next;
  for (long y = 0; y < pass.rows; ++y)
    for (long n = 0; n < job.chunk; ++n)
      for (long x = 0; x < pass.columns; ++x)
        *next++ = {int32_t(n * job.sample_step() + y * steps.source_row +
                           x * steps.source_column),
                   int32_t(n * job.area() + steps.place + y * steps.place_row +
                           x * steps.place_column)};
  pass.columns *= job.chunk;
  return next;
}

template <class T>
int32_t* fill_taps(const Sliding<T>& job, const Pass& pass, int32_t* next) {
  for (long v = 0; v < pass.vertical_count; ++v)
    for (long c = 0; c < job.channels; ++c)
      for (long h = 0; h < pass.horizontal_count; ++h)
        *next++ = int32_t(c * job.planes.channel_size() +
                          pass.vertical[v].offset * job.planes.row +
                          pass.horizontal[h].offset);
  return next;
}

/// Bring the weights of one block, in lanes, into the order of the taps.
template <class T>
void arrange(const Sliding<T>& job, const Convolution& shape, const T* lanes,
             long width, T* out) {
  long columns = shape.kernel[1], window = shape.kernel[0] * columns;
  for (long i = 0; i < job.pass_count; ++i) {
    const Pass& pass = job.passes[i];
    for (long v = 0; v < pass.vertical_count; ++v)
      for (long c = 0; c < job.channels; ++c)
        for (long h = 0; h < pass.horizontal_count; ++h, out += width)
          copy(lanes + (c * window + pass.vertical[v].index * columns +
                        pass.horizontal[h].index) *
                           width,
               width, out);
  }
}

/// Pack the weight. `pack_block(group, block, out)` lays a block out in lanes,
/// in the order (channel, kernel).
template <class T, class PackBlock>
const T* packed_weight(const Sliding<T>& job, const Convolution& shape,
                       const PackBlock& pack_block) {
  bool arranged = job.pass_count == 1 && shape.kernel[0] == 1;
  T* packed = scratch_of<T>(3, job.groups * job.padded_outputs() * job.taps);
  double cost = double(job.taps) * kBlock<T> / 3;
  parallel_for(job.groups * job.blocks(), cost, [&](long begin, long end) {
    for (long i = begin; i < end; ++i) {
      long group = i / job.blocks();
      Block<T> block(i % job.blocks(), job.outputs);
      T* out = packed + (group * job.padded_outputs() + block.first) * job.taps;
      if (arranged) {
        pack_block(group, block, out);
      } else {
        T* lanes = scratch_of<T>(1, job.taps * block.width());
        pack_block(group, block, lanes);
        arrange(job, shape, lanes, block.width(), out);
      }
    }
  });
  return packed;
}

/// What the convolution and the gradient of its input share.
template <class T>
Sliding<T> sliding_of(const Convolution& shape, const Planes& planes,
                      const T* image, T* out) {
  Sliding<T> job{};
  job.planes = planes;
  job.in_place = planes.bare();
  job.samples = shape.N;
  job.groups = shape.groups;
  job.image = image;
  job.out = out;
  return job;
}

/// The taps of one phase of the gradient of the input; returns how many.
long phase_taps(const Convolution& shape, int i, long phase, long shift,
                AxisTap* taps) {
  Axis axis = axis_of(shape, i, phase);
  long count = 0;
  for (long k = 0; k < shape.kernel[i]; ++k)
    if (axis.meets(k))
      taps[count++] = {int32_t(k), int32_t(axis.meeting(k) + shift)};
  return count;
}

/// One pass for each phase that has positions.
template <class T>
void set_phases(const Convolution& shape, Sliding<T>& job) {
  long down = shape.stride[0], right = shape.stride[1];
  Pass* passes = scratch_of<Pass>(5, down * right);
  Row* positions = scratch_of<Row>(2, job.chunk * job.area());
  long kernel = shape.kernel[0] + shape.kernel[1] * down;
  AxisTap* axis_taps = scratch_of<AxisTap>(4, kernel + job.taps);
  auto* taps = reinterpret_cast<int32_t*>(axis_taps + kernel);
  job.passes = passes;
  job.pass_count = 0;
  long first_tap = 0;
  for (long i = 0; i < down; ++i) {
    const AxisTap* vertical = axis_taps;
    long count = phase_taps(shape, 0, i, job.planes.shift[0], axis_taps);
    axis_taps += count;
    for (long j = 0; j < right; ++j) {
      Pass pass{};
      pass.rows = phase_length(shape, 0, i);
      pass.columns = phase_length(shape, 1, j);
      pass.row_step = 1;
      pass.vertical = vertical;
      pass.vertical_count = count;
      pass.horizontal = axis_taps;
      pass.horizontal_count =
          phase_taps(shape, 1, j, job.planes.shift[1], axis_taps);
      axis_taps += pass.horizontal_count;
      pass.taps = taps;
      pass.first_tap = first_tap;
      if (pass.rows <= 0 || pass.columns <= 0) continue;
      taps = fill_taps(job, pass, taps);
      first_tap += pass.vertical_count * job.channels * pass.horizontal_count;
      positions = fill_positions(
          job, pass,
          {job.planes.row, 1, i * job.width + j, down * job.width, right},
          positions);
      passes[job.pass_count++] = pass;
    }
  }
}

template <class T>
void set_single_pass(const Convolution& shape, Sliding<T>& job) {
  Pass* pass = scratch_of<Pass>(5, 1);
  Row* positions = scratch_of<Row>(2, job.chunk * job.area());
  long kernel = shape.kernel[0] + shape.kernel[1];
  AxisTap* axis_taps = scratch_of<AxisTap>(4, kernel + job.taps);
  auto* taps = reinterpret_cast<int32_t*>(axis_taps + kernel);
  const AxisTap* starts[2];
  for (int i = 0; i < 2; ++i) {
    starts[i] = axis_taps;
    for (long k = 0; k < shape.kernel[i]; ++k)
      *axis_taps++ = {int32_t(k), int32_t(k * shape.dilation[i])};
  }
  *pass = {job.height, job.width,       shape.stride[0], nullptr, starts[0],
           starts[1],  shape.kernel[0], shape.kernel[1], taps,    0};
  fill_taps(job, *pass, taps);
  fill_positions(
      job, *pass,
      {shape.stride[0] * job.planes.row, shape.stride[1], 0, job.width, 1},
      positions);
  job.passes = pass;
  job.pass_count = 1;
}

template <class T>
long chunk_of(const Sliding<T>& job) {
  long weight = job.groups * job.outputs * job.taps;
  long elements = weight > kLargeWeight ? 4 * kChunkElements : kChunkElements;
  long most =
      smaller(kChunkPositions / job.area(), elements / job.sample_step());
  return larger(1, smaller(job.samples, most));
}

/// Work on all samples, in chunks and then on what is left.
/// `set_passes(job)` makes the tables for a chunk, `pack(job)` the weight.
template <class T, class SetPasses, class Pack>
void run_all(Sliding<T> job, const SetPasses& set_passes, const Pack& pack) {
  job.chunk = chunk_of(job);
  set_passes(job);
  job.weight = pack(job);
  long rest = job.samples % job.chunk;
  job.samples -= rest;
  run(job);
  if (rest == 0) return;
  job.image += job.samples * job.image_size();
  job.out += job.samples * job.out_size();
  job.samples = job.chunk = rest;
  set_passes(job);
  run(job);
}

}  // namespace

template <class T>
void convolve_lanes(const Convolution& shape, const T* x, const T* weight,
                    const T* bias, T* out) {
  Sliding<T> job = sliding_of(shape, whole_planes(shape), x, out);
  job.channels = shape.C / shape.groups;
  job.outputs = shape.O / shape.groups;
  job.height = shape.output[0];
  job.width = shape.output[1];
  job.stride = 1;
  job.bias = bias;
  job.activation = shape.activation;
  job.taps = job.channels * shape.kernel[0] * shape.kernel[1];
  run_all(
      job, [&](Sliding<T>& part) { set_single_pass(shape, part); },
      [&](const Sliding<T>& whole) {
        auto pack = [&](long group, const Block<T>& block, T* lanes) {
          long first = group * job.outputs + block.first;
          pack_lanes(weight + first * job.taps, job.taps, block.channels,
                     job.taps, block.width(), lanes);
        };
        return packed_weight(whole, shape, pack);
      });
}

template <class T>
void grad_input_lanes(const Convolution& shape, const T* grad_output,
                      const T* weight, T* out) {
  Sliding<T> job = sliding_of(shape, output_planes(shape), grad_output, out);
  job.channels = shape.O / shape.groups;
  job.outputs = shape.C / shape.groups;
  job.height = shape.input[0];
  job.width = shape.input[1];
  job.stride = shape.stride[0];
  long window = shape.kernel[0] * shape.kernel[1];
  job.taps = job.channels * window;
  run_all(
      job, [&](Sliding<T>& part) { set_phases(shape, part); },
      [&](const Sliding<T>& whole) {
        auto pack = [&](long group, const Block<T>& block, T* lanes) {
          for (long o = 0; o < job.channels; ++o) {
            long row = (group * job.channels + o) * job.outputs + block.first;
            pack_lanes(weight + row * window, window, block.channels, window,
                       block.width(), lanes + o * window * block.width());
          }
        };
        return packed_weight(whole, shape, pack);
      });
}

#define TATAMI_INSTANTIATE(T)                                             \
  template void convolve_lanes<T>(const Convolution&, const T*, const T*, \
                                  const T*, T*);                          \
  template void grad_input_lanes<T>(const Convolution&, const T*, const T*, T*);
TATAMI_INSTANTIATE(float)
TATAMI_INSTANTIATE(double)
#undef TATAMI_INSTANTIATE

}  // namespace tatami::TATAMI_ISA
