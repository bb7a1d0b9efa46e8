// blocks.h: between planes, one channel behind the other, and blocks, where the
// channels of one place fill the lanes of a vector.
#pragma once

#include "../shuffle.h"

namespace tatami::TATAMI_ISA {

/// `rows` rows of `columns` elements become `columns` vectors, `out_step`
/// elements apart; lanes without a row are zero.
template <class T>
void planes_to_block(const T* planes, long plane_step, long rows, long columns,
                     T* out, long out_step) {
  constexpr long kLength = kLanes<T>;
  if (columns < kLength) {
    for (long x = 0; x < columns; ++x)
      for (long i = 0; i < kLength; ++i)
        out[x * out_step + i] = i < rows ? planes[i * plane_step + x] : T(0);
    return;
  }
  for (long x = 0; x < columns; x += kLength) {
    long start = smaller(x, columns - kLength);
    Vector<T> square[kLength];
    TATAMI_UNROLL
    for (long i = 0; i < kLength; ++i)
      square[i] =
          i < rows ? load(planes + i * plane_step + start) : Vector<T>{};
    transpose<T>(square);
    TATAMI_UNROLL
    for (long i = 0; i < kLength; ++i)
      store(out + (start + i) * out_step, square[i]);
  }
}

/// The way back: `put(row, column, vector, lanes)` is given pieces of rows.
template <class T, class Put>
void block_to_planes(const T* block, long block_step, long rows, long columns,
                     const Put& put) {
  constexpr long kLength = kLanes<T>;
  Vector<T> square[kLength];
  if (columns < kLength) {
    for (long i = 0; i < kLength; ++i)
      square[i] = i < columns ? load(block + i * block_step) : Vector<T>{};
    transpose<T>(square);
    for (long i = 0; i < rows; ++i) put(i, long{0}, square[i], columns);
    return;
  }
  for (long x = 0; x < columns; x += kLength) {
    long start = smaller(x, columns - kLength);
    TATAMI_UNROLL
    for (long i = 0; i < kLength; ++i)
      square[i] = load(block + (start + i) * block_step);
    transpose<T>(square);
    TATAMI_UNROLL
    for (long i = 0; i < kLength; ++i)
      if (i < rows) put(i, start, square[i], kLength);
  }
}

}  // namespace tatami::TATAMI_ISA
