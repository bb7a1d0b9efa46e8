// matrix.h: arrays as matrices.
#pragma once

#include "array.h"

namespace tatami {

/// The last two dimensions of an array.
template <class T>
struct Matrix {
  long rows, columns, row_step, column_step;

  bool read(PyObject* object) {
    int rank = rank_of(object);
    if (rank < 2) return false;
    rows = length_of(object, rank - 2);
    columns = length_of(object, rank - 1);
    return step(object, rank - 2, &row_step) &&
           step(object, rank - 1, &column_step);
  }

  Matrix turned() const { return {columns, rows, column_step, row_step}; }

  static bool step(PyObject* object, int i, long* out) {
    npy_intp bytes = PyArray_STRIDE(as_array(object), i);
    *out = static_cast<long>(bytes / npy_intp(sizeof(T)));
    return bytes % npy_intp(sizeof(T)) == 0;
  }
};

}  // namespace tatami
