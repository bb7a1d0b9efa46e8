// array.h: NumPy arrays as the kernels' functions see them, and how a call is
// served.
//
// A function serves the calls it has a kernel for and declines the others
// (other types, odd layouts, wrong arguments): those go to the NumPy
// definition, with its errors.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL tatami_numpy
#ifndef TATAMI_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <memory>
#include <utility>
#include <vector>

#include "instruction.h"
#include "kernels.h"

namespace tatami {

/// A strong reference to a Python object.
class Owned {
 public:
  explicit Owned(PyObject* object = nullptr) : object_(object) {}
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Owned() { Py_XDECREF(object_); }

  explicit operator bool() const { return object_ != nullptr; }
  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }

 private:
  PyObject* object_;
};

/// Lets other Python threads run while a kernel of some length works.
class Unlocked {
 public:
  explicit Unlocked(double work_ns) {
    constexpr double kWorthwhile = 20e3;
    if (work_ns > kWorthwhile) state_ = PyEval_SaveThread();
  }
  Unlocked(const Unlocked&) = delete;
  ~Unlocked() {
    if (state_) PyEval_RestoreThread(state_);
  }

 private:
  PyThreadState* state_ = nullptr;
};

// Programs in the making.

/// What a binding finds while a call is kept instead of made.
struct Keeping {
  std::vector<PyObject*> outputs;  // borrowed; in the order they are asked for
  size_t taken = 0;
  std::unique_ptr<Instruction> instruction;
};

/// Null while kernels run at once. Only touched with the GIL held.
extern Keeping* keeping;

/// Run a call, or keep it. False if the kernel refused its operands' values.
template <class C>
bool launch_call(double work_ns, C call) {
  if (keeping) {
    keeping->instruction = std::make_unique<Kept<C>>(std::move(call));
    return true;
  }
  Unlocked unlocked(work_ns);
  return call();
}

/// Call `body(parameters, operands...)`, which has no captures, now or later.
template <class Parameters, class Body, class... Operands>
bool launch(double work_ns, const Parameters& parameters,
            std::tuple<Operands*...> operands, Body body) {
  return launch_call(
      work_ns, Call<Parameters, Body, Operands...>{parameters, body, operands});
}

template <class... Operands>
std::tuple<Operands*...> operands(Operands*... pointers) {
  return {pointers...};
}

// Arrays.

constexpr int kMaxRank = 8;

inline PyArrayObject* as_array(PyObject* object) {
  return reinterpret_cast<PyArrayObject*>(object);
}

template <class T>
constexpr int kTypeNumber = sizeof(T) == 4 ? NPY_FLOAT : NPY_DOUBLE;

/// An ndarray itself, aligned and in the machine's byte order.
inline bool is_plain(PyObject* object) {
  return Py_TYPE(object) == &PyArray_Type &&
         PyArray_ISBEHAVED_RO(as_array(object)) &&
         PyArray_NDIM(as_array(object)) <= kMaxRank;
}

template <class T>
bool is_plain_of(PyObject* object) {
  return is_plain(object) && PyArray_TYPE(as_array(object)) == kTypeNumber<T>;
}

inline bool is_contiguous(PyObject* object) {
  return PyArray_IS_C_CONTIGUOUS(as_array(object));
}

template <class T>
T* data_of(PyObject* object) {
  return static_cast<T*>(PyArray_DATA(as_array(object)));
}

/// The bytes from the first element to the end of the last; strides are not
/// negative.
inline npy_intp extent_of(PyArrayObject* array) {
  npy_intp bytes = PyArray_ITEMSIZE(array);
  for (int i = 0; i < PyArray_NDIM(array); ++i) {
    if (PyArray_DIM(array, i) == 0) return 0;
    bytes += (PyArray_DIM(array, i) - 1) * PyArray_STRIDE(array, i);
  }
  return bytes;
}

inline int rank_of(PyObject* object) {
  return PyArray_NDIM(as_array(object));
}
inline long length_of(PyObject* object, int i) {
  return static_cast<long>(PyArray_DIM(as_array(object), i));
}
inline long size_of(PyObject* object) {
  return static_cast<long>(PyArray_SIZE(as_array(object)));
}

