// bytes.h: arrays whose elements are moved as plain bytes.
#pragma once

#include "../array.h"

namespace tatami {

constexpr double kByteNs = 0.1;

inline PyArray_Descr* type_of(PyObject* array) {
  return PyArray_DESCR(as_array(array));
}

/// An array whose elements can be moved as plain bytes.
inline bool is_movable(PyObject* object) {
  if (!is_plain(object)) return false;
  const npy_intp size = PyArray_ITEMSIZE(as_array(object));
  const int type = PyArray_TYPE(as_array(object));
  return (PyTypeNum_ISNUMBER(type) || PyTypeNum_ISBOOL(type)) &&
         (size == 1 || size == 2 || size == 4 || size == 8);
}

inline bool same_type(PyObject* a, PyObject* b) {
  return PyArray_TYPE(as_array(a)) == PyArray_TYPE(as_array(b));
}

inline char* bytes_of(PyObject* object) {
  return static_cast<char*>(PyArray_DATA(as_array(object)));
}

inline long item_size(PyObject* object) {
  return static_cast<long>(PyArray_ITEMSIZE(as_array(object)));
}

}  // namespace tatami
