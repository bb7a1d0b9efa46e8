// gemm.cpp: matrix products, small ones first: nothing is packed that is as
// fast to read where it lies.
//
// Two inner tiles. `tile` holds rows x vectors of the output and walks down a
// and b: it wants the rows of b contiguous. `dot_tile` holds one vector for
// each output and walks along rows of a and of b: it wants a and the transpose
// of b contiguous (a linear layer). Every element is summed in the same order
// whatever tile it falls into, so that the split among threads is free.
#include "../parallel.h"
#include "few.h"
#include "gemm_tile.h"

namespace tatami::TATAMI_ISA {
namespace {

// Blocks of tiles.

/// How rows are divided into bands of about equal height, kTileRows at most.
struct Bands {
  long rows, count;

  explicit Bands(long all) : rows(all), count(divide_up(all, kTileRows)) {}
  long begin(long band) const { return band * rows / count; }
  long height(long band) const { return begin(band + 1) - begin(band); }
};

template <class T>
TileArguments<T> arguments_at(const Product<T>& p, long row, long start,
                              long depth) {
  TileArguments<T> t{depth,
                     p.a + row * p.a_row + start * p.a_column,
                     p.a_row,
                     p.a_column,
                     p.b + start * p.b_row,
                     p.b_row,
                     p.out + row * p.out_row,
                     p.out_row,
                     0,
                     Finish<T>::of(p, start, start + depth >= p.K)};
  t.finish.move(row * p.out_row, 0);
  return t;
}

/// The depth is divided into equal parts of at most kDepth.
template <class T, class Body>
void for_each_depth(long K, const Body& body) {
  long parts = larger(1, divide_up(K, kDepth<T>));
  for (long part = 0; part < parts; ++part) {
    long start = part * K / parts;
    body(start, (part + 1) * K / parts - start);
  }
}

/// What of a block is copied before its tiles are computed.
struct Packing {
  bool a, b;
};

/// A block of all depths, rows of which share what was packed.
template <class T>
struct Block {
  const Product<T>& p;
  Packing packing;
  long start, depth, first;
  Bands bands;
  T* packed_a = nullptr;
  T* packed_b = nullptr;

  /// Rows [begin, end); what an earlier block packed stays.
  Block(const Product<T>& product, Packing what, long from, long deep,
        long begin, long end, long columns)
      : p(product),
        packing(what),
        start(from),
        depth(deep),
        first(begin),
        bands(end - begin) {
    if (packing.a)
      packed_a = scratch_of<T>(1, (kBlockRows + kTileRows) * kDepth<T>);
    if (packing.b)
      packed_b = scratch_of<T>(0, round_up(columns, kTileWidth<T>) * depth);
  }

  void pack_a() const {
    for (long band = 0; band < bands.count; ++band)
      pack_rows(
          p.a + (first + bands.begin(band)) * p.a_row + start * p.a_column,
          p.a_row, p.a_column, bands.height(band), depth,
          packed_a + bands.begin(band) * depth);
  }

  void pack_b(long column, long columns) const {
    constexpr long kWidth = kTileWidth<T>, kSome = kPanelsTogether * kWidth;
    long j = 0;
    for (; p.b_column == 1 && j + kSome <= columns; j += kSome)
      pack_panels<T, kPanelsTogether>(p.b + start * p.b_row + column + j,
                                      p.b_row, depth, packed_b + j * depth);
    for (; j < columns; j += kWidth)
      pack_columns(p.b + start * p.b_row + (column + j) * p.b_column, p.b_row,
                   p.b_column, smaller(kWidth, columns - j), depth,
                   packed_b + j * depth);
  }

  /// All bands, for one group of the packed panels after the other.
  void run(long column, long columns, long group) const {
    for (long done = 0; done < columns; done += group)
      for (long band = 0; band < bands.count; ++band)
        run_band(band, column + done, smaller(group, columns - done), done);
  }

