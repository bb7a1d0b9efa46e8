// strided.h: walks over arrays of any layout, and copies along them.
//
// Nothing here knows Python. Steps count bytes.
#pragma once

#include <cstdint>
#include <cstring>

#include "parallel.h"

namespace tatami {

/// The lengths of a loop and the steps of two arrays, outermost first.
struct Walk {
  static constexpr int kMost = 8;
  int rank = 0;
  long lengths[kMost];
  long target[kMost], source[kMost];

  /// Add an inner dimension; joined to the one before if both walk on evenly.
  void append(long length, long target_step, long source_step) {
    if (length == 1) return;
    int last = rank - 1;
    if (last >= 0 && target[last] == target_step * length &&
        source[last] == source_step * length) {
      lengths[last] *= length;
    } else {
      last = rank++;
      lengths[last] = length;
    }
    target[last] = target_step;
    source[last] = source_step;
  }

  long size() const {
    long result = 1;
    for (int i = 0; i < rank; ++i) result *= lengths[i];
    return result;
  }
};

/// Copy one run of elements of type E.
template <class E>
void copy_run(char* target, long target_step, const char* source,
              long source_step, long count) {
  constexpr long kSize = sizeof(E);
  if (target_step == kSize && source_step == kSize) {
    std::memcpy(target, source, static_cast<size_t>(count * kSize));
    return;
  }
  auto* out = reinterpret_cast<E*>(target);
  auto* in = reinterpret_cast<const E*>(source);
  const long out_step = target_step / kSize, in_step = source_step / kSize;
  if (in_step == 0) {
    const E value = *in;
    for (long i = 0; i < count; ++i) out[i * out_step] = value;
  } else {
    for (long i = 0; i < count; ++i) out[i * out_step] = in[i * in_step];
  }
}

/// Copy along a walk.
template <class E>
void copy_walk(const Walk& walk, char* target, const char* source) {
  const int last = walk.rank - 1;
  if (last < 0) {
    std::memcpy(target, source, sizeof(E));
    return;
  }
  long rows = 1;
  for (int i = 0; i < last; ++i) rows *= walk.lengths[i];
  const long length = walk.lengths[last];
  parallel_for(rows, 0.3 * double(length) + 3, [&](long begin, long end) {
    long index[Walk::kMost], to = 0, from = 0, rest = begin;
    for (int i = last - 1; i >= 0; --i) {
      index[i] = rest % walk.lengths[i];
      rest /= walk.lengths[i];
      to += index[i] * walk.target[i];
      from += index[i] * walk.source[i];
    }
    for (long row = begin; row < end; ++row) {
      copy_run<E>(target + to, walk.target[last], source + from,
                  walk.source[last], length);
      for (int i = last - 1; i >= 0; --i) {
        to += walk.target[i];
        from += walk.source[i];
        if (++index[i] < walk.lengths[i]) break;
        to -= walk.lengths[i] * walk.target[i];
        from -= walk.lengths[i] * walk.source[i];
        index[i] = 0;
      }
    }
  });
}

/// The same for elements of `size` bytes: 1, 2, 4 or 8.
inline void copy_walk(long size, const Walk& walk, char* target,
                      const char* source) {
  switch (size) {
    case 1:
      return copy_walk<uint8_t>(walk, target, source);
    case 2:
      return copy_walk<uint16_t>(walk, target, source);
    case 4:
      return copy_walk<uint32_t>(walk, target, source);
    default:
      return copy_walk<uint64_t>(walk, target, source);
  }
}

}  // namespace tatami
