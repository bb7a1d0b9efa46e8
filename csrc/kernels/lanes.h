// lanes.h: products with channels in the lanes of vectors, which a convolution
// and both its gradients are:
//
//   sums[row.place] += sum over columns of image[row.source + column] * factors
//
//                   rows        columns     image         factors
//   convolution     positions   taps        x             weight
//   input gradient  positions   taps        grad_output   weight
//   weight gradient taps        positions   x             grad_output
//
// An element of the image is one number, spread over all lanes; factors and
// sums are blocks of channels, one or two vectors wide.
#pragma once

#include "../kernels.h"
#include "../shuffle.h"

namespace tatami::TATAMI_ISA {

/// Channels in a whole block.
template <class T>
constexpr long kBlock = 2 * kLanes<T>;

/// Columns worked through together: their factors fill half of the first-level
/// cache.
constexpr long kMostColumns = 8192 / kVectorBytes;

template <class T>
long block_count(long channels) {
  return (channels + kBlock<T> - 1) / kBlock<T>;
}

/// Some channels: one vector of them if that is enough, else two.
template <class T>
struct Block {
  long first, channels;
  Block(long index, long all)
      : first(index * kBlock<T>), channels(smaller(all - first, kBlock<T>)) {}
  long width() const { return round_up(channels, kLanes<T>); }
};

struct Row {
  int32_t source;  // where it begins in the image
  int32_t place;   // where its sum belongs
};

template <class T>
struct LaneProduct {
  const T* image;
  const Row* rows;
  long row_count;
  const int32_t* columns;
  long column_count;
  const T* factors;
  T* sums;
  long first_place;  // of sums
  const T* start;    // of the sums in each lane; null if sums are added to
};

/// All rows of the product, for blocks of `width` lanes.
template <class T>
void run_product(const LaneProduct<T>& product, long width);

/// Lay `count` rows, `step` apart, out as columns of `width` lanes; the lanes
/// beyond the rows become zero.
template <class T>
void pack_lanes(const T* rows, long step, long count, long columns, long width,
                T* out);

/// The way back, for columns of `width` lanes: `count` rows, `step` apart.
template <class T>
void unpack_lanes(const T* lanes, long width, long columns, T* out, long step,
                  long count, Activation activation);

}  // namespace tatami::TATAMI_ISA
