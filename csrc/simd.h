// simd.h: one vector type per element type, as wide as the instruction set
// allows.
//
// This header is compiled once for each instruction set, inside a namespace of
// its own (TATAMI_ISA), so that the linker never mixes code for different
// machines.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace tatami::TATAMI_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kRegisters = 16;
#else
constexpr int kVectorBytes = 16;
constexpr int kRegisters = sizeof(void*) == 8 ? 16 : 8;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

/// The signed integer of the same size as T: what comparisons of T return.
template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  using type = int32_t;
};
template <>
struct IntegerOf<double> {
  using type = int64_t;
};
template <class T>
using Mask = Vector<typename IntegerOf<T>::type>;

template <class T>
constexpr int kLanes = kVectorBytes / sizeof(T);

constexpr long smaller(long a, long b) {
  return a < b ? a : b;
}
constexpr long larger(long a, long b) {
  return a > b ? a : b;
}
constexpr long round_up(long value, long step) {
  return (value + step - 1) / step * step;
}

template <class T>
inline Vector<T> load(const T* source) {
  Vector<T> result;
  __builtin_memcpy(&result, source, sizeof result);
  return result;
}

template <class T>
inline void store(T* target, Vector<T> value) {
  __builtin_memcpy(target, &value, sizeof value);
}

template <class T>
inline Vector<T> splat(T value) {
  return value - Vector<T>{};
}

/// Hold a value in a register: GCC otherwise reads it again for every use.
template <class V>
inline void keep(V& value) {
#if defined(__AVX512F__)
  asm("" : "+v"(value));
#elif defined(__SSE2__)
  asm("" : "+x"(value));
#elif defined(__ARM_NEON)
  asm("" : "+w"(value));
#endif
}

// The first `count` lanes, 0 < count < lanes; the others are zero.

template <class T>
inline Vector<T> load_partial(const T* source, long count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    auto mask = static_cast<__mmask16>((1u << count) - 1);
    return (Vector<T>)_mm512_maskz_loadu_ps(mask, source);
  } else {
    auto mask = static_cast<__mmask8>((1u << count) - 1);
    return (Vector<T>)_mm512_maskz_loadu_pd(mask, source);
  }
#else
  Vector<T> result{};
  for (long i = 0; i < count; ++i) result[i] = source[i];
  return result;
#endif
}

template <class T>
inline void store_partial(T* target, Vector<T> value, long count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    auto mask = static_cast<__mmask16>((1u << count) - 1);
    _mm512_mask_storeu_ps(target, mask, (__m512)value);
  } else {
    auto mask = static_cast<__mmask8>((1u << count) - 1);
    _mm512_mask_storeu_pd(target, mask, (__m512d)value);
  }
#else
  for (long i = 0; i < count; ++i) target[i] = value[i];
#endif
}

/// All ones in the first `count` lanes.
template <class T>
inline Mask<T> first_lanes(long count) {
  using Integer = typename IntegerOf<T>::type;
  Mask<T> lane;
  for (int i = 0; i < kLanes<T>; ++i) lane[i] = static_cast<Integer>(i);
  return lane < static_cast<Integer>(count);
}

/// A choice lane by lane; `mask` is the result of a comparison.
template <class V, class M>
inline V select(M mask, V yes, V no) {
  return mask ? yes : no;
}

template <class T>
inline Vector<T> masked(Vector<T> value, Mask<T> mask) {
  return (Vector<T>)((Mask<T>)value & mask);
}

// The sum of all lanes, always of the same pairs.

#if defined(__SSE2__)
inline float sum_quarter(__m128 x) {
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}
inline double sum_quarter(__m128d x) {
  return _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x)));
}
#endif
#if defined(__AVX2__)
inline float sum_half(__m256 x) {
  return sum_quarter(
      _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1)));
}
inline double sum_half(__m256d x) {
  return sum_quarter(
      _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1)));
}
#endif

template <class T>
inline T sum_lanes(Vector<T> value) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    auto x = (__m512)value;
    return sum_half(
        _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)));
  } else {
    auto x = (__m512d)value;
    return sum_half(
        _mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd(x, 1)));
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return sum_half((__m256)value);
  if constexpr (sizeof(T) == 8) return sum_half((__m256d)value);
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4) return sum_quarter((__m128)value);
  if constexpr (sizeof(T) == 8) return sum_quarter((__m128d)value);
#else
  for (int half = kLanes<T> / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) value[i] += value[i + half];
  return value[0];
#endif
}

inline Vector<float> square_root(Vector<float> x) {
#if defined(__AVX512F__)
  return (Vector<float>)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (Vector<float>)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (Vector<float>)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
  return (Vector<float>)vsqrtq_f32((float32x4_t)x);
#else
  for (int i = 0; i < kLanes<float>; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

inline Vector<double> square_root(Vector<double> x) {
#if defined(__AVX512F__)
  return (Vector<double>)_mm512_sqrt_pd((__m512d)x);
#elif defined(__AVX2__)
  return (Vector<double>)_mm256_sqrt_pd((__m256d)x);
#elif defined(__SSE2__)
  return (Vector<double>)_mm_sqrt_pd((__m128d)x);
#elif defined(__aarch64__)
  return (Vector<double>)vsqrtq_f64((float64x2_t)x);
#else
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_sqrt(x[i]);
  return x;
#endif
}

/// Run `body(place, lanes)` over [0, count); only the last call is partial.
template <class T, class Body>
inline void for_each_vector(long count, const Body& body) {
  long i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>) body(i, long{kLanes<T>});
  if (i < count) body(i, count - i);
}

template <class T>
inline Vector<T> load(const T* source, long count) {
  return count == kLanes<T> ? load(source) : load_partial(source, count);
}

template <class T>
inline void store(T* target, Vector<T> value, long count) {
  if (count == kLanes<T>)
    store(target, value);
  else
    store_partial(target, value, count);
}

}  // namespace tatami::TATAMI_ISA
