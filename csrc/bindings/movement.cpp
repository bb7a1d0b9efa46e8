// movement.cpp: copying, filling and joining, for elements of any type.
#include <cstring>
#include <vector>

#include "../strided.h"
#include "bytes.h"

namespace tatami {
namespace {

/// A walk that writes `out` from `source`, which is stretched to its shape.
bool plan(PyObject* out, PyObject* source, Walk* walk) {
  const int rank = rank_of(out), missing = rank - rank_of(source);
  if (missing < 0) return false;
  for (int i = 0; i < rank; ++i) {
    const long length = length_of(out, i);
    long step = 0;
    if (i >= missing) {
      const long own = length_of(source, i - missing);
      if (own != length && own != 1) return false;
      if (own != 1)
        step = static_cast<long>(PyArray_STRIDE(as_array(source), i - missing));
    }
    walk->append(length, static_cast<long>(PyArray_STRIDE(as_array(out), i)),
                 step);
  }
  return true;
}

/// The first byte of an array and the one behind its last.
std::pair<const char*, const char*> extent(PyObject* object) {
  const char *first = bytes_of(object), *last = first;
  for (int i = 0; i < rank_of(object); ++i) {
    const long reach = (length_of(object, i) - 1) *
                       static_cast<long>(PyArray_STRIDE(as_array(object), i));
    (reach < 0 ? first : last) += reach;
  }
  return {first, last + item_size(object)};
}

bool overlap(PyObject* a, PyObject* b) {
  auto [a_first, a_end] = extent(a);
  auto [b_first, b_end] = extent(b);
  return a_first < b_end && b_first < a_end;
}

struct Copy {
  Walk walk;
  long size;  // bytes of an element
};

bool launch_copy(const Walk& walk, long size, char* target,
                 const char* source) {
  return launch(kByteNs * double(walk.size() * size), Copy{walk, size},
                operands(target, source),
                [](const Copy& copy, char* to, const char* from) {
                  copy_walk(copy.size, copy.walk, to, from);
                });
}

PyObject* serve_copy(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 1 || !is_movable(arguments[0]) || size_of(arguments[0]) == 0)
    return declined();
  PyObject* x = arguments[0];
  Owned out(
      new_array(rank_of(x), PyArray_DIMS(as_array(x)), type_of(x)->type_num));
  if (!out) return failed();
  Walk walk;
  if (!plan(out.get(), x, &walk)) return declined();
  launch_copy(walk, item_size(x), bytes_of(out.get()), bytes_of(x));
  return out.release();
}

// Filling. A value is kept as the bytes of an element.

struct Value {
  alignas(8) char bytes[8];
};

template <class T>
Value value_of(double number) {
  Value value{};
  T element = static_cast<T>(number);
  std::memcpy(value.bytes, &element, sizeof element);
  return value;
}

/// A number as an element of a type; integers only if they lose nothing.
bool read_value(PyObject* object, int type, Value* value) {
  double number;
  if (PyBool_Check(object))
    number = object == Py_True;
  else if (!read_number(object, &number))
    return false;
  const bool whole =
      !PyFloat_CheckExact(object) && number >= -0x1p53 && number <= 0x1p53;
  switch (type) {
    case NPY_FLOAT:
      *value = value_of<float>(number);
      return true;
    case NPY_DOUBLE:
      *value = value_of<double>(number);
      return true;
    case NPY_LONG:
    case NPY_LONGLONG:
      *value = value_of<int64_t>(whole ? number : 0);
      return whole && sizeof(long) == 8;
    case NPY_INT:
      *value = value_of<int32_t>(whole ? number : 0);
      return whole && number >= -0x1p31 && number < 0x1p31;
    case NPY_BOOL:
      *value = value_of<uint8_t>(number != 0);
      return true;
    default:
      return false;
  }
}

struct Fill {
  Copy copy;
  Value value;
};

bool launch_fill(const Walk& walk, long size, const Value& value,
                 char* target) {
  return launch(kByteNs * double(walk.size() * size), Fill{{walk, size}, value},
                operands(target), [](const Fill& fill, char* to) {
                  copy_walk(fill.copy.size, fill.copy.walk, to,
                            fill.value.bytes);
                });
}

/// A walk over an array, from one value.
Walk over(PyObject* out) {
  Walk walk;
  for (int i = 0; i < rank_of(out); ++i)
    walk.append(length_of(out, i),
                static_cast<long>(PyArray_STRIDE(as_array(out), i)), 0);
  return walk;
}

PyObject* serve_full(PyObject* const* arguments, Py_ssize_t count) {
  Lengths lengths;
  Value value;
  PyArray_Descr* kind = nullptr;
  if (count != 3 || !lengths.read(arguments[0]) ||
      !PyArray_DescrCheck(arguments[2]))
    return declined();
  kind = reinterpret_cast<PyArray_Descr*>(arguments[2]);
  npy_intp shape[kMaxRank];
  for (int i = 0; i < lengths.count; ++i) {
    shape[i] = lengths.values[i];
    if (shape[i] < 1) return declined();
  }
  if (!PyArray_ISNBO(kind->byteorder) ||
      !read_value(arguments[1], kind->type_num, &value))
    return declined();
  Owned out(new_array(lengths.count, shape, kind->type_num));
  if (!out) return failed();
  launch_fill(over(out.get()), item_size(out.get()), value,
              bytes_of(out.get()));
  return out.release();
}

PyObject* serve_assign(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2 || !is_movable(arguments[0]) ||
      !PyArray_ISWRITEABLE(as_array(arguments[0])) ||
      size_of(arguments[0]) == 0)
    return declined();
  PyObject *out = arguments[0], *values = arguments[1];
  Value value;
  if (read_value(values, type_of(out)->type_num, &value)) {
    launch_fill(over(out), item_size(out), value, bytes_of(out));
    Py_RETURN_NONE;
  }
  Walk walk;
  if (!is_movable(values) || !same_type(out, values) || size_of(values) == 0 ||
      !plan(out, values, &walk) || overlap(out, values))
    return declined();
  launch_copy(walk, item_size(out), bytes_of(out), bytes_of(values));
  Py_RETURN_NONE;
}