  /// One band of rows across a group of panels, which begin at `packed`.
  void run_band(long band, long column, long columns, long packed) const {
    long rows = bands.height(band);
    auto t = arguments_at(p, first + bands.begin(band), start, depth);
    t.move(column);
    if (packing.a) {
      t.a = packed_a + bands.begin(band) * depth;
      t.a_row = 1;
      t.a_column = rows;
    }
    const auto& tiles = tiles_of(t, rows, packing.b);
    if (!packing.b) return tile_band(t, tiles, columns);
    t.b = packed_b + packed * depth;
    constexpr long kWidth = kTileWidth<T>;
    for (; columns > 0; columns -= kWidth) {
      run_tile(t, tiles, smaller(kWidth, columns));
      t.move(kWidth);
      t.b += kWidth * (depth - 1);
    }
  }
};

/// One group of panels of b after the other, each for all rows of a block. A
/// group fills most of the first-level cache: when the depth is small it is
/// wide, so that rows of the output are written in long pieces. Several blocks
/// of rows share panels packed once, many groups of them.
template <class T>
void sweep(const Product<T>& p, Packing packing, bool whole_rows) {
  const long blocks = packing.a ? divide_up(p.M, kBlockRows) : 1;
  for_each_depth<T>(p.K, [&](long start, long depth) {
    long group = kTileWidth<T> * (kDepth<T> / larger(1, depth));
    if (whole_rows) group = p.N;
    const long chunk = group * (blocks > 1 ? kSharedGroups : kPanelsTogether);
    for (long first = 0; first < p.N; first += chunk) {
      const long columns = smaller(chunk, p.N - first);
      for (long i = 0; i < blocks; ++i) {
        Block<T> block(p, packing, start, depth, i * p.M / blocks,
                       (i + 1) * p.M / blocks, columns);
        if (i == 0 && packing.b) block.pack_b(first, columns);
        if (packing.a && (first == 0 || blocks > 1)) block.pack_a();
        block.run(first, columns, group);
      }
    }
  });
}

/// A depth of a few: rows of the output are written from end to end.
template <class T, int kFew, bool kMasks>
void sum_few(const Product<T>& given) {
  const Product<T> p = given;  // which no store can change
  for (long i = 0; i < p.M; ++i) {
    T* const out = p.out + i * p.out_row;
    const T* const mask = kMasks ? p.mask + i * p.out_row : nullptr;
    Vector<T> factor[kFew];
#pragma GCC unroll 4
    for (int k = 0; k < kFew; ++k)
      factor[k] = splat(p.alpha * p.a[i * p.a_row + k * p.a_column]);
    for_each_vector<T>(p.N, [&](long j, long lanes) {
      Vector<T> total = sum_of_few<T>(factor, p.b + j, p.b_row, lanes);
      if (kMasks)
        total = select(load(mask + j, lanes) <= 0, Vector<T>{}, total);
      store(out + j, total, lanes);
    });
  }
}

template <class T, int kFew>
void sum_few(const Product<T>& p) {
  p.mask ? sum_few<T, kFew, true>(p) : sum_few<T, kFew, false>(p);
}

template <class T>
void sum_few(const Product<T>& p) {
  switch (p.K) {
    case 1:
      return sum_few<T, 1>(p);
    case 2:
      return sum_few<T, 2>(p);
    case 3:
      return sum_few<T, 3>(p);
    case 4:
      return sum_few<T, 4>(p);
  }
}

/// One row, from a few rows of b at a time, so that they are read from end to
/// end. Does not accumulate.
template <class T>
void sum_row(const Product<T>& p) {
  constexpr long kBlock = 8192 / sizeof(T), kFew = 4;
  for (long begin = 0; begin < p.N; begin += kBlock) {
    const long columns = smaller(kBlock, p.N - begin);
    T* out = p.out + begin;
    for (long start = 0; start < p.K; start += kFew) {
      const long few = smaller(kFew, p.K - start);
      const T* a = p.a + start * p.a_column;
      const T* b = p.b + start * p.b_row + begin;
      for_each_vector<T>(columns, [&](long j, long lanes) {
        Vector<T> total{};
        if (start > 0) total = load(out + j, lanes);
        if (few == kFew) {
#pragma GCC unroll 4
          for (long k = 0; k < kFew; ++k)
            total +=
                splat(a[k * p.a_column]) * load(b + k * p.b_row + j, lanes);
        } else {
          for (long k = 0; k < few; ++k)
            total +=
                splat(a[k * p.a_column]) * load(b + k * p.b_row + j, lanes);
        }
        store(out + j, total, lanes);
      });
    }
    auto f = Finish<T>::of(p, 0, true);
    f.move(begin, begin);
    if (f.stores_sums()) continue;
    for_each_vector<T>(columns, [&](long j, long lanes) {
      Vector<T> total[1][1] = {{load(out + j, lanes)}};
      auto here = f;
      here.move(j, j);
      finish<T, 1, 1>(
          here, total, out + j, 0, 0,
          [&](const T* source, int) { return load(source, lanes); },
          [&](T* target, int, Vector<T> value) {
            store(target, value, lanes);
          });
    });
  }
}

// The dot tile. Tried: four vectors a turn (GCC spills), 1.3 times as slow for
// 64 x 576 x 120; to prefetch the columns of one row, 1.1 times as slow.

template <class T, int kRows, int kColumns>
void dot_tile(const Product<T>& p, long row, long column, long start,
              long depth) {
  constexpr long kLength = kLanes<T>;
  constexpr int kQuads = (kColumns + 3) / 4;
  const T* a = p.a + row * p.a_row + start;
  const T* b = p.b + column * p.b_column + start;
  Vector<T> total[kRows][4 * kQuads] = {};
  auto add = [&](auto read) {
    constexpr int kFewer = kRows <= kColumns ? kRows : kColumns;
    constexpr int kMore = kRows <= kColumns ? kColumns : kRows;
    const long few_step = kRows <= kColumns ? p.a_row : p.b_column;
    const long more_step = kRows <= kColumns ? p.b_column : p.a_row;
    const T* few = kRows <= kColumns ? a : b;
    const T* more = kRows <= kColumns ? b : a;
    Vector<T> held[kFewer];
#pragma GCC unroll 16
    for (int i = 0; i < kFewer; ++i) {
      Vector<T> value = read(few + i * few_step);
      keep(value);
      held[i] = value;
    }
#pragma GCC unroll 16
    for (int k = 0; k < kMore; ++k) {
      Vector<T> other = read(more + k * more_step);
      keep(other);
#pragma GCC unroll 16
      for (int i = 0; i < kFewer; ++i)
        if constexpr (kRows <= kColumns)
          total[i][k] += held[i] * other;
        else
          total[k][i] += held[i] * other;
    }
  };
  long rest = depth;
  for (; rest >= kLength; rest -= kLength, a += kLength, b += kLength)
    add([](const T* source) { return load(source); });
  if (rest > 0)
    add([&](const T* source) { return load_partial(source, rest); });
  Quad<T> sums[kRows][kQuads];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 16
    for (int q = 0; q < kQuads; ++q)
      sums[r][q] =
          sum_lanes_of_four<T>(total[r][4 * q], total[r][4 * q + 1],
                               total[r][4 * q + 2], total[r][4 * q + 3]);
  auto f = Finish<T>::of(p, start, start + depth >= p.K);
  long place = row * p.out_row + column;
  f.move(place, column);
  constexpr int kLast = kColumns - 4 * (kQuads - 1);
  finish<T, kRows, kQuads>(
      f, sums, p.out + place, p.out_row, 4,
      [](const T* source, int q) {
        Quad<T> value{};
        if (kLast == 4 || q < kQuads - 1)
          __builtin_memcpy(&value, source, sizeof value);
        else
#pragma GCC unroll 4
          for (int i = 0; i < kLast; ++i) value[i] = source[i];
        return value;
      },
      [](T* target, int q, Quad<T> value) {
        if (kLast == 4 || q < kQuads - 1)
          __builtin_memcpy(target, &value, sizeof value);
        else
#pragma GCC unroll 4
          for (int i = 0; i < kLast; ++i) target[i] = value[i];
      });
}

/// Columns of a dot tile of so many rows. 4 x 576 x 120 takes 1.1 times as long
/// with tiles of two rows and four columns.
constexpr int dot_columns_of(long rows) {
  if (rows == 1) return 8;
  if (kManyRegisters) return 4;
  return rows == 2 ? 6 : rows == 3 ? 4 : 3;
}

template <class T, int kRows>
void dot_band(const Product<T>& p, long row, long begin, long end, long start,
              long depth) {
  constexpr int kWide = dot_columns_of(kRows);
  long column = begin;
  for (; column + kWide <= end; column += kWide)
    dot_tile<T, kRows, kWide>(p, row, column, start, depth);
  if (kWide > 4 && column + 4 <= end) {
    dot_tile<T, kRows, 4>(p, row, column, start, depth);
    column += 4;
  }
  switch (end - column) {
    case 1:
      return dot_tile<T, kRows, 1>(p, row, column, start, depth);
    case 2:
      return dot_tile<T, kRows, 2>(p, row, column, start, depth);
    case 3:
      return dot_tile<T, kRows, 3>(p, row, column, start, depth);
  }
}

template <class T>
void dot_rows(const Product<T>& p, long rows, long row, long begin, long end,
              long start, long depth) {
  switch (rows) {
    case 1:
      return dot_band<T, 1>(p, row, begin, end, start, depth);
    case 2:
      return dot_band<T, 2>(p, row, begin, end, start, depth);
    case 3:
      return dot_band<T, 3>(p, row, begin, end, start, depth);
    case 4:
      return dot_band<T, 4>(p, row, begin, end, start, depth);
#if defined(__AVX512F__)
    case 5:
      return dot_band<T, 5>(p, row, begin, end, start, depth);
    case 6:
      return dot_band<T, 6>(p, row, begin, end, start, depth);
#endif
  }
}

/// The output columns [begin, end): a few of them, whose rows of b stay in the
/// first-level cache, for all rows of a.
template <class T>
void dot_columns(const Product<T>& p, long begin, long end) {
  long bands = divide_up(p.M, kDotRows);
  long deepest = bands > 1 ? 4096 / long{sizeof(T)} : p.K;
  for (long start = 0; start < p.K; start += deepest) {
    long depth = smaller(deepest, p.K - start);
    long wide = dot_columns_of(divide_up(p.M, bands));
    long fitting = 16384 / (depth * long{sizeof(T)});
    long block = larger(1, (fitting + wide / 2) / wide) * wide;
    if (bands == 1) block = end - begin;
    for (long column = begin; column < end; column += block)
      for (long band = 0; band < bands; ++band) {
        long row = band * p.M / bands;
        dot_rows(p, (band + 1) * p.M / bands - row, row, column,
                 smaller(end, column + block), start, depth);
      }
  }
}

// The choice.

template <class T>
Product<T> part_of(Product<T> p, long row, long rows, long column,
                   long columns) {
  p.a += row * p.a_row;
  p.b += column * p.b_column;
  long place = row * p.out_row + column;
  p.out += place;
  if (p.bias) p.bias += column;
  if (p.mask) p.mask += place;
  p.M = rows;
  p.N = columns;
  return p;
}

template <class T>
void matmul_dot(const Product<T>& p) {
  double column_ns = double(p.M) * double(p.K) / kRate<T>;
  parallel_for(divide_up(p.N, 8), column_ns * 8, [&](long begin, long end) {
    dot_columns(p, begin * 8, smaller(p.N, end * 8));
  });
}

/// One thread's part.
template <class T>
void matmul_block(const Product<T>& p) {
  bool unit = p.b_column == 1;
  if (unit && p.K > 0 && p.K <= 4 && Finish<T>::of(p, 0, true).only_masks())
    return sum_few(p);
  long bytes = p.K * p.N * long{sizeof(T)};
  if (unit && (p.M <= kTileRows || bytes <= 24 * 1024))
    return sweep(p, {false, false}, true);
  // Rows of a that lie apart can be read in place; rows that are neighbours
  // lead from one line of the cache to the next.
  long few_columns = (p.a_row == 1 ? 2 : 8) * kTileWidth<T>;
  sweep(p, {p.N > few_columns, !unit || p.M > 4 * kTileRows}, false);
}

/// The part of [0, count) steps that a piece of a few pieces begins with.
struct Pieces {
  long length, step, count;

