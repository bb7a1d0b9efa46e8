// conv_pool_visit.h: visits of the positions that have a gradient.
#pragma once

#include "blocks.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

template <class T>
using Integer = typename IntegerOf<T>::type;

/// The live positions of all output channels, one channel behind the other:
/// gradients, and where their windows of the input begin.
template <class T>
struct Live {
  const T* values;
  const Integer<T>* places;
  const long* bounds;  // channel o has [bounds[o], bounds[o + 1])
  long channels;
};

// Tiles: a part of the kernel, kRows x kColumns vectors. The columns lie one
// behind the other, the rows are `row` apart in a sheet and `kernel_row` in the
// kernel.

template <class T>
struct Visit {
  Live<T> live;
  long row, kernel_row;
  long kernel;  // from one output channel to the next
  const T* sheet;
  T* sums;  // of the kernels
  T* bias;  // its sums; null if another tile does them
  const T* weight;
  T* image;  // the gradient of the sheet
};

/// Hold an address in a register: GCC otherwise computes each from scratch.
template <class P>
inline void hold(P*& pointer) {
  asm("" : "+r"(pointer));
}

/// sums += gradient * window, over all live positions. V is a vector that holds
/// the columns of the kernel.
template <class T, class V, int kRows, int kColumns>
void gather(const Visit<T>& visit) {
  auto load = [](const T* source) {
    V value;
    __builtin_memcpy(&value, source, sizeof value);
    return value;
  };
  constexpr int kSums = kRows * kColumns;
  constexpr int kTurns = kSums > 4 ? 1 : kSums > 3 ? 2 : 4;
  const T* values = visit.live.values;
  const Integer<T>* places = visit.live.places;
  const T* sheet = visit.sheet;
  const long row = visit.row;
  for (long o = 0; o < visit.live.channels; ++o) {
    T* sums = visit.sums + o * visit.kernel;
    V total[kTurns][kSums], bias[kTurns];
    TATAMI_UNROLL
    for (int turn = 0; turn < kTurns; ++turn) {
      bias[turn] = V{};
      TATAMI_UNROLL
      for (int k = 0; k < kSums; ++k) total[turn][k] = V{};
    }
    auto add = [&](long i, int turn) {
      const V gradient = values[i] - V{};
      const T* window = sheet + places[i];
      bias[turn] += gradient;
      TATAMI_UNROLL
      for (int k = 0; k < kSums; ++k)
        total[turn][k] += gradient * load(window + k / kColumns * row +
                                          k % kColumns * kLanes<T>);
    };
    long i = visit.live.bounds[o];
    const long end = visit.live.bounds[o + 1];
    for (; i + kTurns <= end; i += kTurns) {
      TATAMI_UNROLL
      for (int turn = 0; turn < kTurns; ++turn) add(i + turn, turn);
    }
    for (; i < end; ++i) add(i, 0);
    TATAMI_UNROLL
    for (int turn = 1; turn < kTurns; ++turn) {
      bias[0] += bias[turn];
      TATAMI_UNROLL
      for (int k = 0; k < kSums; ++k) total[0][k] += total[turn][k];
    }
    TATAMI_UNROLL
    for (int k = 0; k < kSums; ++k) {
      T* sum =
          sums + k / kColumns * visit.kernel_row + k % kColumns * kLanes<T>;
      const V value = load(sum) + total[0][k];
      __builtin_memcpy(sum, &value, sizeof value);
    }
    if (visit.bias) visit.bias[o] += bias[0][0];
  }
}

/// The same, and window of the image += gradient * weight.
template <class T, int kRows, int kColumns>
void exchange(const Visit<T>& visit) {
  constexpr int kSums = kRows * kColumns;
  const T* values = visit.live.values;
  const Integer<T>* places = visit.live.places;
  const T* sheet = visit.sheet;
  const long row = visit.row, image = visit.image - visit.sheet;
  for (long o = 0; o < visit.live.channels; ++o) {
    Vector<T> total[kSums], factor[kSums], bias{};
    TATAMI_UNROLL
    for (int k = 0; k < kSums; ++k) {
      total[k] = Vector<T>{};
      factor[k] =
          load(visit.weight + o * visit.kernel +
               k / kColumns * visit.kernel_row + k % kColumns * kLanes<T>);
    }
    const long end = visit.live.bounds[o + 1];
    for (long i = visit.live.bounds[o]; i < end; ++i) {
      const Vector<T> gradient = splat(values[i]);
      const T* window = sheet + places[i];
      bias += gradient;
      TATAMI_UNROLL
      for (int y = 0; y < kRows; ++y, window += row) {
        T* target = const_cast<T*>(window) + image;
        hold(window);
        hold(target);
        TATAMI_UNROLL
        for (int x = 0; x < kColumns; ++x) {
          const int k = y * kColumns + x;
          total[k] += gradient * load(window + x * kLanes<T>);
          store(target + x * kLanes<T>,
                load(target + x * kLanes<T>) + gradient * factor[k]);
        }
      }
    }
    T* sums = visit.sums + o * visit.kernel;
    TATAMI_UNROLL
    for (int k = 0; k < kSums; ++k) {
      T* sum =
          sums + k / kColumns * visit.kernel_row + k % kColumns * kLanes<T>;
      store(sum, load(sum) + total[k]);
    }
    if (visit.bias) visit.bias[o] += bias[0];
  }
}

template <class T>
using Tile = void (*)(const Visit<T>&);

/// Vectors of 16 bytes are loaded faster than wider ones.
template <class T>
struct Narrow {
  typedef T type __attribute__((vector_size(16)));
};

enum class Kind { gather, gather_narrow, exchange };

template <class T, int kRows, int kColumns>
Tile<T> tile_of(Kind kind) {
  if (kind == Kind::exchange) return exchange<T, kRows, kColumns>;
  if constexpr (kColumns == 1)
    if (kind == Kind::gather_narrow)
      return gather<T, typename Narrow<T>::type, kRows, 1>;
  return gather<T, Vector<T>, kRows, kColumns>;
}

template <class T, int kRows>
Tile<T> tile_of(long columns, Kind kind) {
  switch (columns) {
    case 1:
      return tile_of<T, kRows, 1>(kind);
    case 2:
      return tile_of<T, kRows, 2>(kind);
    case 3:
      return tile_of<T, kRows, 3>(kind);
    default:
      return tile_of<T, kRows, 4>(kind);
  }
}

template <class T>
Tile<T> tile_of(long rows, long columns, Kind kind) {
  if (columns == 5)
    return rows == 1 ? tile_of<T, 1, 5>(kind) : tile_of<T, 2, 5>(kind);
  return rows == 1   ? tile_of<T, 1>(columns, kind)
         : rows == 2 ? tile_of<T, 2>(columns, kind)
                     : tile_of<T, 3>(columns, kind);
}

}  // namespace
}  // namespace tatami::TATAMI_ISA