// Joining.

struct Part {
  Copy copy;
  char* target;
  const char* source;
};

struct VisitPart {
  template <class Function>
  void operator()(Part& part, const Function& function) const {
    function(part.target);
    function(part.source);
  }
};

/// The shape of what becomes of arrays one after the other. False if they don't
/// fit or some are empty.
bool joined_shape(PyObject** items, Py_ssize_t count, long dim,
                  npy_intp* shape) {
  PyObject* first = items[0];
  if (!is_movable(first)) return false;
  const int rank = rank_of(first);
  if (dim < 0 || dim >= rank) return false;
  for (int i = 0; i < rank; ++i) shape[i] = length_of(first, i);
  shape[dim] = 0;
  for (Py_ssize_t j = 0; j < count; ++j) {
    PyObject* item = items[j];
    if (!is_movable(item) || !same_type(item, first) || rank_of(item) != rank ||
        size_of(item) == 0)
      return false;
    for (int i = 0; i < rank; ++i)
      if (i != dim && length_of(item, i) != shape[i]) return false;
    shape[dim] += length_of(item, static_cast<int>(dim));
  }
  return true;
}

PyObject* serve_concatenate(PyObject* const* arguments, Py_ssize_t count) {
  long dim;
  npy_intp shape[kMaxRank];
  if (count != 2 || !read_integer(arguments[1], &dim) ||
      (!PyList_Check(arguments[0]) && !PyTuple_Check(arguments[0])))
    return declined();
  PyObject** items = PySequence_Fast_ITEMS(arguments[0]);
  const Py_ssize_t parts = PySequence_Fast_GET_SIZE(arguments[0]);
  if (parts == 0 || !joined_shape(items, parts, dim, shape)) return declined();
  const int rank = rank_of(items[0]);
  Owned out(new_array(rank, shape, type_of(items[0])->type_num));
  if (!out) return failed();
  std::vector<Part> steps;
  char* target = bytes_of(out.get());
  const npy_intp* strides = PyArray_STRIDES(as_array(out.get()));
  for (Py_ssize_t j = 0; j < parts; ++j) {
    Part part{{{}, item_size(out.get())}, target, bytes_of(items[j])};
    for (int i = 0; i < rank; ++i)
      part.copy.walk.append(
          length_of(items[j], i), static_cast<long>(strides[i]),
          static_cast<long>(PyArray_STRIDE(as_array(items[j]), i)));
    steps.push_back(part);
    target += length_of(items[j], static_cast<int>(dim)) * strides[dim];
  }
  auto body = [](const Part& part) {
    copy_walk(part.copy.size, part.copy.walk, part.target, part.source);
  };
  launch_call(kByteNs * double(PyArray_NBYTES(as_array(out.get()))),
              ListCall<Part, decltype(body), VisitPart>{std::move(steps), body,
                                                        VisitPart{}});
  return out.release();
}

// A border of one value.

struct Pad {
  Fill fill;
  Walk inside;
  long offset;
};

PyObject* serve_pad(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 4 || !is_movable(arguments[0]) || size_of(arguments[0]) == 0 ||
      !PyUnicode_Check(arguments[2]) ||
      PyUnicode_CompareWithASCIIString(arguments[2], "constant") != 0 ||
      (!PyList_Check(arguments[1]) && !PyTuple_Check(arguments[1])))
    return declined();
  PyObject* x = arguments[0];
  const int rank = rank_of(x);
  Pad pad{};
  Lengths border[kMaxRank];
  npy_intp shape[kMaxRank];
  if (PySequence_Fast_GET_SIZE(arguments[1]) != rank ||
      !read_value(arguments[3], type_of(x)->type_num, &pad.fill.value))
    return declined();
  for (int i = 0; i < rank; ++i) {
    if (!border[i].read(PySequence_Fast_GET_ITEM(arguments[1], i)) ||
        border[i].count != 2 || border[i].values[0] < 0 ||
        border[i].values[1] < 0)
      return declined();
    shape[i] = border[i].values[0] + length_of(x, i) + border[i].values[1];
  }
  Owned out(new_array(rank, shape, type_of(x)->type_num));
  if (!out) return failed();
  const npy_intp* strides = PyArray_STRIDES(as_array(out.get()));
  for (int i = 0; i < rank; ++i) {
    pad.offset += border[i].values[0] * static_cast<long>(strides[i]);
    pad.inside.append(length_of(x, i), static_cast<long>(strides[i]),
                      static_cast<long>(PyArray_STRIDE(as_array(x), i)));
  }
  pad.fill.copy = {over(out.get()), item_size(x)};
  launch(kByteNs * double(PyArray_NBYTES(as_array(out.get()))), pad,
         operands(bytes_of(out.get()), static_cast<const char*>(bytes_of(x))),
         [](const Pad& job, char* to, const char* from) {
           const Copy& copy = job.fill.copy;
           copy_walk(copy.size, copy.walk, to, job.fill.value.bytes);
           copy_walk(copy.size, job.inside, to + job.offset, from);
         });
  return out.release();
}

}  // namespace

void add_movement() {
  add_function("copy", serve_copy);
  add_function("full", serve_full);
  add_function("assign", serve_assign);
  add_function("concatenate", serve_concatenate);
  add_function("pad", serve_pad);
}

}  // namespace tatami
