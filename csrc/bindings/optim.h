// optim.h: what the bindings of optimizer steps share: lists of arrays, checked
// whole before any is changed.
#pragma once

#include <vector>

#include "../array.h"
#include "../parallel.h"

namespace tatami {

constexpr long kBlock = 4096;

/// A list or tuple, read in place.
struct Items {
  Py_ssize_t count = 0;
  PyObject** items = nullptr;

  bool read(PyObject* object) {
    if (!PyList_Check(object) && !PyTuple_Check(object)) return false;
    count = PySequence_Fast_GET_SIZE(object);
    items = PySequence_Fast_ITEMS(object);
    return true;
  }
};

inline bool all_numbers(PyObject* const* arguments, Py_ssize_t count,
                        double* out) {
  for (Py_ssize_t i = 0; i < count; ++i)
    if (!read_number(arguments[i], out + i)) return false;
  return true;
}

/// An array of the step: like the parameter, and writeable if it is changed.
template <class T>
bool fits(PyObject* object, PyObject* param, bool changed) {
  return is_plain_of<T>(object) && is_contiguous(object) &&
         PyArray_SAMESHAPE(as_array(object), as_array(param)) &&
         (!changed || PyArray_ISWRITEABLE(as_array(object)));
}

template <class T>
bool all_fit(const Items& list, const Items& params, bool changed,
             bool may_be_none = false) {
  if (list.count != params.count) return false;
  for (Py_ssize_t i = 0; i < list.count; ++i) {
    if (may_be_none && list.items[i] == Py_None) continue;
    if (!fits<T>(list.items[i], params.items[i], changed)) return false;
  }
  return true;
}

inline long elements(const Items& params) {
  long total = 0;
  for (Py_ssize_t i = 0; i < params.count; ++i)
    total += size_of(params.items[i]);
  return total;
}

/// Run a kernel over the blocks of one parameter.
template <class Step, class Kernel, class Visit>
void run(const Step& step, Kernel kernel, const Visit& visit) {
  long blocks = (step.count + kBlock - 1) / kBlock;
  parallel_for(blocks, 0.3 * kBlock, [&](long begin, long end) {
    Step part = step;
    visit(part, [&](auto*& pointer) {
      if (pointer) pointer += begin * kBlock;
    });
    long stop = end * kBlock < step.count ? end * kBlock : step.count;
    part.count = stop - begin * kBlock;
    kernel(part);
  });
}

/// A number of one parameter in memory of its own, a float or a double.
struct Number {
  void* place = nullptr;
  bool is_double = false;

  static Number of(PyObject* array) {
    return {PyArray_DATA(as_array(array)),
            PyArray_TYPE(as_array(array)) == NPY_DOUBLE};
  }
  double get() const {
    return is_double ? *static_cast<double*>(place)
                     : *static_cast<float*>(place);
  }
  /// Change it; what it is then, in its own precision.
  double set(double value) const {
    if (is_double)
      *static_cast<double*>(place) = value;
    else
      *static_cast<float*>(place) = static_cast<float>(value);
    return get();
  }
  /// Count a step.
  double count() const { return set(get() + 1); }
  /// Multiply as an array of its type does.
  double multiply(double factor) const {
    return set(is_double ? get() * factor : get() * float(factor));
  }
};

inline bool is_number(PyObject* object) {
  return is_plain(object) && size_of(object) == 1 &&
         PyArray_ISWRITEABLE(as_array(object)) &&
         (PyArray_TYPE(as_array(object)) == NPY_FLOAT ||
          PyArray_TYPE(as_array(object)) == NPY_DOUBLE);
}

inline bool all_are_numbers(const Items& list) {
  for (Py_ssize_t i = 0; i < list.count; ++i)
    if (!is_number(list.items[i])) return false;
  return true;
}

/// Enter the steps of optim_scaled.cpp.
void add_scaled_steps();

}  // namespace tatami
