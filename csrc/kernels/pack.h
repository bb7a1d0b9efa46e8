// pack.h: copies of parts of a matrix in the order in which tiles read them.
#pragma once

#include "../shuffle.h"

namespace tatami::TATAMI_ISA {

/// Elements behind a packed block that may be written as well.
template <class T>
constexpr long kPackedSlack = 2 * kLanes<T>;

/// Load one vector of each of `count` rows that lie `step` apart, transposed;
/// rows there are not read as zeros.
template <class T>
inline void load_transposed(const T* source, long step, long count,
                            Vector<T>* block) {
  for (int i = 0; i < kLanes<T>; ++i)
    block[i] = i < count ? load(source + i * step) : Vector<T>{};
  transpose<T>(block);
}

/// Copy `rows` rows of a so that those of one depth are neighbours. Writes up
/// to kPackedSlack elements more.
template <class T>
void pack_rows(const T* a, long a_row, long a_column, long rows, long depth,
               T* out) {
  constexpr long kLength = kLanes<T>;
  long k = 0;
  if (a_column == 1) {
    for (; k + kLength <= depth; k += kLength)
      for (long r = 0; r < rows; r += kLength) {
        Vector<T> block[kLength];
        load_transposed(a + r * a_row + k, a_row, rows - r, block);
        // What is written beyond a depth is overwritten by the next one, or
        // by a later group of rows.
        for (int i = 0; i < kLength; ++i)
          if (r + kLength <= rows || rows <= kLength)
            store(out + (k + i) * rows + r, block[i]);
          else
            store_partial(out + (k + i) * rows + r, block[i], rows - r);
      }
  } else if (a_row == 1) {
    // Lanes too many of all depths but the last lie in the next one.
    for (; k + 1 < depth && a_column >= kLength; ++k)
      for (long r = 0; r < rows; r += kLength)
        store(out + k * rows + r, load(a + k * a_column + r));
    for (; k < depth; ++k)
      for_each_vector<T>(rows, [&](long r, long lanes) {
        store(out + k * rows + r, load(a + k * a_column + r, lanes));
      });
  }
  for (; k < depth; ++k)
    for (long r = 0; r < rows; ++r)
      out[k * rows + r] = a[r * a_row + k * a_column];
}

/// Copy `columns` columns of b, at most two vectors of them, into rows of two
/// vectors; columns there are not are filled with zeros.
template <class T>
void pack_columns(const T* b, long b_row, long b_column, long columns,
                  long depth, T* out) {
  constexpr long kLength = kLanes<T>, kWidth = 2 * kLength;
  long k = 0;
  if (b_column == 1 && columns == kWidth) {
    for (; k < depth; ++k)
      for (long j = 0; j < kWidth; j += kLength)
        store(out + k * kWidth + j, load(b + k * b_row + j));
  } else if (b_column == 1) {
    for (; k < depth; ++k) {
      store(out + k * kWidth + kLength, Vector<T>{});
      for_each_vector<T>(columns, [&](long j, long lanes) {
        store(out + k * kWidth + j, load(b + k * b_row + j, lanes));
      });
    }
  } else if (b_row == 1) {
    for (; k + kLength <= depth; k += kLength)
      for (long j = 0; j < kWidth; j += kLength) {
        Vector<T> block[kLength];
        load_transposed(b + j * b_column + k, b_column, columns - j, block);
        for (int i = 0; i < kLength; ++i)
          store(out + (k + i) * kWidth + j, block[i]);
      }
  }
  for (; k < depth; ++k)
    for (long j = 0; j < kWidth; ++j)
      out[k * kWidth + j] = j < columns ? b[k * b_row + j * b_column] : T(0);
}

/// Copy whole panels of b side by side, row by row as it lies in memory.
template <class T, int kPanels>
void pack_panels(const T* b, long b_row, long depth, T* out) {
  constexpr long kLength = kLanes<T>, kWidth = 2 * kLength;
  for (long k = 0; k < depth; ++k, b += b_row, out += kWidth) {
    for (int j = 0; j < kPanels; ++j) {
      __builtin_prefetch(b + 8 * b_row + j * kWidth);
      for (long i = 0; i < kWidth; i += kLength)
        store(out + j * depth * kWidth + i, load(b + j * kWidth + i));
    }
  }
}

}  // namespace tatami::TATAMI_ISA
