// broadcast.h: operands of all shapes, brought to runs of elements.
#pragma once

#include <initializer_list>

#include "../array.h"
#include "../parallel.h"

namespace tatami {

/// A loop over runs: lengths, and the steps of up to three operands in elements
/// of their own. Operands that are numbers stand still.
struct Loop {
  static constexpr int kMost = 3;
  // A run is taken in pieces of this many elements.
  static constexpr long kBlock = 4096;
  int count = 0;
  int rank = 0;
  long lengths[kMaxRank];
  long steps[kMost][kMaxRank];
  npy_intp shape[kMaxRank];
  int shape_rank = 0;

  /// Join a dimension to the one before if all operands walk on evenly.
  void append(long length, const long* step) {
    if (length == 1) return;
    int last = rank - 1;
    bool even = last >= 0;
    for (int j = 0; j < count && even; ++j)
      even = steps[j][last] == step[j] * length;
    if (even)
      lengths[last] *= length;
    else
      lengths[last = rank++] = length;
    for (int j = 0; j < count; ++j) steps[j][last] = step[j];
  }

  /// Whether memory is walked forwards: NumPy keeps another order in its
  /// result.
  bool in_order() const {
    for (int j = 0; j < count; ++j) {
      long least = 0;
      for (int i = rank - 1; i >= 0; --i) {
        if (steps[j][i] == 0) continue;
        if (steps[j][i] < least) return false;
        least = steps[j][i];
      }
    }
    return true;
  }

  long size() const {
    long result = 1;
    for (int i = 0; i < rank; ++i) result *= lengths[i];
    return result;
  }
};

/// Plan a loop over arrays; nullptr is a number. False if they don't fit, or
/// if the result has another order in memory.
inline bool plan(std::initializer_list<PyObject*> operands, Loop& loop) {
  int rank = 0;
  for (PyObject* array : operands)
    if (array && rank_of(array) > rank) rank = rank_of(array);
  loop.count = static_cast<int>(operands.size());
  loop.shape_rank = rank;
  for (int i = 0; i < rank; ++i) {
    long length = 1, step[Loop::kMost] = {};
    int j = -1;
    for (PyObject* array : operands) {
      ++j;
      const int own = array ? i - (rank - rank_of(array)) : -1;
      if (own < 0 || length_of(array, own) == 1) continue;
      if (length != 1 && length != length_of(array, own)) return false;
      length = length_of(array, own);
      const npy_intp bytes = PyArray_STRIDE(as_array(array), own);
      const npy_intp size = PyArray_ITEMSIZE(as_array(array));
      if (bytes < 0 || bytes % size != 0) return false;
      step[j] = static_cast<long>(bytes / size);
    }
    loop.shape[i] = length;
    loop.append(length, step);
  }
  return loop.in_order();
}

/// Call `body(offsets, place in the result, length)` for each piece of a run.
template <class Body>
void each_run(const Loop& loop, double element_ns, const Body& body) {
  const int last = loop.rank - 1;
  const long length = last < 0 ? 1 : loop.lengths[last];
  const long pieces = (length + Loop::kBlock - 1) / Loop::kBlock;
  long rows = 1;
  for (int i = 0; i < last; ++i) rows *= loop.lengths[i];
  const long longest = length < Loop::kBlock ? length : Loop::kBlock;
  const double cost = element_ns * double(longest) + 5;
  parallel_for(rows * pieces, cost, [&](long begin, long end) {
    for (long item = begin; item < end; ++item) {
      long rest = item / pieces;
      const long first = item % pieces * Loop::kBlock, row = rest;
      long offsets[Loop::kMost] = {};
      if (last >= 0)
        for (int j = 0; j < loop.count; ++j)
          offsets[j] = first * loop.steps[j][last];
      for (int i = last - 1; i >= 0; --i) {
        const long index = rest % loop.lengths[i];
        rest /= loop.lengths[i];
        for (int j = 0; j < loop.count; ++j)
          offsets[j] += index * loop.steps[j][i];
      }
      const long left = length - first;
      body(offsets, row * length + first, left < longest ? left : longest);
    }
  });
}

/// One operand's piece of a run, which stands still or walks by ones.
template <class T>
struct Run {
  const T* data;
  long step;

  Run(const Loop& loop, int operand, const T* start, const long* offsets,
      long count)
      : data(start + offsets[operand]),
        step(loop.rank ? loop.steps[operand][loop.rank - 1] : 0) {
    if (step > 1) pack(operand, count);
  }

  /// Repeat an element that stands still.
  void unfold(int operand, long count) {
    if (step == 0) pack(operand, count);
  }

  void pack(int operand, long count) {
    constexpr int kSlots = 8;  // the first one not used elsewhere
    T* packed = scratch_of<T>(kSlots + operand, Loop::kBlock);
    for (long i = 0; i < count; ++i) packed[i] = data[i * step];
    data = packed;
    step = 1;
  }
};

/// Whether `out` can take the result while `operand` is read: it shares no
/// memory with it, or is laid out just like it.
inline bool is_safe(PyObject* out, PyObject* operand) {
  if (!operand) return true;
  auto *target = as_array(out), *source = as_array(operand);
  if (PyArray_DATA(target) == PyArray_DATA(source) &&
      PyArray_IS_C_CONTIGUOUS(source) && PyArray_SAMESHAPE(target, source))
    return true;
  auto begin = [](PyArrayObject* x) {
    return reinterpret_cast<uintptr_t>(PyArray_DATA(x));
  };
  // Strides are not negative here.
  auto end = [&](PyArrayObject* x) {
    uintptr_t last = begin(x) + PyArray_ITEMSIZE(x);
    for (int i = 0; i < PyArray_NDIM(x); ++i)
      last += (PyArray_DIM(x, i) - 1) * PyArray_STRIDE(x, i);
    return last;
  };
  return end(source) <= begin(target) || end(target) <= begin(source);
}

/// The array for a result: `out` if there is one, which must be contiguous.
/// Empty without error: declined.
inline Owned target_of(PyObject* out, int type, int rank,
                       const npy_intp* shape) {
  if (!out) return Owned(new_array(rank, shape, type));
  bool fits = is_plain(out) && PyArray_TYPE(as_array(out)) == type &&
              PyArray_ISWRITEABLE(as_array(out)) && is_contiguous(out) &&
              rank_of(out) == rank &&
              PyArray_CompareLists(PyArray_DIMS(as_array(out)), shape, rank);
  return fits ? Owned(Py_NewRef(out)) : Owned();
}

}  // namespace tatami
