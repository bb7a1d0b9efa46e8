// random.cpp: numbers from the words of a Mersenne Twister, in their order.
//
// Source: Matsumoto and Nishimura 1998, "Mersenne Twister: a 623-dimensionally
// equidistributed uniform pseudo-random number generator", MT19937.
#include "../simd.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

using Words = Vector<uint32_t>;
using LongWords = Vector<int64_t>;

constexpr long kWords = Twister::kWords;
constexpr long kFar = 397;
constexpr long kLength = kLanes<uint32_t>;

/// The next word of the key from the word in its place, the one behind that,
/// and one further on.
template <class V>
V next_word(V word, V behind, V far) {
  V joined = (word & 0x80000000u) | (behind & 0x7fffffffu);
  return far ^ (joined >> 1) ^ (-(joined & 1u) & 0x9908b0dfu);
}

/// Replace words [begin, end) of the key; the one further on lies `step` away.
void renew(uint32_t* key, long begin, long end, long step) {
  long i = begin;
  for (; i + kLength <= end; i += kLength)
    store(key + i,
          next_word(load(key + i), load(key + i + 1), load(key + i + step)));
  for (; i < end; ++i) key[i] = next_word(key[i], key[i + 1], key[i + step]);
}

void renew(uint32_t* key) {
  renew(key, 0, kWords - kFar, kFar);
  renew(key, kWords - kFar, kWords - 1, kFar - kWords);
  key[kWords - 1] = next_word(key[kWords - 1], key[0], key[kFar - 1]);
}

template <class V>
V tempered(V word) {
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680u;
  word ^= (word << 15) & 0xefc60000u;
  return word ^ (word >> 18);
}

/// Draw words; they are read in whole vectors, so `out` needs room behind.
void draw(Twister* twister, uint32_t* out, long count) {
  while (count > 0) {
    if (twister->used >= kWords) {
      renew(twister->key);
      twister->used = 0;
    }
    long available = smaller(count, kWords - twister->used);
    const uint32_t* source = twister->key + twister->used;
    for_each_vector<uint32_t>(available, [&](long i, long lanes) {
      store(out + i, tempered(load(source + i, lanes)), lanes);
    });
    twister->used += static_cast<int>(available);
    out += available;
    count -= available;
  }
}

// Words are drawn a piece at a time.
constexpr long kPiece = 512;

/// Whether the 53-bit units of pairs of words, high word first, lie below the
/// limit: all ones or zero.
LongWords below(const uint32_t* pairs, LongWords limit) {
  LongWords words;
  __builtin_memcpy(&words, pairs, sizeof words);
  LongWords high = words & 0x1fffff;
  LongWords low = (words >> 32) & 0xffffffff;
  return ((high << 32) | low) < limit;
}

inline Vector<float> ones_below(const uint32_t* pairs, LongWords limit,
                                Vector<float> one) {
  LongWords first = below(pairs, limit);
  LongWords second = below(pairs + kLength, limit);
  return masked<float>(one, even_lanes(first, second));
}

inline Vector<double> ones_below(const uint32_t* pairs, LongWords limit,
                                 Vector<double> one) {
  return masked<double>(one, below(pairs, limit));
}

/// Call `body(place, mask, lanes)` with masks of `one` or zero.
template <class T, class Body>
void for_each_mask(Twister* twister, int64_t limit, T one, long count,
                   const Body& body) {
  alignas(64) uint32_t words[2 * kPiece + 2 * kLength];
  const Vector<T> value = splat(one);
  const LongWords bound = splat(limit);
  for (long begin = 0; begin < count; begin += kPiece) {
    long size = smaller(kPiece, count - begin);
    draw(twister, words, 2 * size);
    for_each_vector<T>(size, [&](long i, long lanes) {
      body(begin + i, ones_below(words + 2 * i, bound, value), lanes);
    });
  }
}

template <class T>
void bernoulli(Twister* twister, int64_t limit, T* out, long count) {
  for_each_mask(
      twister, limit, T(1), count,
      [&](long i, Vector<T> mask, long lanes) { store(out + i, mask, lanes); });
}

template <class T>
void dropout(Twister* twister, int64_t limit, T kept, const T* x, T* out,
             T* mask, long count) {
  for_each_mask(twister, limit, kept, count,
                [&](long i, Vector<T> factor, long lanes) {
                  store(mask + i, factor, lanes);
                  store(out + i, load(x + i, lanes) * factor, lanes);
                });
}

// Numbers from a range.

inline float unit(const uint32_t* words, float) {
  return static_cast<float>(static_cast<int32_t>(words[0] & 0xffffff)) *
         0x1p-24f;
}

inline double unit(const uint32_t* words, double) {
  int64_t word = (int64_t(words[0] & 0x1fffff) << 32) | words[1];
  return static_cast<double>(word) * 0x1p-53;
}

inline float multiply_add(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
inline double multiply_add(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}

template <class T>
void uniform(Twister* twister, T low, T high, T* out, long count) {
  constexpr long kEach = sizeof(T) / sizeof(uint32_t);
  alignas(64) uint32_t words[2 * kPiece + 2 * kLength];
  const T span = high - low;
  for (long begin = 0; begin < count; begin += kPiece) {
    long size = smaller(kPiece, count - begin);
    draw(twister, words, kEach * size);
    for (long i = 0; i < size; ++i) {
      T value = multiply_add(unit(words + kEach * i, T()), span, low);
      out[begin + i] = value == high ? low : value;
    }
  }
}

template <class T>
void fill(Kernels<T>& table) {
  table.bernoulli = bernoulli<T>;
  table.dropout = dropout<T>;
  table.uniform = uniform<T>;
}

}  // namespace

void fill_random(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA
