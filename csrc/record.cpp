// record.cpp: running an operation's forward, and recording it as a step of the
// graph. Operation.apply defines what this does.
#include <vector>

#include "fields.h"

namespace tatami {
namespace {

/// What recording asks of the class of an operation.
struct Operation {
  PyTypeObject* type = nullptr;
  unsigned version = 0;
  PyObject *forward = nullptr, *node_type = nullptr;
  bool is_view = false;
  long tensor_arguments = 0;
};

/// The number Python gives a class, anew whenever it changes; 0 for none.
unsigned version_of(PyTypeObject* type) {
#ifdef Py_TPFLAGS_VALID_VERSION_TAG
  if (!PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG)) return 0;
#endif
  return type->tp_version_tag;
}

/// Fill in what a class says now. False with an error set.
bool ask(PyObject* type, Operation& operation) {
  Owned forward(PyObject_GetAttr(type, known.forward));
  Owned node_type(PyObject_GetAttr(type, known.node_type));
  Owned is_view(PyObject_GetAttr(type, known.is_view));
  Owned shown(PyObject_GetAttr(type, known.tensor_arguments));
  if (!forward || !node_type || !is_view || !shown) return false;
  Py_XSETREF(operation.forward, forward.release());
  Py_XSETREF(operation.node_type, node_type.release());
  operation.is_view = is_true(is_view.get());
  operation.tensor_arguments = PyLong_AsLong(shown.get());
  Py_INCREF(type);
  Py_XDECREF(operation.type);
  operation.type = reinterpret_cast<PyTypeObject*>(type);
  operation.version = version_of(operation.type);
  return true;
}

/// What a class says, asked once for each version of it; nullptr with an error
/// set.
const Operation* operation_of(PyObject* type) {
  constexpr size_t kCount = 256;
  static Operation known_ones[kCount];
  auto* wanted = reinterpret_cast<PyTypeObject*>(type);
  Operation& place = known_ones[(reinterpret_cast<size_t>(type) >> 6) % kCount];
  unsigned version = version_of(wanted);
  if (place.type == wanted && version && place.version == version)
    return &place;
  return ask(type, place) ? &place : nullptr;
}

/// The arguments of one call, with arrays in the place of tensors.
class Arguments {
 public:
  Arguments(PyObject* const* inputs, Py_ssize_t count) : count_(count) {
    arrays_.reserve(size_t(count) + 1);
    arrays_.push_back(nullptr);  // for the context
    for (Py_ssize_t i = 0; i < count && ok_; ++i) ok_ = add(inputs[i]);
  }
  ~Arguments() {
    for (size_t i = 1; i < arrays_.size(); ++i) Py_DECREF(arrays_[i]);
  }
  Arguments(const Arguments&) = delete;

  bool ok() const { return ok_; }
  bool needs_grad() const { return needs_grad_; }
  PyObject* call(PyObject* forward, PyObject* context) {
    arrays_[0] = context;
    return PyObject_Vectorcall(forward, arrays_.data(), size_t(count_) + 1,
                               nullptr);
  }

 private:
  bool add(PyObject* value) {
    TensorFields* tensor = as_tensor(value);
    if (tensor) {
      if (tensor->base != Py_None) {
        Owned done(PyObject_CallMethodNoArgs(value, known.refresh));
        if (!done) return false;
      }
      needs_grad_ |= is_true(tensor->requires_grad);
      value = tensor->array ? Py_NewRef(tensor->array)
                            : PyObject_GetAttr(value, known.array);
      if (!value) return false;
    } else {
      Py_INCREF(value);
    }
    arrays_.push_back(value);
    return true;
  }

  Py_ssize_t count_;
  std::vector<PyObject*> arrays_;
  bool needs_grad_ = false, ok_ = true;
};

/// Where the gradient of each argument goes, and which have one.
bool set_edges(NodeFields* node, PyObject* const* inputs, Py_ssize_t count,
               long tensor_arguments) {
  Owned edges(PyList_New(count)), needs(PyTuple_New(count));
  if (!edges || !needs) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    TensorFields* tensor = as_tensor(inputs[i]);
    PyObject* edge;
    if (tensor && is_true(tensor->requires_grad)) {
      PyObject* target = tensor->node == Py_None ? inputs[i] : tensor->node;
      edge = PyTuple_Pack(2, target, tensor->output_nr);
      if (!edge) return false;
    } else {
      bool shown = tensor || inputs[i] == Py_None || i < tensor_arguments;
      edge = Py_NewRef(shown ? Py_None : known.empty);
    }
    PyTuple_SET_ITEM(
        needs.get(), i,
        Py_NewRef(PyTuple_Check(edge) && PyTuple_GET_SIZE(edge) ? Py_True
                                                                : Py_False));
    PyList_SET_ITEM(edges.get(), i, edge);
  }
  Py_SETREF(node->edges, edges.release());
  Py_SETREF(node->needs_input_grad, needs.release());
  return true;
}

/// 1 if an array has a floating-point type, -1 with an error if it is none.
int is_floating(PyObject* array) {
  if (PyArray_Check(array)) return PyArray_DESCR(as_array(array))->kind == 'f';
  PyErr_Format(PyExc_TypeError, "a forward returned a %s, not an array",
               Py_TYPE(array)->tp_name);
  return -1;
}

PyObject* recorded_output(NodeFields* node, PyObject* view_of, PyObject* array,
                          Py_ssize_t i) {
  int floating = is_floating(array);
  if (floating < 0) return nullptr;
  TensorFields* tensor = wrapped(array);
  if (!tensor) return nullptr;
  if (view_of) {
    TensorFields* source = as_tensor(view_of);
    set(tensor->counter, source->counter);
    set(tensor->base, source->base == Py_None ? view_of : source->base);
    set(tensor->view_version, PyList_GET_ITEM(source->counter, 0));
  }
  if (floating) {
    set(tensor->node, reinterpret_cast<PyObject*>(node));
    set(tensor->requires_grad, Py_True);
  }
  if (i) Py_SETREF(tensor->output_nr, PyLong_FromSsize_t(i));
  return reinterpret_cast<PyObject*>(tensor);
}

