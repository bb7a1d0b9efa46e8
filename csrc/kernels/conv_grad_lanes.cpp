// conv_grad_lanes.cpp: the gradient of the weight of a convolution, with output
// channels in lanes.
//
// Samples are summed in parts of a fixed size, and the parts in order, so that
// the result does not depend on the number of threads.
#include "../parallel.h"
#include "conv.h"
#include "lanes.h"
#include "planes.h"

namespace tatami::TATAMI_ISA {
namespace {

/// Samples are summed in so many parts at most, of so many elements in all.
constexpr long kMostParts = 8;
constexpr long kPartElements = 1 << 21;
/// Elements of planes that are worked through together; more if the weight is
/// large.
constexpr long kChunkElements = 1 << 16;
constexpr long kLargeWeight = 1 << 17;
/// Rows of the product that are worth a part of their own.
constexpr long kLeastTaps = 24;

template <class T>
struct Job {
  Planes planes;  // of x, which is read in place if it has no border
  long samples, groups;
  long channels, outputs;  // of one group
  long taps;
  long area;  // of grad_output
  long chunk_samples, parts;
  const Row* rows;           // the taps of one group
  const int32_t* positions;  // of the samples of one chunk
  const T *grad_output, *x;

  long blocks() const { return block_count<T>(outputs); }
  long padded_outputs() const { return round_up(outputs, kLanes<T>); }
  long sums() const { return groups * padded_outputs() * taps; }
  long image_size() const {
    return planes.channels * planes.height * planes.width;
  }
  /// From one sample to the next, as it is read.
  long sample_step() const {
    return planes.bare() ? image_size() : planes.size();
  }
};

/// Lay out the gradient of one block of channels, positions [begin, end).
template <class T>
void pack_gradient(const Job<T>& job, const T* grad_output, long channels,
                   long width, long begin, long end, T* out) {
  long sample_size = job.groups * job.outputs * job.area;
  while (begin < end) {
    long n = begin / job.area, position = begin % job.area;
    long count = smaller(end - begin, job.area - position);
    pack_lanes(grad_output + n * sample_size + position, job.area, channels,
               count, width, out);
    out += count * width;
    begin += count;
  }
}

/// One block of channels with the taps [first, last), over the samples of a
/// chunk.
template <class T>
void run_block(const Job<T>& job, long index, long first, long last,
               const T* planes, const T* grad_output, long samples, bool add,
               T* sums) {
  long group = index / job.blocks();
  Block<T> block(index % job.blocks(), job.outputs);
  long width = block.width(), count = samples * job.area;
  T zeros[kBlock<T>] = {};
  LaneProduct<T> product{};
  product.image = planes + group * job.channels * job.planes.channel_size();
  product.rows = job.rows + first;
  product.row_count = last - first;
  product.sums = sums + (group * job.padded_outputs() + block.first) * job.taps;
  T* factors = scratch_of<T>(1, kMostColumns * kBlock<T>);
  product.factors = factors;
  long chunks = (count + kMostColumns - 1) / kMostColumns;
  for (long i = 0; i < chunks; ++i) {
    long begin = count * i / chunks, end = count * (i + 1) / chunks;
    pack_gradient(job,
                  grad_output + (group * job.outputs + block.first) * job.area,
                  block.channels, width, begin, end, factors);
    product.columns = job.positions + begin;
    product.column_count = end - begin;
    product.start = i == 0 && !add ? zeros : nullptr;
    run_product(product, width);
  }
}

/// The sum over the samples [begin, end).
template <class T>
void run_part(const Job<T>& job, long begin, long end, T* sums) {
  bool bare = job.planes.bare();
  T* planes = nullptr;
  if (!bare) {
    long size = job.chunk_samples * job.planes.size();
    planes = scratch_of<T>(0, size);
    zero(planes, size);
  }
  // Threads share the work of a single part.
  long pieces = job.groups * job.blocks() < 8 && job.parts == 1
                    ? smaller(thread_count(), job.taps / kLeastTaps)
                    : 1;
  pieces = larger(1, pieces);
  long items = job.groups * job.blocks() * pieces;
  long gradient_size = job.groups * job.outputs * job.area;
  for (long n = begin; n < end; n += job.chunk_samples) {
    long samples = smaller(job.chunk_samples, end - n);
    const T* x = job.x + n * job.image_size();
    if (!bare) {
      long channels = job.planes.channels;
      parallel_for(samples * channels, job.planes.channel_size() / 8.0,
                   [&](long first, long last) {
                     for (long i = first; i < last; ++i)
                       fill_planes(job.planes, i % channels, i % channels + 1,
                                   x + i / channels * job.image_size(),
                                   planes + i / channels * job.planes.size());
                   });
    }
    double cost = double(samples * job.area) * double(job.sums()) /
                  (5.0 * kLanes<T>) / double(items);
    parallel_for(items, cost, [&](long first, long last) {
      for (long i = first; i < last; ++i)
        run_block(job, i / pieces, job.taps * (i % pieces) / pieces,
                  job.taps * (i % pieces + 1) / pieces, bare ? x : planes,
                  job.grad_output + n * gradient_size, samples, n != begin,
                  sums);
    });
  }
}

template <class T>
void set_tables(const Convolution& shape, Job<T>& job) {
  Row* rows = scratch_of<Row>(2, job.taps);
  int32_t* offsets =
      scratch_of<int32_t>(4, larger(job.taps, job.chunk_samples * job.area));
  tap_offsets(shape, job.planes, offsets);
  for (long i = 0; i < job.taps; ++i) rows[i] = {offsets[i], int32_t(i)};
  int32_t* next = offsets;
  for (long n = 0; n < job.chunk_samples; ++n)
    for (long y = 0; y < shape.output[0]; ++y)
      for (long x = 0; x < shape.output[1]; ++x)
        *next++ =
            int32_t(n * job.sample_step() +
                    y * shape.stride[0] * job.planes.row + x * shape.stride[1]);
  job.rows = rows;
  job.positions = offsets;
}

/// Add the parts, in order, to the first.
template <class T>
void add_parts(T* sums, long size, long parts) {
  parallel_for(size, double(parts) * 0.1, [&](long begin, long end) {
    for (long part = 1; part < parts; ++part) {
      const T* other = sums + part * size;
      for (long i = begin; i < end; ++i) sums[i] += other[i];
    }
  });
}

}  // namespace

template <class T>
void grad_weight_lanes(const Convolution& shape, const T* grad_output,
                       const T* x, T* out) {
  Job<T> job{};
  job.planes = whole_planes(shape);
  job.samples = shape.N;
  job.groups = shape.groups;
  job.channels = shape.C / shape.groups;
  job.outputs = shape.O / shape.groups;
  job.taps = job.channels * shape.kernel[0] * shape.kernel[1];
  job.area = shape.output[0] * shape.output[1];
  long elements = (job.sums() > kLargeWeight ? 4 : 1) * kChunkElements;
  job.chunk_samples =
      smaller(kMostColumns / job.area, elements / job.sample_step());
  job.chunk_samples = larger(1, smaller(shape.N, job.chunk_samples));
  job.grad_output = grad_output;
  job.x = x;
  set_tables(shape, job);
  long chunks = (shape.N + job.chunk_samples - 1) / job.chunk_samples;
  long most = larger(1, smaller(kMostParts, kPartElements / job.sums()));
  long part_chunks = (chunks + most - 1) / most;
  long parts = job.parts = (chunks + part_chunks - 1) / part_chunks;
  long step = part_chunks * job.chunk_samples;
  T* sums = scratch_of<T>(3, parts * job.sums());
  double cost = double(shape.N) * double(job.area) * double(job.sums()) /
                (5.0 * kLanes<T>) / double(parts);
  parallel_for(parts, cost, [&](long first, long last) {
    for (long part = first; part < last; ++part)
      run_part(job, part * step, smaller(shape.N, (part + 1) * step),
               sums + part * job.sums());
  });
  add_parts(sums, job.sums(), parts);
  for (long i = 0; i < job.groups * job.blocks(); ++i) {
    Block<T> block(i % job.blocks(), job.outputs);
    long group = i / job.blocks();
    unpack_lanes(sums + (group * job.padded_outputs() + block.first) * job.taps,
                 block.width(), job.taps,
                 out + (group * job.outputs + block.first) * job.taps, job.taps,
                 block.channels, Activation::none);
  }
}

template void grad_weight_lanes<float>(const Convolution&, const float*,
                                       const float*, float*);
template void grad_weight_lanes<double>(const Convolution&, const double*,
                                        const double*, double*);

}  // namespace tatami::TATAMI_ISA