  Pieces(long all, long step_length) : length(all), step(step_length) {
    long steps = divide_up(all, step);
    count = thread_count() > 1 ? smaller(steps, 3L * thread_count()) : 1;
  }
  long begin(long piece) const {
    return smaller(length, piece * divide_up(length, step) / count * step);
  }
};

/// Every piece packs what it needs, so pieces are few.
template <class T>
void matmul_tiles(const Product<T>& p) {
  double ns = double(p.M) * double(p.N) * double(p.K) / kRate<T>;
  if (p.M >= p.N) {
    Pieces pieces(p.M, kTileRows);
    parallel_for(pieces.count, ns / double(pieces.count),
                 [&](long begin, long end) {
                   long row = pieces.begin(begin);
                   long rows = pieces.begin(end) - row;
                   matmul_block(part_of(p, row, rows, 0, p.N));
                 });
  } else {
    Pieces pieces(p.N, kTileWidth<T>);
    parallel_for(pieces.count, ns / double(pieces.count),
                 [&](long begin, long end) {
                   long column = pieces.begin(begin);
                   long columns = pieces.begin(end) - column;
                   matmul_block(part_of(p, 0, p.M, column, columns));
                 });
  }
}

/// One row times a wide matrix, whose rows are read from end to end.
template <class T>
void matmul_row(const Product<T>& p) {
  constexpr long kStep = 64 * kLanes<T>;
  double step_ns = double(kStep) * double(p.K) / kRate<T>;
  parallel_for(divide_up(p.N, kStep), step_ns, [&](long begin, long end) {
    long column = begin * kStep;
    sum_row(part_of(p, 0, 1, column, smaller(p.N, end * kStep) - column));
  });
}

/// Whether a and the transpose of b, whose rows are contiguous, are better
/// read in place than packed; measured on Zen 3 with depths from 16 to 9216.
/// Packed, 64 x 512 x 512 takes 0.9 to 1 of the time, 64 x 784 x 128 takes 1.1.
template <class T>
bool prefers_dot(const Product<T>& p) {
  if (p.K < kLanes<T> || p.b_row != 1 || p.a_column != 1) return false;
  if (p.N <= 12 && p.K >= 64) return true;
  return p.M <= smaller(p.K / 4, p.K > 2048 || p.N >= 256 ? 40 : 128);
}

template <class T>
void matmul(const Product<T>& p) {
  if (p.M == 0 || p.N == 0) return;
  bool wide = p.b_column == 1 && p.N >= 2048;
  if (p.M == 1 && wide && p.K > 4 && !p.accumulate) return matmul_row(p);
  prefers_dot(p) ? matmul_dot(p) : matmul_tiles(p);
}

}  // namespace

void fill_gemm(KernelTable& table) {
  table.float32.matmul = matmul<float>;
  table.float64.matmul = matmul<double>;
}

}  // namespace tatami::TATAMI_ISA
