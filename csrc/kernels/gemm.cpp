// gemm.cpp: matrix products, small ones first: nothing is packed that can be
// read as it lies.
//
// Two inner tiles. `tile` holds rows x vectors of the output and walks down a
// and b: it wants the rows of b contiguous. `dot_tile` holds one vector for
// each output and walks along rows of a and of b: it wants a and the transpose
// of b contiguous (a linear layer).
#include "../parallel.h"
#include "../simd.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

constexpr bool kManyRegisters = kRegisters >= 32;

/// Rows of a tile two vectors wide: as many sums as the registers hold.
constexpr int kTileRows = kManyRegisters ? 12 : 6;
/// Depth of a tile: the panel of a stays in the first-level cache.
constexpr long kDepth = 512;
constexpr int kDotRows = kManyRegisters ? 6 : 3;
constexpr int kDotColumns = 4;
/// Multiply-adds in a nanosecond, roughly: for the choice of threads only.
template <class T>
constexpr double kRate = 4.0 * kLanes<T>;

template <class T>
using Product = MatrixProduct<T>;

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
};

template <class T>
T finished(const Finish<T>& finish, T value, const T* out, long place,
           long column) {
  value *= finish.alpha;
  if (finish.bias) value += finish.bias[column];
  if (finish.accumulate) value += *out;
  if (finish.relu && value < 0) value = 0;
  return finish.mask && finish.mask[place] <= 0 ? T(0) : value;
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
};

template <class T>
Vector<T> load_last(const T* source, bool last, long lanes) {
  return last ? load_partial(source, lanes) : load(source);
}

