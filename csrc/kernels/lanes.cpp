// lanes.cpp: products with channels in the lanes of vectors, and the transposes
// into and out of lanes.
#include "lanes.h"

namespace tatami::TATAMI_ISA {
namespace {

constexpr bool kManyRegisters = kRegisters >= 32;

/// Sums begin at zero, and what was there is added last: long sums stay more
/// exact in pieces.
template <class T, int kRows, int kVectors>
void product_rows(const LaneProduct<T>& p, long begin, long end) {
  constexpr long kLength = kLanes<T>, kWidth = kVectors * kLength;
  const int32_t* const end_column = p.columns + p.column_count;
  for (const Row* row = p.rows + begin; begin < end;
       begin += kRows, row += kRows) {
    const T* source[kRows];
    for (int r = 0; r < kRows; ++r) source[r] = p.image + row[r].source;
    Vector<T> total[kRows][kVectors] = {};
    const T* factors = p.factors;
    for (const int32_t* column = p.columns; column != end_column;
         ++column, factors += kWidth) {
      const long offset = *column;
      Vector<T> factor[kVectors];
      for (int v = 0; v < kVectors; ++v) {
        factor[v] = load(factors + v * kLength);
        keep(factor[v]);
      }
      for (int r = 0; r < kRows; ++r) {
        const Vector<T> element = splat(source[r][offset]);
        for (int v = 0; v < kVectors; ++v) total[r][v] += element * factor[v];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      T* sums = p.sums + (row[r].place - p.first_place) * kWidth;
      const T* before = p.start ? p.start : sums;
      for (int v = 0; v < kVectors; ++v)
        store(sums + v * kLength, total[r][v] + load(before + v * kLength));
    }
  }
}

template <class T, int kVectors>
void some_rows(const LaneProduct<T>& p, long rows, long begin, long end) {
  switch (rows) {
    case 1:
      return product_rows<T, 1, kVectors>(p, begin, end);
    case 2:
      return product_rows<T, 2, kVectors>(p, begin, end);
    case 3:
      return product_rows<T, 3, kVectors>(p, begin, end);
    case 4:
      return product_rows<T, 4, kVectors>(p, begin, end);
    case 5:
      return product_rows<T, 5, kVectors>(p, begin, end);
    case 6:
      return product_rows<T, 6, kVectors>(p, begin, end);
    case 7:
      return product_rows<T, 7, kVectors>(p, begin, end);
    case 8:
      return product_rows<T, 8, kVectors>(p, begin, end);
  }
}

/// Tiles of equal height, but for one row.
template <class T, int kVectors>
void all_rows(const LaneProduct<T>& p) {
  constexpr long kMost = kVectors == 1 || kManyRegisters ? 8 : 6;
  if (p.row_count == 0) return;
  long tiles = (p.row_count + kMost - 1) / kMost;
  long height = p.row_count / tiles, higher = p.row_count % tiles;
  long middle = higher * (height + 1);
  some_rows<T, kVectors>(p, height + 1, 0, middle);
  some_rows<T, kVectors>(p, height, middle, p.row_count);
}

template <class T>
Vector<T> load_row(const T* rows, long step, long row, long count) {
  return row < count ? load(rows + row * step) : Vector<T>{};
}

/// One vector of lanes.
template <class T>
void pack_vector(const T* rows, long step, long count, long columns, long width,
                 T* out) {
  constexpr long kLength = kLanes<T>;
  if (columns < kLength) {
    for (long j = 0; j < columns; ++j)
      for (long i = 0; i < kLength; ++i)
        out[j * width + i] = i < count ? rows[i * step + j] : T(0);
    return;
  }
  for (long next = 0; next < columns; next += kLength) {
    long j = smaller(next, columns - kLength);  // the last ones overlap
    Vector<T> block[kLength];
    for (long i = 0; i < kLength; ++i)
      block[i] = load_row(rows + j, step, i, count);
    transpose<T>(block);
    for (long i = 0; i < kLength; ++i) store(out + (j + i) * width, block[i]);
  }
}

template <class T>
T activated(T value, Activation activation) {
  return activation == Activation::relu && value <= T(0) ? T(0) : value;
}

template <class T>
void unpack_vector(const T* lanes, long width, long columns, T* out, long step,
                   long count, Activation activation) {
  constexpr long kLength = kLanes<T>;
  if (columns < kLength) {
    for (long i = 0; i < count; ++i)
      for (long j = 0; j < columns; ++j)
        out[i * step + j] = activated(lanes[j * width + i], activation);
    return;
  }
  for (long next = 0; next < columns; next += kLength) {
    long j = smaller(next, columns - kLength);
    Vector<T> block[kLength];
    for (long i = 0; i < kLength; ++i) {
      block[i] = load(lanes + (j + i) * width);
      if (activation == Activation::relu)
        block[i] = select(block[i] <= T(0), Vector<T>{}, block[i]);
    }
    transpose<T>(block);
    if (count == kLength) {
      for (long i = 0; i < kLength; ++i) store(out + i * step + j, block[i]);
    } else {
      for (long i = 0; i < count; ++i) store(out + i * step + j, block[i]);
    }
  }
}

}  // namespace

template <class T>
void run_product(const LaneProduct<T>& product, long width) {
  if (width == kLanes<T>)
    all_rows<T, 1>(product);
  else
    all_rows<T, 2>(product);
}

template <class T>
void pack_lanes(const T* rows, long step, long count, long columns, long width,
                T* out) {
  constexpr long kLength = kLanes<T>;
  for (long i = 0; i < width; i += kLength)
    pack_vector(rows + i * step, step, smaller(count - i, kLength), columns,
                width, out + i);
}

template <class T>
void unpack_lanes(const T* lanes, long width, long columns, T* out, long step,
                  long count, Activation activation) {
  constexpr long kLength = kLanes<T>;
  for (long i = 0; i < count; i += kLength)
    unpack_vector(lanes + i, width, columns, out + i * step, step,
                  smaller(count - i, kLength), activation);
}

#define TATAMI_INSTANTIATE(T)                                         \
  template void run_product<T>(const LaneProduct<T>&, long);          \
  template void pack_lanes<T>(const T*, long, long, long, long, T*);  \
  template void unpack_lanes<T>(const T*, long, long, T*, long, long, \
                                Activation);
TATAMI_INSTANTIATE(float)
TATAMI_INSTANTIATE(double)
#undef TATAMI_INSTANTIATE

}  // namespace tatami::TATAMI_ISA
