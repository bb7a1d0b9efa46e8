// peak.cpp: what a core can do at most, to compare kernels with.
#include "../simd.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

/// Multiply and add in registers only; returns the operations done. Enough sums
/// to hide the latency of each.
template <class T>
double multiply_add(long repeats, T* out) {
  constexpr int kSums = 12;
  Vector<T> total[kSums];
  // Unrolled, or the compiler keeps the sums in memory and measures that.
#pragma GCC unroll 12
  for (int i = 0; i < kSums; ++i) total[i] = splat(T(i));
  Vector<T> factor = splat(T(0.5)), addend = splat(T(1));
  for (long repeat = 0; repeat < repeats; ++repeat)
#pragma GCC unroll 12
    for (int i = 0; i < kSums; ++i) {
      keep(total[i]);
      total[i] = total[i] * factor + addend;
    }
  Vector<T> sum{};
#pragma GCC unroll 12
  for (int i = 0; i < kSums; ++i) sum += total[i];
  store(out, sum);
  return 2.0 * double(repeats) * kSums * kLanes<T>;
}

}  // namespace

void fill_peak(KernelTable& table) {
  table.float32.multiply_add = multiply_add<float>;
  table.float64.multiply_add = multiply_add<double>;
}

}  // namespace tatami::TATAMI_ISA
