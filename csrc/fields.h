// fields.h: the fields of tensors, nodes and saved values.
#pragma once

#include <nanobind/nanobind.h>

#include "array.h"

namespace tatami {

// Every field is an object, or null where Python finds no attribute.

/// How a thread records; tatami/autograd/grad_mode.py sets it.
struct Modes {
  bool enabled = true, inference = false, check_nan = false;

  bool operator==(const Modes& other) const {
    return enabled == other.enabled && inference == other.inference &&
           check_nan == other.check_nan;
  }
};

extern thread_local Modes modes;

struct TensorFields {
  PyObject_HEAD PyObject* array;
  PyObject* counter;  // [version], shared by all views of the same memory
  PyObject* node;
  PyObject* output_nr;
  PyObject* requires_grad;
  PyObject* base;
  PyObject* view_version;
  PyObject* grad;
  PyObject* hooks;       // of its gradient
  PyObject* post_hooks;  // once its gradient is there
};

struct NodeFields {
  PyObject_HEAD PyObject* edges;
  PyObject* saved;
  PyObject* to_save;
  PyObject* needs_input_grad;
  PyObject* sequence;
};

struct SavedFields {
  PyObject_HEAD PyObject* array;
  PyObject* version;
  PyObject* counter;
  PyObject* leaf;
  PyObject* node;
  PyObject* output_nr;
};

/// Objects that are needed again and again.
struct Known {
  PyObject *zero, *minus_one, *empty;
  PyTypeObject *tensor_fields, *node_fields, *saved_fields;
  PyTypeObject* debt;  // stands in the place of gradients
  bool (*settle)(struct TensorFields* tensor);  // false with an error set
  PyObject *tensor, *saved;  // the classes made of the fields
  PyObject *no_graph, *saved_log;
  PyObject *forward, *node_type, *is_view, *tensor_arguments, *unrecorded,
      *refresh, *unpack, *refuse_freed, *outputs, *array, *replayable;
};

extern Known known;

inline void set(PyObject*& field, PyObject* value) {
  PyObject* old = field;
  field = Py_NewRef(value);
  Py_XDECREF(old);
}

inline TensorFields* as_tensor(PyObject* object) {
  return PyObject_TypeCheck(object, known.tensor_fields)
             ? reinterpret_cast<TensorFields*>(object)
             : nullptr;
}

inline bool is_true(PyObject* flag) {
  return flag == Py_True;
}

/// The gradient of a tensor, borrowed. One that is owed is formed first;
/// nullptr with an error set if that fails.
inline PyObject* gradient_of(TensorFields* tensor) {
  bool owed = tensor->grad && Py_TYPE(tensor->grad) == known.debt;
  return owed && !known.settle(tensor) ? nullptr : tensor->grad;
}

/// A tensor around an array.
TensorFields* wrapped(PyObject* array);

/// Keep what a forward asked to keep, each with its place in the graph.
bool save(NodeFields* node, PyObject* const* inputs, Py_ssize_t count,
          PyObject* const* outputs, Py_ssize_t output_count);

/// The functions of the module that record operations.
extern PyMethodDef recording_functions[];

void add_fields(nanobind::module_& module);

}  // namespace tatami
