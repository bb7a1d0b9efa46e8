// few.h: the sum over a depth of a few, the same bits for whoever forms it.
#pragma once

#include "../simd.h"

namespace tatami::TATAMI_ISA {

/// The vector at b of the sum over k of factor[k] * row k.
template <class T, int kFew>
inline Vector<T> sum_of_few(const Vector<T> (&factor)[kFew], const T* b,
                            long b_row, long lanes) {
  Vector<T> total = factor[0] * load(b, lanes);
#pragma GCC unroll 4
  for (int k = 1; k < kFew; ++k)
    total = multiply_add(factor[k], load(b + k * b_row, lanes), total);
  return total;
}

}  // namespace tatami::TATAMI_ISA