PyObject* record(const Operation& operation, Arguments& arguments,
                 PyObject* const* inputs, Py_ssize_t count) {
  PyObject* view_of = operation.is_view ? inputs[0] : nullptr;
  Owned forward(Py_NewRef(operation.forward));
  long tensor_arguments = operation.tensor_arguments;
  Owned made(PyObject_CallNoArgs(operation.node_type));
  if (!made) return nullptr;
  auto* node = reinterpret_cast<NodeFields*>(made.get());
  if (!set_edges(node, inputs, count, tensor_arguments)) return nullptr;
  Owned result(arguments.call(forward.get(), made.get()));
  if (!result) return nullptr;
  if (!PyTuple_CheckExact(result.get())) {
    Owned output(recorded_output(node, view_of, result.get(), 0));
    PyObject* pointer = output.get();
    if (!output || !save(node, inputs, count, &pointer, 1)) return nullptr;
    return output.release();
  }
  Py_ssize_t size = PyTuple_GET_SIZE(result.get());
  Owned outputs(PyTuple_New(size));
  if (!outputs) return nullptr;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* output =
        recorded_output(node, view_of, PyTuple_GET_ITEM(result.get(), i), i);
    if (!output) return nullptr;
    PyTuple_SET_ITEM(outputs.get(), i, output);
  }
  Owned number(PyLong_FromSsize_t(size));
  if (!number ||
      PyObject_SetAttr(made.get(), known.outputs, number.get()) < 0 ||
      !save(node, inputs, count, &PyTuple_GET_ITEM(outputs.get(), 0), size))
    return nullptr;
  return outputs.release();
}

/// A class's apply: run the forward and, if an input needs a gradient, record
/// the step.
PyObject* apply(PyObject*, PyObject* const* values, Py_ssize_t size) {
  PyObject* type = values[0];
  PyObject* const* inputs = values + 1;
  Py_ssize_t count = size - 1;
  Arguments arguments(inputs, count);
  const Operation* operation = arguments.ok() ? operation_of(type) : nullptr;
  if (!operation) return nullptr;
  if (arguments.needs_grad() && modes.enabled)
    return record(*operation, arguments, inputs, count);
  // What is called may have the class asked anew.
  Owned forward(Py_NewRef(operation->forward));
  const bool is_view = operation->is_view;
  Owned result(arguments.call(forward.get(), known.no_graph));
  if (!result) return nullptr;
  if (!is_view && !modes.inference && !PyTuple_CheckExact(result.get()))
    return reinterpret_cast<PyObject*>(wrapped(result.get()));
  Owned given(PyTuple_New(count));
  if (!given) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i)
    PyTuple_SET_ITEM(given.get(), i, Py_NewRef(inputs[i]));
  return PyObject_CallMethodObjArgs(type, known.unrecorded, given.get(),
                                    result.get(), nullptr);
}

PyObject* wrap(PyObject*, PyObject* array) {
  return reinterpret_cast<PyObject*>(wrapped(array));
}

/// Whether nothing but this tensor knows of its array's memory, the elements
/// are floating, and the tensor is nothing but the result of a step.
bool is_sole_owner(const TensorFields* tensor) {
  PyObject* array = tensor->array;
  if (!array || !PyArray_CheckExact(array) || Py_REFCNT(array) != 1)
    return false;
  auto* fields = reinterpret_cast<PyArrayObject_fields*>(array);
  constexpr int kFlags = NPY_ARRAY_CARRAY | NPY_ARRAY_OWNDATA;
  const bool leaf = tensor->node == Py_None && is_true(tensor->requires_grad);
  return (fields->flags & kFlags) == kFlags && !fields->base &&
         fields->descr->kind == 'f' && fields->mem_handler &&
         tensor->base == Py_None && tensor->hooks == Py_None &&
         tensor->post_hooks == Py_None && !leaf;
}

/// An array of the memory of a tensor that nobody will look at any more, or
/// None. Who calls has to know that nobody will.
PyObject* take_memory(PyObject*, PyObject* value) {
  TensorFields* tensor = as_tensor(value);
  if (!tensor || !is_sole_owner(tensor)) Py_RETURN_NONE;
  auto* old = reinterpret_cast<PyArrayObject_fields*>(tensor->array);
  PyObject* array = PyArray_NewFromDescr(
      &PyArray_Type, reinterpret_cast<PyArray_Descr*>(Py_NewRef(old->descr)),
      old->nd, old->dimensions, old->strides, old->data, NPY_ARRAY_CARRAY,
      nullptr);
  if (!array) return nullptr;
  auto* heir = reinterpret_cast<PyArrayObject_fields*>(array);
  heir->mem_handler = Py_NewRef(old->mem_handler);
  heir->flags |= NPY_ARRAY_OWNDATA;
  old->flags &= ~NPY_ARRAY_OWNDATA;
  old->base = Py_NewRef(array);
  return array;
}

}  // namespace

PyMethodDef recording_functions[] = {
    {"apply",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(apply)),
     METH_FASTCALL,
     "Run an operation's forward and record it if a gradient is needed."},
    {"wrap", wrap, METH_O,
     "Make a tensor around an array, without a copy and without a check."},
    {"take_memory", take_memory, METH_O,
     "Take the memory of a tensor over that nobody will look at any more."},
    {}};

}  // namespace tatami
