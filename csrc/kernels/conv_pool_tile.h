// conv_pool_tile.h: the windows of a pooling, summed and pooled in registers.
#pragma once

#include "blocks.h"
#include "fill.h"
#include "largest.h"

namespace tatami::TATAMI_ISA {
namespace {

/// Windows worked at together when lanes are channels, and channels worked at
/// together when lanes are windows: both make 12 sums, enough to hide the
/// latency of a multiplication and few enough for 16 registers.
constexpr long kTogether = 3;

/// Whether NaN may come up among the sums, and vectors may be partial: `safe`
/// knows what to do.
enum class Care { fast, safe };

/// The padded image of one sample, as it is read.
template <class T>
struct Sheet {
  const T* image;
  long row, channel;  // from one row or channel to the next
  Care care;
};

/// Where the taps of the kernel find their elements, in the order of the
/// weight.
struct Taps {
  const int32_t* offsets;
  long count;
};

// The winner of a window: its value, and which of the four taps it is. The
// first of several maxima counts, and NaN is larger than everything.

template <class T>
struct Winner {
  Vector<T> value;
  Mask<T> place;
};

/// None of the four is NaN.
template <class T>
inline Winner<T> quick_winner_of(const Vector<T> (&taps)[4]) {
  const Mask<T> upper_right = taps[1] > taps[0];
  const Mask<T> lower_right = taps[3] > taps[2];
  const Vector<T> upper = larger_lanes<T>(taps[0], taps[1]);
  const Vector<T> lower = larger_lanes<T>(taps[2], taps[3]);
  const Mask<T> below = lower > upper;
  const Mask<T> right = select(below, lower_right, upper_right);
  return {larger_lanes<T>(upper, lower), Mask<T>{} - (right + below + below)};
}

/// Of any four; of several NaN the last one counts.
template <class T>
inline Winner<T> careful_winner_of(const Vector<T> (&taps)[4]) {
  Winner<T> winner{taps[0], {}};
  for (int k = 1; k < 4; ++k) {
    Mask<T> better = (taps[k] > winner.value) | (taps[k] != taps[k]);
    winner.value = better ? taps[k] : winner.value;
    winner.place =
        better ? Mask<T>{} + typename IntegerOf<T>::type(k) : winner.place;
  }
  return winner;
}

/// Close what is not above `limit`, which is NaN if everything passes.
template <class T>
inline void finish(Winner<T>& winner, Vector<T> limit) {
  const Mask<T> closed = winner.value <= limit;
  winner.value = masked<T>(winner.value, ~closed);
  winner.place |= closed;
}

template <class T, Care kCare>
inline Winner<T> winner_of(const Vector<T> (&taps)[4]) {
  if constexpr (kCare == Care::fast)
    return quick_winner_of<T>(taps);
  else
    return careful_winner_of<T>(taps);
}

// Lanes are channels: the weight is packed with the channels of a block side by
// side, elements of the image are repeated in all lanes.

/// What is common to the windows of one block of channels.
template <class T>
struct Block {
  Taps taps;
  const T* image;
  long row;                // from one row of the image to the next
  const int32_t* windows;  // where each begins
  const T *weight, *bias;  // packed
  T limit;
  T* values;                            // windows x channels of a block
  typename IntegerOf<T>::type* places;  // the same; null if nobody asks
};

/// For each window kRows x 2 sums for kVectors of channels. The windows lie
/// anywhere.
template <class T, int kVectors, int kWindows, int kRows>
inline void sum_windows(const Block<T>& block,
                        const T* const (&windows)[kWindows],
                        Vector<T> (&total)[kWindows * kVectors][2 * kRows]) {
  TATAMI_UNROLL
  for (int i = 0; i < kWindows * kVectors; ++i) TATAMI_UNROLL
  for (int k = 0; k < 2 * kRows; ++k)
    total[i][k] = load(block.bias + i % kVectors * kLanes<T>);
  const T* weight = block.weight;
  for (long i = 0; i < block.taps.count; ++i, weight += kVectors * kLanes<T>) {
    const long offset = block.taps.offsets[i];
    Vector<T> factor[kVectors];
    TATAMI_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      factor[v] = load(weight + v * kLanes<T>);
      keep(factor[v]);
    }
    TATAMI_UNROLL
    for (int w = 0; w < kWindows; ++w) TATAMI_UNROLL
    for (int k = 0; k < 2 * kRows; ++k) {
      Vector<T> element = splat(windows[w][offset + k / 2 * block.row + k % 2]);
      TATAMI_UNROLL
      for (int v = 0; v < kVectors; ++v)
        total[w * kVectors + v][k] += element * factor[v];
    }
  }
}

template <class T, int kVectors, int kWindows, bool kCode, Care kCare>
inline void channel_tile(const Block<T>& block, long first) {
  constexpr int kCount = kWindows * kVectors;
  constexpr long kLength = kLanes<T>;
  const T* windows[kWindows];
  TATAMI_UNROLL
  for (int w = 0; w < kWindows; ++w)
    windows[w] = block.image + block.windows[first + w];
  Vector<T> total[kCount][4];
  if constexpr (kVectors == 1 || kRegisters >= 32) {
    sum_windows<T, kVectors, kWindows, 2>(block, windows, total);
  } else {
    Vector<T> line[kCount][2];
    for (int y = 0; y < 2; ++y) {
      sum_windows<T, kVectors, kWindows, 1>(block, windows, line);
      TATAMI_UNROLL
      for (int i = 0; i < kCount; ++i) TATAMI_UNROLL
      for (int k = 0; k < 2; ++k) total[i][2 * y + k] = line[i][k];
      TATAMI_UNROLL
      for (int w = 0; w < kWindows; ++w) windows[w] += block.row;
    }
  }
  const Vector<T> limit = splat(block.limit);
  T* values = block.values + first * kVectors * kLength;
  auto* places = block.places + first * kVectors * kLength;
  TATAMI_UNROLL
  for (int i = 0; i < kCount; ++i) {
    Winner<T> winner = winner_of<T, kCare>(total[i]);
    finish(winner, limit);
    store(values + i * kLength, winner.value);
    if constexpr (kCode)
      __builtin_memcpy(places + i * kLength, &winner.place, sizeof limit);
  }
}

template <class T, int kVectors, bool kCode, Care kCare>
void run_windows(const Block<T>& block, long count) {
  long first = 0;
  if (count < kTogether) {
    for (; first < count; ++first)
      channel_tile<T, kVectors, 1, kCode, kCare>(block, first);
    return;
  }
  for (; first < count; first += kTogether)
    channel_tile<T, kVectors, kTogether, kCode, kCare>(
        block, smaller(first, count - kTogether));
}

template <class T, Care kCare>
auto run_windows_of(long vectors, bool code) {
  if (vectors == 1)
    return code ? run_windows<T, 1, true, kCare>
                : run_windows<T, 1, false, kCare>;
  return code ? run_windows<T, 2, true, kCare>
              : run_windows<T, 2, false, kCare>;
}

// Lanes are windows: the columns of the image are sorted into even and odd
// ones, so that the first columns of neighbouring windows are neighbours.

template <class T>
inline void put(T* out, Vector<T> value, long lanes) {
  if (lanes == kLanes<T>) return store(out, value);
  for (long i = 0; i < lanes; ++i) out[i] = value[i];
}

template <class T>
inline void put_bytes(uint8_t* out, Mask<T> value, long lanes) {
  if (lanes == kLanes<T>) return store_bytes<T>(out, value);
  for (long i = 0; i < lanes; ++i) out[i] = static_cast<uint8_t>(value[i]);
}

/// The windows of some channels of one sample.
template <class T>
struct Lines {
  const int32_t* offsets;  // two for each tap: for both columns of a window
  long tap_count;
  const T* image;
  long row;  // from one row of the image to the next
  const T *weight, *bias;
  T limit;
  long rows, columns;  // of windows
  T* out;
  uint8_t* code;  // null if nobody asks
};

/// kChannels for a vector of windows, which begin at `image`.
template <class T, int kChannels, bool kCode, Care kCare>
[[gnu::always_inline]] inline void window_tile(const Lines<T>& lines,
                                               const T* image, long place,
                                               long lanes) {
  Vector<T> total[kChannels][4];
  TATAMI_UNROLL
  for (int o = 0; o < kChannels; ++o) TATAMI_UNROLL
  for (int k = 0; k < 4; ++k) total[o][k] = splat(lines.bias[o]);
  for (long i = 0; i < lines.tap_count; ++i) {
    Vector<T> factor[kChannels];
    TATAMI_UNROLL
    for (int o = 0; o < kChannels; ++o) {
      factor[o] = splat(lines.weight[o * lines.tap_count + i]);
      keep(factor[o]);
    }
    TATAMI_UNROLL
    for (int k = 0; k < 4; ++k) {
      Vector<T> window =
          load(image + lines.offsets[2 * i + k % 2] + k / 2 * lines.row);
      keep(window);
      TATAMI_UNROLL
      for (int o = 0; o < kChannels; ++o) total[o][k] += factor[o] * window;
    }
  }
  const Vector<T> limit = splat(lines.limit);
  const long step = lines.rows * lines.columns;
  TATAMI_UNROLL
  for (int o = 0; o < kChannels; ++o) {
    Winner<T> winner = winner_of<T, kCare>(total[o]);
    finish(winner, limit);
    const long here = place + o * step;
    put(lines.out + here, winner.value, lanes);
    if constexpr (kCode) put_bytes<T>(lines.code + here, winner.place, lanes);
  }
}

template <class T, int kChannels, bool kCode, Care kCare>
void run_lines(const Lines<T>& lines) {
  const T* image = lines.image;
  const long lanes =
      kCare == Care::fast ? kLanes<T> : smaller(kLanes<T>, lines.columns);
  for (long y = 0; y < lines.rows; ++y, image += 2 * lines.row)
    for (long x = 0; x < lines.columns; x += lanes) {
      const long start = smaller(x, lines.columns - lanes);
      window_tile<T, kChannels, kCode, kCare>(lines, image + start,
                                              y * lines.columns + start, lanes);
    }
}

template <class T, Care kCare>
auto run_lines_of(long channels, bool code) {
  if (channels == 1)
    return code ? run_lines<T, 1, true, kCare> : run_lines<T, 1, false, kCare>;
  if (channels == 2)
    return code ? run_lines<T, 2, true, kCare> : run_lines<T, 2, false, kCare>;
  return code ? run_lines<T, 3, true, kCare> : run_lines<T, 3, false, kCare>;
}

// Any windows: the rows of a window are computed for one channel, then pooled.

template <class T>
void sum_row(const Sheet<T>& sheet, const ConvolutionPool& shape,
             const T* image, const T* weight, T bias, T* out) {
  const long columns = shape.output[1] * shape.pool[1];
  for (long x = 0; x < columns; ++x) out[x] = bias;
  for (long c = 0; c < shape.C; ++c)
    for (long y = 0; y < shape.kernel[0]; ++y)
      for (long k = 0; k < shape.kernel[1]; ++k) {
        const T* source = image + c * sheet.channel + y * sheet.row + k;
        const T factor = *weight++;
        for (long x = 0; x < columns; ++x) out[x] += factor * source[x];
      }
}

template <class T>
void pool_row(const ConvolutionPool& shape, const T* rows, T limit, T* out,
              uint8_t* code) {
  const long pitch = shape.output[1] * shape.pool[1];
  for (long x = 0; x < shape.output[1]; ++x) {
    const T* window = rows + x * shape.pool[1];
    const Largest<T> best = largest_of(window, pitch, shape.pool);
    bool closed = best.value <= limit;
    out[x] = closed ? T(0) : best.value;
    if (code) code[x] = static_cast<uint8_t>(closed ? 255 : best.tap);
  }
}

}  // namespace
}  // namespace tatami::TATAMI_ISA
