// largest.h: the largest element of a window of a pooling.
#pragma once

#include "../simd.h"

namespace tatami::TATAMI_ISA {

template <class T>
struct Largest {
  T value;
  long tap;
};

/// Of a window whose rows are `row` apart: the first of several maxima, and NaN
/// is larger than everything, the last one counting.
template <class T>
inline Largest<T> largest_of(const T* window, long row, const long* pool) {
  Largest<T> best{window[0], 0};
  for (long y = 0, tap = 0; y < pool[0]; ++y)
    for (long x = 0; x < pool[1]; ++x, ++tap) {
      T value = window[y * row + x];
      bool better = (value > best.value) | (value != value);
      best.value = better ? value : best.value;
      best.tap = better ? tap : best.tap;
    }
  return best;
}

}  // namespace tatami::TATAMI_ISA
