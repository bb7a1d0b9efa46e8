// vector_math.h: exp, log, tanh, sigmoid and erf, within 2 units in the last
// place.
//
// Single precision follows Cody and Waite 1980 (range reduction) and Moshier's
// Cephes (polynomials). Double precision, which only gradient checks use, calls
// the C library.
#pragma once

#include "simd.h"

namespace tatami::TATAMI_ISA {

using Floats = Vector<float>;
using Doubles = Vector<double>;
using Ints = Vector<int32_t>;

/// 2^n for -126 <= n <= 127.
inline Floats power_of_two(Ints n) {
  return (Floats)((n + 127) << 23);
}

inline Floats exponential(Floats x) {
  constexpr float kRound =
      12582912.0f;  // 1.5 * 2^23: adding it rounds to integer
  Floats bounded = select(x > 89.0f, splat(89.0f), x);
  bounded = select(bounded < -104.0f, splat(-104.0f), bounded);
  Floats shifted = bounded * 1.44269504088896341f + kRound;
  Ints n = (Ints)shifted - (Ints)splat(kRound);
  Floats whole = shifted - kRound;
  Floats r = bounded - whole * 0.693359375f;
  r = r - whole * -2.12194440e-4f;
  Floats p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r * r + r) + 1.0f;
  Ints half = n >> 1;
  p = p * power_of_two(half) * power_of_two(n - half);
  return select(x == x, p, x);
}

inline Floats logarithm(Floats x) {
  constexpr float kSmallest = 1.17549435e-38f;
  auto tiny = x < kSmallest;
  Floats scaled = select(tiny, x * 8388608.0f, x);
  Ints bits = (Ints)scaled;
  Ints exponent = ((bits >> 23) & 0xff) - 126 - (tiny & 23);
  Floats m = (Floats)((bits & 0x007fffff) | 0x3f000000);
  auto low = m < 0.707106781186547524f;
  exponent = exponent + low;  // true is -1
  m = select(low, m + m, m) - 1.0f;
  Floats e = __builtin_convertvector(exponent, Floats);
  Floats square = m * m;
  Floats p = splat(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  Floats result = m * square * p + e * -2.12194440e-4f;
  result = (result - 0.5f * square) + m + e * 0.693359375f;
  result = select(x == __builtin_inff(), x, result);
  result = select(x < 0.0f, splat(__builtin_nanf("")), result);
  result = select(x == 0.0f, splat(-__builtin_inff()), result);
  return select(x == x, result, x);
}

inline Floats hyperbolic_tangent(Floats x) {
  Floats size = select(x < 0.0f, -x, x);
  Floats square = x * x;
  Floats p = splat(-5.70498872745e-3f);
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  Floats near = p * square * x + x;
  Floats far = 1.0f - 2.0f / (exponential(size + size) + 1.0f);
  far = select(x < 0.0f, -far, far);
  Floats result = select(size < 0.625f, near, far);
  return select(x == x, result, x);
}

inline Doubles exponential(Doubles x) {
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_exp(x[i]);
  return x;
}

inline Doubles logarithm(Doubles x) {
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_log(x[i]);
  return x;
}

inline Doubles hyperbolic_tangent(Doubles x) {
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_tanh(x[i]);
  return x;
}

/// Within 2 units in the last place. Two polynomials, the far one in an
/// exponent.
inline Floats error_function(Floats x) {
  Floats size = select(x < 0.0f, -x, x);
  Floats square = x * x;
  Floats far = size * -1.72853470e-5f + 3.83197126e-4f;
  Floats next = size * -3.88396438e-3f + 2.42546219e-2f;
  far = far * square + next;
  far = far * size - 1.06777877e-1f;
  far = far * size - 6.34846687e-1f;
  far = far * size - 1.28717512e-1f;
  far = 1.0f - exponential(far * size - size);
  far = select(x < 0.0f, -far, far);
  Floats near = splat(-5.96761703e-4f);
  near = near * square + 4.99119423e-3f;
  near = near * square - 2.67681349e-2f;
  near = near * square + 1.12819925e-1f;
  near = near * square - 3.76125336e-1f;
  near = near * square + 1.28379166e-1f;
  near = near * x + x;
  // Beyond 10 the first polynomial is no use, and erf is 1.
  far = select(size > 10.0f, select(x < 0.0f, splat(-1.0f), splat(1.0f)), far);
  Floats result = select(size > 0.921875f, far, near);
  return select(x == x, result, x);
}

inline Doubles error_function(Doubles x) {
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_erf(x[i]);
  return x;
}

}  // namespace tatami::TATAMI_ISA