/// kUnit says that the rows of a are neighbours (a_row is 1).
template <class T, int kRows, int kVectors, bool kPartial, bool kUnit>
void tile(const TileArguments<T>& t) {
  constexpr long kLength = kLanes<T>;
  Vector<T> total[kRows][kVectors] = {};
  const T* a = t.a;
  const T* b = t.b;
  const long a_row = kUnit ? 1 : t.a_row;
  for (long k = 0; k < t.depth; ++k, a += t.a_column, b += t.b_row) {
    Vector<T> row[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      row[v] = load_last(b + v * kLength, kPartial && v == kVectors - 1,
                         t.last_lanes);
      keep(row[v]);
    }
    for (int r = 0; r < kRows; ++r) {
      Vector<T> factor = splat(a[r * a_row]);
      for (int v = 0; v < kVectors; ++v) total[r][v] += factor * row[v];
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      long place = r * t.out_row + v * kLength;
      bool last = kPartial && v == kVectors - 1;
      auto read = [&](const T* from) {
        return load_last(from, last, t.last_lanes);
      };
      Vector<T> value = t.finish.alpha * total[r][v], zero{};
      if (t.finish.bias) value += read(t.finish.bias + v * kLength);
      if (t.finish.accumulate) value += read(t.out + place);
      if (t.finish.relu) value = select(value < 0, zero, value);
      if (t.finish.mask)
        value = select(read(t.finish.mask + place) <= 0, zero, value);
      last ? store_partial(t.out + place, value, t.last_lanes)
           : store(t.out + place, value);
    }
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
  return rows == 1 ? 8 : rows <= 4 ? 4 : 2;
}

template <class T, int kRows, bool kUnit>
constexpr TileRow<T> tile_row() {
  constexpr int kWide = kManyRegisters || kRows < 3 ? wide_of(kRows) : 2;
  return {kWide,
          tile<T, kRows, kWide, false, kUnit>,
          tile<T, kRows, 2, false, kUnit>,
          tile<T, kRows, 1, false, kUnit>,
          tile<T, kRows, 2, true, kUnit>,
          tile<T, kRows, 1, true, kUnit>};
}

template <class T>
const TileRow<T>& unit_tiles(long rows) {
  static constexpr TileRow<T> table[] = {
      tile_row<T, 1, true>(),  tile_row<T, 2, true>(),  tile_row<T, 3, true>(),
      tile_row<T, 4, true>(),  tile_row<T, 5, true>(),  tile_row<T, 6, true>(),
#if defined(__AVX512F__)
      tile_row<T, 7, true>(),  tile_row<T, 8, true>(),  tile_row<T, 9, true>(),
      tile_row<T, 10, true>(), tile_row<T, 11, true>(), tile_row<T, 12, true>(),
#endif
  };
  return table[rows - 1];
}

constexpr long kFewRows = 4;

/// Tiles that read a where it lies: more rows need more pointers than there
/// are.
template <class T>
const TileRow<T>& strided_tiles(long rows) {
  static constexpr TileRow<T> table[] = {
      tile_row<T, 1, false>(), tile_row<T, 2, false>(), tile_row<T, 3, false>(),
      tile_row<T, 4, false>()};
  return table[rows - 1];
}

/// Walk a band of rows across the columns of b.
template <class T>
void tile_band(TileArguments<T> t, const TileRow<T>& tiles, long columns) {
  constexpr long kLength = kLanes<T>;
  auto advance = [&](long width) {
    t.b += width;
    t.out += width;
    t.finish.move(width, width);
    columns -= width;
  };
  for (; columns >= tiles.wide * kLength; advance(tiles.wide * kLength))
    tiles.full_wide(t);
  for (; columns >= 2 * kLength; advance(2 * kLength)) tiles.full_two(t);
  if (columns > kLength) {
    t.last_lanes = columns - kLength;
    tiles.partial_two(t);
  } else if (columns == kLength) {
    tiles.full_one(t);
  } else if (columns > 0) {
    t.last_lanes = columns;
    tiles.partial_one(t);
  }
}

/// Copy rows of a so that those of one depth are neighbours.
template <class T>
void pack_rows(const T* a, long a_row, long a_column, long rows, long depth,
               T* out) {
  for (long r = 0; r < rows; ++r)
    for (long k = 0; k < depth; ++k)
      out[k * rows + r] = a[r * a_row + k * a_column];
}

/// The output rows [begin, end), each band of about equal height.
template <class T>
void tile_rows(const Product<T>& p, long begin, long end) {
  long bands = (end - begin + kTileRows - 1) / kTileRows;
  T panel[kTileRows * kDepth];
  for (long start = 0; start < p.K || start == 0; start += kDepth) {
    long depth = smaller(kDepth, p.K - start);
    for (long band = 0, row = begin; band < bands; ++band) {
      long rows = (end - row + bands - band - 1) / (bands - band);
      const T* a = p.a + row * p.a_row + start * p.a_column;
      TileArguments<T> t{depth,
                         a,
                         p.a_row,
                         p.a_column,
                         p.b + start * p.b_row,
                         p.b_row,
                         p.out + row * p.out_row,
                         p.out_row,
                         0,
                         Finish<T>::of(p, start, start + depth >= p.K)};
      t.finish.move(row * p.out_row, 0);
      bool direct = p.a_row == 1 || rows <= kFewRows;
      if (!direct) {
        pack_rows(a, p.a_row, p.a_column, rows, depth, panel);
        t.a = panel;
        t.a_row = 1;
        t.a_column = rows;
      }
      const auto& tiles =
          t.a_row == 1 ? unit_tiles<T>(rows) : strided_tiles<T>(rows);
      tile_band(t, tiles, p.N);
      row += rows;
    }
  }
}

// The dot tile.

template <class T, int kRows, int kColumns>
void dot_tile(const Product<T>& p, long row, long column) {
  constexpr long kLength = kLanes<T>;
  const T* a = p.a + row * p.a_row;
  const T* b = p.b + column * p.b_column;
  Vector<T> total[kRows][kColumns] = {};
  auto step = [&](long k, long lanes) {
    Vector<T> left[kRows];
    for (int r = 0; r < kRows; ++r) {
      left[r] = load(a + r * p.a_row + k, lanes);
      keep(left[r]);
    }
    for (int c = 0; c < kColumns; ++c) {
      Vector<T> right = load(b + c * p.b_column + k, lanes);
      keep(right);
      for (int r = 0; r < kRows; ++r) total[r][c] += left[r] * right;
    }
  };
  long k = 0;
  for (; k + kLength <= p.K; k += kLength) step(k, kLength);
  if (k < p.K) step(k, p.K - k);
  auto finish = Finish<T>::of(p, 0, true);
  for (int r = 0; r < kRows; ++r)
    for (int c = 0; c < kColumns; ++c) {
      long place = (row + r) * p.out_row + column + c;
      p.out[place] = finished(finish, sum_lanes<T>(total[r][c]), p.out + place,
                              place, column + c);
    }
}

template <class T, int kRows>
void dot_band(const Product<T>& p, long row, long begin, long end) {
  long column = begin;
  for (; column + kDotColumns <= end; column += kDotColumns)
    dot_tile<T, kRows, kDotColumns>(p, row, column);
  for (; column < end; ++column) dot_tile<T, kRows, 1>(p, row, column);
}

template <class T>
void dot_rows(const Product<T>& p, long rows, long row, long begin, long end) {
  switch (rows) {
    case 1:
      return dot_band<T, 1>(p, row, begin, end);
    case 2:
      return dot_band<T, 2>(p, row, begin, end);
    case 3:
      return dot_band<T, 3>(p, row, begin, end);
#if defined(__AVX512F__)
    case 4:
      return dot_band<T, 4>(p, row, begin, end);
    case 5:
      return dot_band<T, 5>(p, row, begin, end);
    case 6:
      return dot_band<T, 6>(p, row, begin, end);
#endif
  }
}

/// The output columns [begin, end), in blocks of b that stay in the cache.
template <class T>
void dot_columns(const Product<T>& p, long begin, long end) {
  long block = larger(kDotColumns, (256 * 1024) / (p.K * sizeof(T) + 1));
  for (; begin < end; begin += block) {
    long stop = smaller(end, begin + block);
    long bands = (p.M + kDotRows - 1) / kDotRows;
    for (long band = 0, row = 0; band < bands; ++band) {
      long rows = (p.M - row + bands - band - 1) / (bands - band);
      dot_rows(p, rows, row, begin, stop);
      row += rows;
    }
  }
}

// The choice.

/// Copy the columns of b, which lie apart, into rows.
template <class T>
Product<T> with_packed_b(Product<T> p) {
  T* packed = scratch_of<T>(0, p.K * p.N);
  constexpr long kBlock = 16;
  for (long j = 0; j < p.N; j += kBlock)
    for (long k = 0; k < p.K; ++k)
      for (long i = j; i < smaller(j + kBlock, p.N); ++i)
        packed[k * p.N + i] = p.b[k * p.b_row + i * p.b_column];
  p.b = packed;
  p.b_row = p.N;
  p.b_column = 1;
  return p;
}

template <class T>
Product<T> columns_of(Product<T> p, long begin, long end) {
  p.b += begin * p.b_column;
  p.out += begin;
  if (p.bias) p.bias += begin;
  if (p.mask) p.mask += begin;
  p.N = end - begin;
  return p;
}

template <class T>
void matmul_dot(const Product<T>& p) {
  double column_ns = double(p.M) * double(p.K) / kRate<T>;
  long groups = (p.N + kDotColumns - 1) / kDotColumns;
  parallel_for(groups, column_ns * kDotColumns, [&](long begin, long end) {
    dot_columns(p, begin * kDotColumns, smaller(p.N, end * kDotColumns));
  });
}

template <class T>
void matmul_tiles(const Product<T>& p) {
  double row_ns = double(p.N) * double(p.K) / kRate<T>;
  constexpr long kStrip = 4 * kLanes<T>;
  long bands = (p.M + kTileRows - 1) / kTileRows;
  long strips = (p.N + kStrip - 1) / kStrip;
  if (bands >= 4 || bands >= strips) {
    parallel_for(bands, row_ns * kTileRows, [&](long begin, long end) {
      tile_rows(p, begin * kTileRows, smaller(p.M, end * kTileRows));
    });
  } else {
    double strip_ns = row_ns * double(p.M) / double(strips);
    parallel_for(strips, strip_ns, [&](long begin, long end) {
      tile_rows(columns_of(p, begin * kStrip, smaller(p.N, end * kStrip)), 0,
                p.M);
    });
  }
}

template <class T>
void matmul(const Product<T>& p) {
  if (p.M == 0 || p.N == 0) return;
  if (p.b_column == 1)
    matmul_tiles(p);
  else if (p.b_row == 1 && p.a_column == 1 && p.K >= kLanes<T>)
    matmul_dot(p);
  else
    matmul_tiles(with_packed_b(p));
}

}  // namespace

void fill_gemm(KernelTable& table) {
  table.float32.matmul = matmul<float>;
  table.float64.matmul = matmul<double>;
}

}  // namespace tatami::TATAMI_ISA
