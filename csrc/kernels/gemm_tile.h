// gemm_tile.h: sums of rows times vectors of an output, held in registers.
#pragma once

#include "../simd.h"
#include "fill.h"
#include "pack.h"

namespace tatami::TATAMI_ISA {
namespace {

constexpr bool kManyRegisters = kRegisters >= 32;

/// Rows of a tile two vectors wide: as many sums as the registers hold.
constexpr int kTileRows = kManyRegisters ? 12 : 6;
template <class T>
constexpr long kTileWidth = 2 * kLanes<T>;
/// Depth of a tile, for a panel of b of 24 KB, and the rows of a packed at
/// once, 220 KB. On Zen 3 within 5% of 256 and 120, or 320 and 240.
template <class T>
constexpr long kDepth = 24576 / (kTileWidth<T> * sizeof(T));
constexpr long kBlockRows = 144;
/// Groups of panels that several blocks of rows share, 3 MB: packed for each
/// block, 1024 x 1024 x 1024 takes 1.15 times as long.
constexpr long kSharedGroups = 128;
/// Panels packed side by side, so that b is read in pieces of 256 bytes:
/// 64 x 9216 x 128 takes 1.05 times as long with one.
constexpr int kPanelsTogether = 4;
/// Depth from which it pays to fetch the output into the cache beforehand:
/// 1024 x 1024 x 1024 takes 1.2 times as long without.
constexpr long kFetchDepth = 64;
constexpr int kDotRows = kManyRegisters ? 6 : 4;
/// Multiply-adds in a nanosecond, roughly: for the choice of threads only.
template <class T>
constexpr double kRate = 4.0 * kLanes<T>;

template <class T>
using Product = MatrixProduct<T>;

constexpr long divide_up(long value, long step) {
  return (value + step - 1) / step;
}

// The way out.

/// What is done to the sums of one tile; the pointers are at its first element.
template <class T>
struct Finish {
  T alpha;
  bool accumulate;
  const T* bias;
  bool relu;
  const T* mask;

  /// That of the block of depths which starts at `start`.
  static Finish of(const Product<T>& p, long start, bool last) {
    return {p.alpha, p.accumulate || start > 0, start == 0 ? p.bias : nullptr,
            last && p.activation == Activation::relu, last ? p.mask : nullptr};
  }

  void move(long elements, long columns) {
    if (bias) bias += columns;
    if (mask) mask += elements;
  }

  bool stores_sums() const { return alpha == 1 && only_scales(); }
  bool only_scales() const { return only_masks() && !mask; }
  bool only_masks() const { return !accumulate && !bias && !relu; }
};

/// Finish kRows x kVectors sums and store them. `read(source, v)` and
/// `write(target, v, value)` know how much there is of column vector v.
template <class T, int kRows, int kVectors, class V, class Read, class Write>
inline void finish(const Finish<T>& f, V (&total)[kRows][kVectors], T* out,
                   long out_row, long step, Read read, Write write) {
  auto each = [&](auto body) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v)
        body(total[r][v], r * out_row + v * step, v);
  };
  const V zero{};
  if (!f.stores_sums()) {
    each([&](V& value, long, int) { value *= f.alpha; });
    if (f.bias)
      each([&](V& value, long, int v) { value += read(f.bias + v * step, v); });
    if (f.accumulate)
      each([&](V& value, long place, int v) { value += read(out + place, v); });
    if (f.relu)
      each(
          [&](V& value, long, int) { value = select(value < 0, zero, value); });
    if (f.mask)
      each([&](V& value, long place, int v) {
        value = select(read(f.mask + place, v) <= 0, zero, value);
      });
  }
  each([&](V& value, long place, int v) { write(out + place, v, value); });
}

// The tile.

template <class T>
struct TileArguments {
  long depth;
  const T* a;
  long a_row, a_column;
  const T* b;
  long b_row;
  T* out;
  long out_row;
  long last_lanes;  // lanes of the last vector
  Finish<T> finish;

  void move(long columns) {
    b += columns;
    out += columns;
    finish.move(columns, columns);
  }
};

/// kUnit says that the rows of a are neighbours (a_row is 1). kPartial, that
/// the last vector of the output has lanes that do not exist; kPadded, that it
/// does in b.
template <class T, int kRows, int kVectors, bool kPartial, bool kPadded,
          bool kUnit>
