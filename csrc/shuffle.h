// shuffle.h: lanes of vectors in another order.
#pragma once

#include <utility>

#include "simd.h"

namespace tatami::TATAMI_ISA {

// Which lane of two vectors, b after a, is taken for lane i says a Choice.

template <class T, class Choice, int... kLane>
inline Vector<T> shuffle(Vector<T> a, Vector<T> b,
                         std::integer_sequence<int, kLane...>) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, Choice::lane(kLane)...);
#else
  return __builtin_shuffle(a, b, Mask<T>{Choice::lane(kLane)...});
#endif
}

template <class T, class Choice>
inline Vector<T> shuffle(Vector<T> a, Vector<T> b) {
  return shuffle<T, Choice>(a, b, std::make_integer_sequence<int, kLanes<T>>());
}

/// One half of each 16 bytes of a and of b, their lanes in turn.
template <class T, int kHalf>
struct Interleave {
  static constexpr int kQuarter = 16 / sizeof(T);
  static constexpr int lane(int i) {
    int place = i % kQuarter;
    return i - place + kHalf * kQuarter / 2 + place / 2 +
           (place % 2 ? kLanes<T> : 0);
  }
};

/// The even (or odd) blocks of kBlock lanes of a and of b, in turn.
template <class T, int kBlock, int kOdd>
struct Exchange {
  static constexpr int lane(int i) {
    bool second = i / kBlock % 2;
    return (i & ~kBlock) + kOdd * kBlock + (second ? kLanes<T> : 0);
  }
};

/// Every second lane of a and then b, the first of them first.
template <class T, int kFirst>
struct EverySecond {
  static constexpr int lane(int i) { return 2 * i + kFirst; }
};

/// Replace the pairs of vectors that lie kStep apart.
template <class T, class Low, class High, int kStep>
inline void combine_pairs(Vector<T>* block) {
  for (int i = 0; i < kLanes<T>; ++i) {
    if (i & kStep) continue;
    Vector<T> low = shuffle<T, Low>(block[i], block[i + kStep]);
    block[i + kStep] = shuffle<T, High>(block[i], block[i + kStep]);
    block[i] = low;
  }
}

/// Lane j of vector i becomes lane i of vector j.
template <class T>
inline void transpose(Vector<T>* block) {
  constexpr int kQuarter = 16 / sizeof(T);
  using Low = Interleave<T, 0>;
  using High = Interleave<T, 1>;
  if constexpr (kQuarter == 4) combine_pairs<T, Low, High, 2>(block);
  combine_pairs<T, Low, High, 1>(block);
  if constexpr (kLanes<T> >= 2 * kQuarter)
    combine_pairs<T, Exchange<T, kQuarter, 0>, Exchange<T, kQuarter, 1>,
                  kQuarter>(block);
  if constexpr (kLanes<T> >= 4 * kQuarter)
    combine_pairs<T, Exchange<T, 2 * kQuarter, 0>, Exchange<T, 2 * kQuarter, 1>,
                  2 * kQuarter>(block);
}

}  // namespace tatami::TATAMI_ISA
