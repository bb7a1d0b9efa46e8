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

/// The elements at even and at odd places of two vectors behind each other.
template <class T>
inline void separate(Vector<T>& first, Vector<T>& second) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  auto order = [](auto half) {
    return (Vector<T>)_mm256_permute4x64_pd((__m256d)half, 0xD8);
  };
  if constexpr (sizeof(T) == 4) {
    auto even = _mm256_shuffle_ps((__m256)first, (__m256)second, 0x88);
    auto odd = _mm256_shuffle_ps((__m256)first, (__m256)second, 0xDD);
    first = order(even), second = order(odd);
  } else {
    auto even = _mm256_unpacklo_pd((__m256d)first, (__m256d)second);
    auto odd = _mm256_unpackhi_pd((__m256d)first, (__m256d)second);
    first = order(even), second = order(odd);
  }
#else
  Vector<T> even{}, odd{};
  constexpr int kHalf = kLanes<T> / 2;
  for (int i = 0; i < kHalf; ++i) {
    even[i] = first[2 * i], even[kHalf + i] = second[2 * i];
    odd[i] = first[2 * i + 1], odd[kHalf + i] = second[2 * i + 1];
  }
  first = even, second = odd;
#endif
}

/// Store the low byte of each lane; the lanes hold -128 to 127.
template <class T>
inline void store_bytes(uint8_t* target, Mask<T> value) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm_storeu_si128((__m128i*)target, _mm512_cvtepi32_epi8((__m512i)value));
  else
    _mm_storel_epi64((__m128i*)target, _mm512_cvtepi64_epi8((__m512i)value));
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    __m128i half = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)value),
                                   _mm256_extracti128_si256((__m256i)value, 1));
    _mm_storel_epi64((__m128i*)target, _mm_packs_epi16(half, half));
  } else {
    for (int i = 0; i < kLanes<T>; ++i) target[i] = uint8_t(value[i]);
  }
#else
  for (int i = 0; i < kLanes<T>; ++i) target[i] = uint8_t(value[i]);
#endif
}

/// One byte to each lane, as numbers from -128 to 127.
template <class T>
inline Mask<T> load_bytes(const uint8_t* source) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return (Mask<T>)_mm256_cvtepi8_epi32(
        _mm_loadl_epi64((const __m128i*)source));
#endif
  Mask<T> result;
  for (int i = 0; i < kLanes<T>; ++i)
    result[i] = static_cast<int8_t>(source[i]);
  return result;
}

/// For each lane the element of four that the last two bits of `index` say.
template <class T>
class OneOfFour {
 public:
  explicit OneOfFour(const typename IntegerOf<T>::type* values) {
    for (int i = 0; i < kSize; ++i) table_[i] = values[i % 4];
  }
  Mask<T> operator()(Mask<T> index) const {
#if defined(__AVX2__) && !defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
      return (Mask<T>)_mm256_permutevar_ps((__m256)table_, (__m256i)index);
#endif
    Mask<T> result;
    for (int i = 0; i < kLanes<T>; ++i) result[i] = table_[index[i] & 3];
    return result;
  }

 private:
  static constexpr int kSize = kLanes<T> > 4 ? kLanes<T> : 4;
  typedef typename IntegerOf<T>::type Table
      __attribute__((vector_size(kSize * sizeof(T))));
  Table table_;
};

#if defined(__AVX2__) && !defined(__AVX512F__)
/// For each set of lanes, the numbers of its lanes, one to a byte.
struct LaneLists {
  uint64_t lanes[256];
  constexpr LaneLists() : lanes() {
    for (int set = 0; set < 256; ++set)
      for (int lane = 0, count = 0; lane < 8; ++lane)
        if (set >> lane & 1) lanes[set] |= uint64_t(lane) << 8 * count++;
  }
};
alignas(64) inline constexpr LaneLists kLaneLists;
#endif

/// Write the lanes where `marks` is not negative, without gaps, and return how
/// many. A whole vector is written to both.
template <class T>
inline long compress(Mask<T> marks, Vector<T> value, Mask<T> place, T* values,
                     typename IntegerOf<T>::type* places) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    __mmask16 set = _knot_mask16(_mm512_movepi32_mask((__m512i)marks));
    _mm512_storeu_ps(values, _mm512_maskz_compress_ps(set, (__m512)value));
    _mm512_storeu_si512(places,
                        _mm512_maskz_compress_epi32(set, (__m512i)place));
    return __builtin_popcount(set);
  } else {
    __mmask8 set = _knot_mask8(_mm512_movepi64_mask((__m512i)marks));
    _mm512_storeu_pd(values, _mm512_maskz_compress_pd(set, (__m512d)value));
    _mm512_storeu_si512(places,
                        _mm512_maskz_compress_epi64(set, (__m512i)place));
    return __builtin_popcount(set);
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    int set = _mm256_movemask_ps((__m256)marks) ^ 0xFF;
    __m256i lanes = _mm256_cvtepu8_epi32(
        _mm_loadl_epi64((const __m128i*)(kLaneLists.lanes + set)));
    _mm256_storeu_ps(values, _mm256_permutevar8x32_ps((__m256)value, lanes));
    _mm256_storeu_si256((__m256i*)places,
                        _mm256_permutevar8x32_epi32((__m256i)place, lanes));
    return __builtin_popcount(set);
  }
#endif
  long count = 0;
  for (int i = 0; i < kLanes<T>; ++i) {
    values[count] = value[i];
    places[count] = place[i];
    count += marks[i] >= 0;
  }
  return count;
}

}  // namespace tatami::TATAMI_ISA
