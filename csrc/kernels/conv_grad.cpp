// conv_grad.cpp: the gradient of the weight of a convolution.
//
// Each element is a dot product of one channel of grad_output with one shifted
// channel of the input, over all samples. Samples are summed in parts of a
// fixed size, and the parts in order, so that the result does not depend on the
// number of threads.
#include "../parallel.h"
#include "conv.h"
#include "fill.h"
#include "planes.h"

namespace tatami::TATAMI_ISA {
namespace {

constexpr bool kManyRegisters = kRegisters >= 32;
constexpr long kTileChannels = kManyRegisters ? 6 : 3;
constexpr long kTileTaps = kManyRegisters ? 4 : 3;
/// Bytes of planes that are worked through together.
constexpr long kChunkBytes = 192 * 1024;
/// Elements of partial sums kept at most.
constexpr long kPartElements = 1 << 22;

/// A chunk of samples: planes of the input, and grad_output where it lies.
template <class T>
struct Chunk {
  const T *planes, *rows;
  long samples;
  long planes_step, rows_step;  // from one sample to the next
  long height, columns;         // of a channel of grad_output
  long planes_row;
  long channel_size() const { return height * columns; }
};

/// kChannels of grad_output with kTaps of the window.
template <class T, int kChannels, int kTaps>
void tile(const Chunk<T>& chunk, long channel, const Tap* taps, long planes,
          T* out, long out_step) {
  constexpr long kLength = kLanes<T>;
  Vector<T> total[kChannels][kTaps] = {};
  const long step = chunk.channel_size();
  for (long n = 0; n < chunk.samples; ++n) {
    const T* left = chunk.rows + n * chunk.rows_step + channel * step;
    const T* right = chunk.planes + n * chunk.planes_step + planes;
    for (long y = 0; y < chunk.height; ++y) {
      for (long x = 0; x < chunk.columns; x += kLength) {
        const long lanes = smaller(kLength, chunk.columns - x);
        Vector<T> gradient[kChannels];
        TATAMI_UNROLL
        for (int o = 0; o < kChannels; ++o) {
          gradient[o] = load(left + o * step + x, lanes);
          keep(gradient[o]);
        }
        TATAMI_UNROLL
        for (int i = 0; i < kTaps; ++i) {
          Vector<T> element = load(right + taps[i].source + x, lanes);
          keep(element);
          TATAMI_UNROLL
          for (int o = 0; o < kChannels; ++o)
            total[o][i] += gradient[o] * element;
        }
      }
      left += chunk.columns;
      right += chunk.planes_row;
    }
  }
  TATAMI_UNROLL
  for (int o = 0; o < kChannels; ++o) TATAMI_UNROLL
  for (int i = 0; i < kTaps; ++i)
    out[o * out_step + i] += sum_lanes<T>(total[o][i]);
}

template <class T>
using Tile = void (*)(const Chunk<T>&, long, const Tap*, long, T*, long);

template <class T, int kChannels>
Tile<T> tile_of(long taps) {
  switch (taps) {
    case 1:
      return tile<T, kChannels, 1>;
    case 2:
      return tile<T, kChannels, 2>;
    case 3:
      return tile<T, kChannels, 3>;
    default:
      return tile<T, kChannels, kTileTaps>;
  }
}

template <class T>
Tile<T> tile_of(long channels, long taps) {
  switch (channels) {
    case 1:
      return tile_of<T, 1>(taps);
    case 2:
      return tile_of<T, 2>(taps);
    case 3:
      return tile_of<T, 3>(taps);
#if defined(__AVX512F__)
    case 4:
      return tile_of<T, 4>(taps);
    case 5:
      return tile_of<T, 5>(taps);
    case 6:
      return tile_of<T, 6>(taps);
#endif
  }
  return nullptr;
}

/// One gradient to compute.
template <class T>
struct Job {
  const Convolution& shape;
  Planes planes;
  const Tap* taps;
  long tap_count;
  const T *grad_output, *x;
  Chunk<T> chunk;  // its geometry
  long chunk_samples;
  long channels() const { return shape.O / shape.groups; }
  long blocks() const {
    return (channels() + kTileChannels - 1) / kTileChannels;
  }
};

template <class T>
void run_block(const Job<T>& job, const Chunk<T>& chunk, long block, T* out) {
  long group = block / job.blocks(), part = block % job.blocks();
  long begin = group * job.channels() + job.channels() * part / job.blocks();
  long end =
      group * job.channels() + job.channels() * (part + 1) / job.blocks();
  long planes =
      group * (job.shape.C / job.shape.groups) * job.planes.channel_size();
  long tiles = (job.tap_count + kTileTaps - 1) / kTileTaps;
  for (long i = 0, tap = 0; i < tiles; ++i) {
    long taps = (job.tap_count - tap + tiles - i - 1) / (tiles - i);
    tile_of<T>(end - begin, taps)(chunk, begin, job.taps + tap, planes,
                                  out + begin * job.tap_count + tap,
                                  job.tap_count);
    tap += taps;
  }
}

/// Add the samples [begin, end), at most a chunk of them, to `out`.
template <class T>
void run_chunk(const Job<T>& job, long begin, long end, T* planes, T* out) {
  Chunk<T> chunk = job.chunk;
  const Convolution& shape = job.shape;
  long image = shape.C * shape.input[0] * shape.input[1];
  chunk.planes = planes;
  chunk.rows = job.grad_output + begin * chunk.rows_step;
  chunk.samples = end - begin;
  for (long n = begin; n < end; ++n)
    fill_planes(job.planes, job.x + n * image,
                planes + (n - begin) * chunk.planes_step);
  long blocks = job.blocks() * shape.groups;
  double work = double(chunk.samples) * double(chunk.channel_size()) *
                double(shape.O) * double(job.tap_count);
  parallel_for(blocks, work / (4.0 * kLanes<T>) / double(blocks),
               [&](long first, long last) {
                 for (long block = first; block < last; ++block)
                   run_block(job, chunk, block, out);
               });
}

/// The sum over the samples [begin, end).
template <class T>
void run_part(const Job<T>& job, long begin, long end, T* out) {
  long size = job.chunk_samples * job.chunk.planes_step + kSlack<T>;
  T* planes = scratch_of<T>(0, size);
  zero(planes, size);
  zero(out, job.shape.O * job.tap_count);
  for (; begin < end; begin += job.chunk_samples)
    run_chunk(job, begin, smaller(end, begin + job.chunk_samples), planes, out);
}

template <class T>
Job<T> job_of(const Convolution& shape, const T* grad_output, const T* x) {
  Planes planes = input_planes(shape);
  long taps = shape.C / shape.groups * shape.kernel[0] * shape.kernel[1];
  Tap* table = scratch_of<Tap>(2, taps);
  input_taps(shape, planes, table);
  Chunk<T> chunk{};
  chunk.height = shape.output[0];
  chunk.columns = shape.output[1];
  chunk.planes_row = planes.row;
  chunk.planes_step = planes.size();
  chunk.rows_step = shape.O * chunk.channel_size();
  long bytes = (chunk.planes_step + chunk.rows_step) * long(sizeof(T));
  long samples = larger(1, smaller(shape.N, kChunkBytes / (bytes + 1)));
  return {shape, planes, table, taps, grad_output, x, chunk, samples};
}

template <class T>
void convolution_grad_weight(const Convolution& shape, const T* grad_output,
                             const T* x, T* out) {
  if (shape.O / shape.groups >= 5 &&
      shape.C / shape.groups * shape.kernel[0] * shape.kernel[1] >= 16)
    return grad_weight_lanes(shape, grad_output, x, out);
  if (shape.C == shape.groups && shape.O < 4 * shape.C)
    return grad_weight_depthwise(shape, grad_output, x, out);
  Job<T> job = job_of(shape, grad_output, x);
  long size = shape.O * job.tap_count;
  long chunks = (shape.N + job.chunk_samples - 1) / job.chunk_samples;
  long parts = smaller(chunks, larger(1, smaller(64, kPartElements / size)));
  if (parts <= 1) return run_part(job, 0, shape.N, out);
  long part_samples = (chunks + parts - 1) / parts * job.chunk_samples;
  parts = (shape.N + part_samples - 1) / part_samples;
  T* sums = scratch_of<T>(3, parts * size);
  double cost = double(part_samples) * double(job.chunk.channel_size()) *
                double(size) / (4.0 * kLanes<T>);
  parallel_for(parts, cost, [&](long begin, long end) {
    for (long part = begin; part < end; ++part)
      run_part(job, part * part_samples,
               smaller(shape.N, (part + 1) * part_samples), sums + part * size);
  });
  parallel_for(size, double(parts) * 0.1, [&](long begin, long end) {
    for (long i = begin; i < end; ++i) {
      T total = 0;
      for (long part = 0; part < parts; ++part) total += sums[part * size + i];
      out[i] = total;
    }
  });
}

}  // namespace

void fill_conv_grad(KernelTable& table) {
  table.float32.convolution_grad_weight = convolution_grad_weight<float>;
  table.float64.convolution_grad_weight = convolution_grad_weight<double>;
}

}  // namespace tatami::TATAMI_ISA