void tile(const TileArguments<T>& t) {
  constexpr long kLength = kLanes<T>;
  Vector<T> total[kRows][kVectors] = {};
  // Two pointers and one step address six rows.
  const T* a = t.a;
  const T* b = t.b;
  const long a_row = kUnit ? 1 : t.a_row, a_column = t.a_column;
  const long b_row = kPadded ? kTileWidth<T> : t.b_row;
  const long lanes = t.last_lanes;
  const T* a_other = a + 3 * a_row;
  if (t.depth >= kFetchDepth)
    for (int r = 0; r < kRows; ++r) {
      __builtin_prefetch(t.out + r * t.out_row, 1);
      __builtin_prefetch(t.out + r * t.out_row + kVectors * kLength - 1, 1);
    }
  for (long k = t.depth; k > 0; --k) {
    Vector<T> row[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      Vector<T> value = kPartial && !kPadded && v == kVectors - 1
                            ? load_partial(b + v * kLength, lanes)
                            : load(b + v * kLength);
      keep(value);
      row[v] = value;
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      Vector<T> factor =
          splat(kUnit || kRows > 6 || r < 3 ? a[r * a_row]
                                            : a_other[(r - 3) * a_row]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) total[r][v] += factor * row[v];
    }
    a += a_column;
    a_other += a_column;
    b += b_row;
  }
  finish<T, kRows, kVectors>(
      t.finish, total, t.out, t.out_row, kLength,
      [&](const T* source, int v) {
        return kPartial && v == kVectors - 1 ? load_partial(source, lanes)
                                             : load(source);
      },
      [&](T* target, int v, Vector<T> value) {
        if (kPartial && v == kVectors - 1)
          store_partial(target, value, lanes);
        else
          store(target, value);
      });
}

template <class T>
using Tile = void (*)(const TileArguments<T>&);

/// The tiles for one number of rows: widest first, then 2 and 1 vectors, then
/// partial.
template <class T>
struct TileRow {
  int wide;
  Tile<T> full_wide, full_two, full_one, partial_two, partial_one;
};

constexpr int wide_of(int rows) {
  return rows == 1 ? 8 : rows <= 3 ? 4 : 2;
}

template <class T, int kRows, bool kUnit>
constexpr TileRow<T> tile_row() {
  constexpr int kWide = wide_of(kRows);
  return {kWide,
          tile<T, kRows, kWide, false, false, kUnit>,
          tile<T, kRows, 2, false, false, kUnit>,
          tile<T, kRows, 1, false, false, kUnit>,
          tile<T, kRows, 2, true, false, kUnit>,
          tile<T, kRows, 1, true, false, kUnit>};
}

/// The tiles that read padded panels of b.
template <class T, int kRows, bool kUnit>
constexpr TileRow<T> padded_row() {
  return {2,
          nullptr,
          tile<T, kRows, 2, false, true, kUnit>,
          tile<T, kRows, 1, false, true, kUnit>,
          tile<T, kRows, 2, true, true, kUnit>,
          tile<T, kRows, 1, true, true, kUnit>};
}

template <class T, bool kUnit>
const TileRow<T>& tiles_of(long rows, bool padded) {
#if defined(__AVX512F__)
#define TATAMI_ROWS(row)                                          \
  row<T, 1, kUnit>(), row<T, 2, kUnit>(), row<T, 3, kUnit>(),     \
      row<T, 4, kUnit>(), row<T, 5, kUnit>(), row<T, 6, kUnit>(), \
      row<T, 7, kUnit>(), row<T, 8, kUnit>(), row<T, 9, kUnit>(), \
      row<T, 10, kUnit>(), row<T, 11, kUnit>(), row<T, 12, kUnit>()
#else
#define TATAMI_ROWS(row)                                      \
  row<T, 1, kUnit>(), row<T, 2, kUnit>(), row<T, 3, kUnit>(), \
      row<T, 4, kUnit>(), row<T, 5, kUnit>(), row<T, 6, kUnit>()
#endif
  static constexpr TileRow<T> table[2][kTileRows] = {{TATAMI_ROWS(tile_row)},
                                                     {TATAMI_ROWS(padded_row)}};
  return table[padded][rows - 1];
}

template <class T>
const TileRow<T>& tiles_of(const TileArguments<T>& t, long rows, bool padded) {
  return t.a_row == 1 ? tiles_of<T, true>(rows, padded)
                      : tiles_of<T, false>(rows, padded);
}

/// One tile of at most kTileWidth columns.
template <class T>
void run_tile(TileArguments<T>& t, const TileRow<T>& tiles, long columns) {
  constexpr long kLength = kLanes<T>;
  if (columns == 2 * kLength) return tiles.full_two(t);
  if (columns == kLength) return tiles.full_one(t);
  t.last_lanes = columns % kLength;
  columns > kLength ? tiles.partial_two(t) : tiles.partial_one(t);
}

/// Walk a band of rows across the columns of b.
template <class T>
void tile_band(TileArguments<T> t, const TileRow<T>& tiles, long columns) {
  const long wide = tiles.wide * kLanes<T>, two = kTileWidth<T>;
  for (; columns >= wide; columns -= wide, t.move(wide)) tiles.full_wide(t);
  for (; columns >= two; columns -= two, t.move(two)) tiles.full_two(t);
  if (columns > 0) run_tile(t, tiles, columns);
}

}  // namespace
}  // namespace tatami::TATAMI_ISA