/// The next output of the program in the making; nullptr if it is another kind.
PyObject* planned_array(int rank, const npy_intp* lengths, int type);

/// A new array in memory that is kept when it is freed (allocator.cpp).
PyObject* allocated_array(int rank, const npy_intp* lengths, int type);

/// Bytes that were freed and are kept for new arrays.
size_t kept_memory();

/// Give the kept bytes back to the system; returns how many there were.
size_t release_memory();

/// A new array, not filled; nullptr with MemoryError if there is no room. Reads
/// may go up to 64 bytes beyond its end.
inline PyObject* new_array(int rank, const npy_intp* lengths, int type) {
  if (keeping) return planned_array(rank, lengths, type);
  return allocated_array(rank, lengths, type);
}

template <class T>
PyObject* new_array(int rank, const npy_intp* lengths) {
  return new_array(rank, lengths, kTypeNumber<T>);
}

template <class T>
PyObject* new_like(PyObject* other) {
  return new_array<T>(rank_of(other), PyArray_DIMS(as_array(other)));
}

/// The array itself, or a copy of it with its elements in order. Empty without
/// an error in a program, which has to make the copy an instruction.
inline Owned contiguous(PyObject* object) {
  if (is_contiguous(object)) return Owned(Py_NewRef(object));
  if (keeping) return Owned();
  return Owned(PyArray_NewCopy(as_array(object), NPY_CORDER));
}

// Other arguments. Each reader returns false for what it does not know.

/// A Python float or int itself: NumPy's own numbers have types of their own.
inline bool read_number(PyObject* object, double* out) {
  if (PyFloat_CheckExact(object)) {
    *out = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (!PyLong_CheckExact(object)) return false;
  *out = PyLong_AsDouble(object);
  if (*out != -1.0 || !PyErr_Occurred()) return true;
  PyErr_Clear();
  return false;
}

inline bool read_integer(PyObject* object, long* out) {
  if (!PyLong_CheckExact(object)) return false;
  int overflow = 0;
  *out = PyLong_AsLongAndOverflow(object, &overflow);
  return overflow == 0;
}

inline bool read_flag(PyObject* object, bool* out) {
  *out = object == Py_True;
  return PyBool_Check(object);
}

/// A tuple or list of integers, at most kMaxRank of them.
struct Lengths {
  int count = 0;
  long values[kMaxRank];

  bool read(PyObject* object) {
    if (!PyTuple_Check(object) && !PyList_Check(object)) return false;
    Py_ssize_t size = PySequence_Fast_GET_SIZE(object);
    if (size > kMaxRank) return false;
    count = static_cast<int>(size);
    for (int i = 0; i < count; ++i)
      if (!read_integer(PySequence_Fast_GET_ITEM(object, i), values + i))
        return false;
    return true;
  }
};

// Calls.

/// Serves a call: a new reference, nullptr with an error set, or declined().
using Serve = PyObject* (*)(PyObject* const* arguments, Py_ssize_t count);

/// Not an object that a kernel returns.
inline PyObject* declined() {
  return Py_NotImplemented;
}

/// What to return when an array could not be had.
inline PyObject* failed() {
  return PyErr_Occurred() ? nullptr : declined();
}

/// The result, or declined() if the kernel refused its operands' values.
inline PyObject* finished(bool done, Owned& result) {
  return done ? result.release() : declined();
}

/// Call `serve<float>` or `serve<double>`, by the type of an array.
#define TATAMI_BY_TYPE(array, serve, ...)                                     \
  (!is_plain(array)                              ? declined()                 \
   : PyArray_TYPE(as_array(array)) == NPY_FLOAT  ? serve<float>(__VA_ARGS__)  \
   : PyArray_TYPE(as_array(array)) == NPY_DOUBLE ? serve<double>(__VA_ARGS__) \
                                                 : declined())

/// Enter a kernel's function into the module.
void add_function(const char* name, Serve serve);

/// The function behind a kernel's name, or nullptr.
Serve find_function(const char* name);

void add_elementwise();
void add_reduce();
void add_linalg();
void add_conv();
void add_conv_pool();
void add_pool();
void add_optim();
void add_formulas();
void add_lookup();
void add_loss();
void add_movement();
void add_norm();
void add_random();

}  // namespace tatami
