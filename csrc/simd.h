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
#include <type_traits>

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

/// a * b + c, rounded once where the machine can. GCC rounds once in most
/// places but not in all: this is for loops that must agree to the bit.
template <class V>
inline V multiply_add(V a, V b, V c) {
  constexpr bool kFloat = std::is_same_v<V, Vector<float>>;
  static_assert(kFloat || std::is_same_v<V, Vector<double>>);
#if defined(__AVX512F__)
  if constexpr (kFloat)
    return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
  else
    return (V)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__FMA__)
  if constexpr (kFloat)
    return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
  else
    return (V)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__aarch64__)
  if constexpr (kFloat)
    return (V)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
  else
    return (V)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
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

/// Unroll the loop that follows, so that arrays of vectors stay in registers.
#if defined(__clang__)
#define TATAMI_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TATAMI_UNROLL _Pragma("GCC unroll 32")
#endif

// The first `count` lanes, 0 < count < lanes; the others are zero.

#if defined(__AVX2__) && !defined(__AVX512F__)
/// A window into these, `count` before the middle, sets the first lanes.
alignas(64) inline constexpr int32_t kLanesSet[16] = {-1, -1, -1, -1, -1,
                                                      -1, -1, -1, 0};

inline __m256i lanes_set(long count) {
  return _mm256_loadu_si256((const __m256i*)(kLanesSet + 8 - count));
}
#endif

template <class T>
inline Vector<T> load_partial(const T* source, long count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    auto mask = static_cast<__mmask16>((1u << count) - 1);
    return (Vector<T>)_mm512_maskz_loadu_ps(mask, (const float*)source);
  } else {
    auto mask = static_cast<__mmask8>((1u << count) - 1);
    return (Vector<T>)_mm512_maskz_loadu_pd(mask, (const double*)source);
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm256_maskload_ps((const float*)source,
                                         lanes_set(count));
  else
    return (Vector<T>)_mm256_maskload_pd((const double*)source,
                                         lanes_set(2 * count));
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
    _mm512_mask_storeu_ps((float*)target, mask, (__m512)value);
  } else {
    auto mask = static_cast<__mmask8>((1u << count) - 1);
    _mm512_mask_storeu_pd((double*)target, mask, (__m512d)value);
  }
#elif defined(__AVX2__)
  // Masked stores are microcode on Zen: halves instead.
  if constexpr (sizeof(T) == 4) {
    __m128 part = _mm256_castps256_ps128((__m256)value);
    if (count & 4) {
      _mm_storeu_ps((float*)target, part);
      part = _mm256_extractf128_ps((__m256)value, 1);
      target += 4;
    }
    if (count & 2) {
      _mm_storel_pi((__m64*)target, part);
      part = _mm_movehl_ps(part, part);
      target += 2;
    }
    if (count & 1) _mm_store_ss((float*)target, part);
  } else {
    __m128d part = _mm256_castpd256_pd128((__m256d)value);
    if (count & 2) {
      _mm_storeu_pd((double*)target, part);
      part = _mm256_extractf128_pd((__m256d)value, 1);
      target += 2;
    }
    if (count & 1) _mm_store_sd((double*)target, part);
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

/// The larger of each two lanes; `first` if either is NaN, or on some machines
/// NaN.
template <class T>
inline Vector<T> larger_lanes(Vector<T> first, Vector<T> second) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm512_max_ps((__m512)second, (__m512)first);
  else
    return (Vector<T>)_mm512_max_pd((__m512d)second, (__m512d)first);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm256_max_ps((__m256)second, (__m256)first);
  else
    return (Vector<T>)_mm256_max_pd((__m256d)second, (__m256d)first);
#else
  return second > first ? second : first;
#endif
}

/// Whether any lane of the result of a comparison is set.
template <class T>
inline bool any_lane(Mask<T> mask) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_movepi32_mask((__m512i)mask) != 0;
  else
    return _mm512_movepi64_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_epi8((__m256i)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)mask) != 0;
#else
  typename IntegerOf<T>::type any = 0;
  for (int i = 0; i < kLanes<T>; ++i) any |= mask[i];
  return any != 0;
#endif
}

/// The low halves of the lanes of `a`, then of `b`.
inline Vector<int32_t> even_lanes(Vector<int64_t> a, Vector<int64_t> b) {
#if defined(__AVX512F__)
  const auto order = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
                                       22, 24, 26, 28, 30);
  return (Vector<int32_t>)_mm512_permutex2var_epi32((__m512i)a, order,
                                                    (__m512i)b);
#elif defined(__AVX2__)
  auto pairs = (__m256d)_mm256_shuffle_ps((__m256)a, (__m256)b, 0x88);
  return (Vector<int32_t>)_mm256_permute4x64_pd(pairs, 0xd8);
#elif defined(__SSE2__)
  return (Vector<int32_t>)_mm_shuffle_ps((__m128)a, (__m128)b, 0x88);
#else
  constexpr int kHalf = kLanes<int64_t>;
  Vector<int32_t> result;
  for (int i = 0; i < kHalf; ++i) {
    result[i] = static_cast<int32_t>(a[i]);
    result[i + kHalf] = static_cast<int32_t>(b[i]);
  }
  return result;
#endif
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

/// Four numbers, one of each of four sums.
template <class T>
struct QuadOf {
  typedef T type __attribute__((vector_size(4 * sizeof(T))));
};
template <class T>
using Quad = typename QuadOf<T>::type;

/// sum_lanes of four vectors, to the last bit.
template <class T>
inline Quad<T> sum_lanes_of_four(Vector<T> v0, Vector<T> v1, Vector<T> v2,
                                 Vector<T> v3) {
  const Vector<T> v[4] = {v0, v1, v2, v3};
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    __m128 half[4];
    for (int i = 0; i < 4; ++i)
      half[i] = _mm_add_ps(_mm256_castps256_ps128((__m256)v[i]),
                           _mm256_extractf128_ps((__m256)v[i], 1));
    __m128 low = _mm_add_ps(_mm_movelh_ps(half[0], half[1]),
                            _mm_movehl_ps(half[1], half[0]));
    __m128 high = _mm_add_ps(_mm_movelh_ps(half[2], half[3]),
                             _mm_movehl_ps(half[3], half[2]));
    return (Quad<T>)_mm_add_ps(_mm_shuffle_ps(low, high, 0x88),
                               _mm_shuffle_ps(low, high, 0xDD));
  } else {
    __m128d half[4];
    for (int i = 0; i < 4; ++i)
      half[i] = _mm_add_pd(_mm256_castpd256_pd128((__m256d)v[i]),
                           _mm256_extractf128_pd((__m256d)v[i], 1));
    __m128d low = _mm_add_pd(_mm_unpacklo_pd(half[0], half[1]),
                             _mm_unpackhi_pd(half[0], half[1]));
    __m128d high = _mm_add_pd(_mm_unpacklo_pd(half[2], half[3]),
                              _mm_unpackhi_pd(half[2], half[3]));
    return (Quad<T>)_mm256_insertf128_pd(_mm256_castpd128_pd256(low), high, 1);
  }
#else
  return Quad<T>{sum_lanes<T>(v[0]), sum_lanes<T>(v[1]), sum_lanes<T>(v[2]),
                 sum_lanes<T>(v[3])};
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
