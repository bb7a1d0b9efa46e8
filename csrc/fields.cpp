// fields.cpp: what tensors, nodes and saved values consist of, and the
// recording of an operation. tatami/fields.py and Operation.apply define what
// this does.
//
// The fields lie in the objects themselves: reading one costs nothing here, and
// Python reads it as fast as an attribute of a class with slots.
#include "fields.h"

#include <nanobind/nanobind.h>
#include <structmember.h>

#include <cstddef>

#include "array.h"

namespace nb = nanobind;

namespace tatami {

Known known;
thread_local Modes modes;

namespace {

// A class of fields.

template <class R>
constexpr size_t kFields = (sizeof(R) - sizeof(PyObject)) / sizeof(PyObject*);

template <class R>
PyObject** fields_of(PyObject* self) {
  return reinterpret_cast<PyObject**>(self + 1);
}

template <class R>
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  for (size_t i = 0; i < kFields<R>; ++i) Py_VISIT(fields_of<R>(self)[i]);
  return 0;
}

template <class R>
int clear(PyObject* self) {
  for (size_t i = 0; i < kFields<R>; ++i) Py_CLEAR(fields_of<R>(self)[i]);
  return 0;
}

template <class R>
void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear<R>(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* new_counter() {
  PyObject* counter = PyList_New(1);
  if (counter) PyList_SET_ITEM(counter, 0, Py_NewRef(known.zero));
  return counter;
}

/// A tensor without array; it takes the reference to the counter.
TensorFields* make_tensor(PyTypeObject* type, PyObject* counter) {
  if (!counter) return nullptr;
  auto* self = reinterpret_cast<TensorFields*>(type->tp_alloc(type, 0));
  if (!self) {
    Py_DECREF(counter);
    return nullptr;
  }
  self->counter = counter;
  self->node = Py_NewRef(Py_None);
  self->output_nr = Py_NewRef(known.zero);
  self->requires_grad = Py_NewRef(Py_False);
  self->base = Py_NewRef(Py_None);
  self->view_version = Py_NewRef(known.zero);
  self->grad = Py_NewRef(Py_None);
  self->hooks = Py_NewRef(Py_None);
  self->post_hooks = Py_NewRef(Py_None);
  return self;
}

PyObject* new_tensor(PyTypeObject* type, PyObject*, PyObject*) {
  return reinterpret_cast<PyObject*>(make_tensor(type, new_counter()));
}

PyObject* new_node(PyTypeObject* type, PyObject*, PyObject*) {
  static long long sequence = 0;
  auto* self = reinterpret_cast<NodeFields*>(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  for (PyObject** field :
       {&self->edges, &self->saved, &self->to_save, &self->needs_input_grad})
    *field = Py_NewRef(known.empty);
  self->sequence = PyLong_FromLongLong(sequence++);
  if (!self->sequence) Py_CLEAR(self);
  return reinterpret_cast<PyObject*>(self);
}

PyObject* new_saved(PyTypeObject* type, PyObject*, PyObject*) {
  auto* self = reinterpret_cast<SavedFields*>(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  self->version = Py_NewRef(known.zero);
  self->counter = Py_NewRef(Py_None);
  self->leaf = Py_NewRef(Py_None);
  self->node = Py_NewRef(Py_None);
  self->output_nr = Py_NewRef(known.minus_one);
  return reinterpret_cast<PyObject*>(self);
}

// Saved values.

PyObject* save_for_backward(PyObject* self, PyObject* const* values,
                            Py_ssize_t count) {
  PyObject* kept = PyTuple_New(count);
  if (!kept) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i)
    PyTuple_SET_ITEM(kept, i, Py_NewRef(values[i]));
  auto* node = reinterpret_cast<NodeFields*>(self);
  Py_SETREF(node->to_save, kept);
  Py_RETURN_NONE;
}

SavedFields* make_saved(TensorFields* tensor) {
  auto* type = reinterpret_cast<PyTypeObject*>(known.saved);
  auto* entry =
      reinterpret_cast<SavedFields*>(new_saved(type, nullptr, nullptr));
  if (!entry) return nullptr;
  set(entry->array, tensor->array);
  set(entry->counter, tensor->counter);
  set(entry->version, PyList_GET_ITEM(tensor->counter, 0));
  return entry;
}

/// An input as it is now.
PyObject* saved_input(TensorFields* tensor) {
  SavedFields* entry = make_saved(tensor);
  if (entry && is_true(tensor->requires_grad)) {
    if (tensor->node == Py_None) {
      set(entry->leaf, reinterpret_cast<PyObject*>(tensor));
    } else {
      set(entry->node, tensor->node);
      set(entry->output_nr, tensor->output_nr);
    }
  }
  return reinterpret_cast<PyObject*>(entry);
}

/// An output without its node: the node must not hold itself.
PyObject* saved_output(TensorFields* tensor) {
  SavedFields* entry = make_saved(tensor);
  if (entry && is_true(tensor->requires_grad))
    set(entry->output_nr, tensor->output_nr);
  return reinterpret_cast<PyObject*>(entry);
}

bool is_value(PyObject* object, PyObject* value) {
  TensorFields* tensor = as_tensor(object);
  return tensor && tensor->array && (tensor->array == value || object == value);
}

PyObject* saved_entry(PyObject* value, PyObject* const* inputs,
                      Py_ssize_t count, PyObject* const* outputs,
                      Py_ssize_t output_count) {
  if (value == Py_None) return Py_NewRef(value);
  for (Py_ssize_t i = 0; i < count; ++i)
    if (is_value(inputs[i], value)) return saved_input(as_tensor(inputs[i]));
  for (Py_ssize_t i = 0; i < output_count; ++i)
    if (is_value(outputs[i], value)) return saved_output(as_tensor(outputs[i]));
  TensorFields* tensor = as_tensor(value);
  if (tensor && tensor->array) return saved_input(tensor);
  if (!PyArray_Check(value)) return Py_NewRef(value);
  auto* type = reinterpret_cast<PyTypeObject*>(known.saved);
  auto* entry =
      reinterpret_cast<SavedFields*>(new_saved(type, nullptr, nullptr));
  if (entry) set(entry->array, value);
  return reinterpret_cast<PyObject*>(entry);
}

/// Tell the in-place operation under way what was saved.
bool log_saved(PyObject* entries) {
  Py_ssize_t depth = PyList_GET_SIZE(known.saved_log);
  if (depth == 0) return true;
  PyObject* log = PyList_GET_ITEM(known.saved_log, depth - 1);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); ++i) {
    PyObject* entry = PyList_GET_ITEM(entries, i);
    bool is_saved = Py_TYPE(entry) == (PyTypeObject*)known.saved;
    if (is_saved && PyList_Append(log, entry) < 0) return false;
  }
  return true;
}

}  // namespace

bool save(NodeFields* node, PyObject* const* inputs, Py_ssize_t count,
          PyObject* const* outputs, Py_ssize_t output_count) {
  if (!PyTuple_Check(node->to_save)) return true;
  Py_ssize_t size = PyTuple_GET_SIZE(node->to_save);
  if (size == 0) return true;
  PyObject* entries = PyList_New(size);
  if (!entries) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* value = PyTuple_GET_ITEM(node->to_save, i);
    PyObject* entry = saved_entry(value, inputs, count, outputs, output_count);
    if (!entry) {
      Py_DECREF(entries);
      return false;
    }
    PyList_SET_ITEM(entries, i, entry);
  }
  Py_SETREF(node->saved, entries);
  set(node->to_save, known.empty);
  return log_saved(entries);
}

TensorFields* wrapped(PyObject* array) {
  auto* type = reinterpret_cast<PyTypeObject*>(known.tensor);
  TensorFields* tensor = make_tensor(type, new_counter());
  if (tensor) tensor->array = Py_NewRef(array);
  return tensor;
}

namespace {

/// A saved value as a tensor with its place in the graph.
PyObject* unpacked(PyObject* object, PyObject* owner) {
  if (Py_TYPE(object) != reinterpret_cast<PyTypeObject*>(known.saved))
    return Py_NewRef(object);
  auto* entry = reinterpret_cast<SavedFields*>(object);
  if (entry->counter != Py_None &&
      PyList_GET_ITEM(entry->counter, 0) != entry->version) {
    int same = PyObject_RichCompareBool(PyList_GET_ITEM(entry->counter, 0),
                                        entry->version, Py_EQ);
    if (same < 0) return nullptr;
    // The definition has the error.
    if (!same) return PyObject_CallMethodOneArg(object, known.unpack, owner);
  }
  if (entry->leaf != Py_None) return Py_NewRef(entry->leaf);
  TensorFields* tensor = wrapped(entry->array);
  if (tensor && entry->output_nr != known.minus_one) {
    set(tensor->node, entry->node == Py_None ? owner : entry->node);
    set(tensor->output_nr, entry->output_nr);
    set(tensor->requires_grad, Py_True);
  }
  return reinterpret_cast<PyObject*>(tensor);
}

PyObject* saved_tensors(PyObject* self, void*) {
  PyObject* saved = reinterpret_cast<NodeFields*>(self)->saved;
  if (saved == Py_None)
    return PyObject_CallMethodNoArgs(self, known.refuse_freed);
  Owned entries(PySequence_Fast(saved, "saved values are a sequence"));
  if (!entries) return nullptr;
  Py_ssize_t size = PySequence_Fast_GET_SIZE(entries.get());
  Owned values(PyTuple_New(size));
  if (!values) return nullptr;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* value =
        unpacked(PySequence_Fast_GET_ITEM(entries.get(), i), self);
    if (!value) return nullptr;
    PyTuple_SET_ITEM(values.get(), i, value);
  }
  return values.release();
}

// Gradients.

PyObject* get_gradient(PyObject* self, void*) {
  auto* tensor = reinterpret_cast<TensorFields*>(self);
  return Py_XNewRef(gradient_of(tensor));
}

int set_gradient(PyObject* self, PyObject* value, void*) {
  auto* tensor = reinterpret_cast<TensorFields*>(self);
  set(tensor->grad, value ? value : Py_None);
  return 0;
}

PyGetSetDef tensor_properties[] = {
    {"_grad", get_gradient, set_gradient, nullptr, nullptr}, {}};

// Into the module.

#define TATAMI_FIELD(type, name, field) \
  {name, T_OBJECT_EX, offsetof(type, field), 0, nullptr}

PyMemberDef tensor_members[] = {
    TATAMI_FIELD(TensorFields, "_array", array),
    TATAMI_FIELD(TensorFields, "_counter", counter),
    TATAMI_FIELD(TensorFields, "_node", node),
    TATAMI_FIELD(TensorFields, "_output_nr", output_nr),
    TATAMI_FIELD(TensorFields, "_requires_grad", requires_grad),
    TATAMI_FIELD(TensorFields, "_base", base),
    TATAMI_FIELD(TensorFields, "_view_version", view_version),
    TATAMI_FIELD(TensorFields, "_hooks", hooks),
    TATAMI_FIELD(TensorFields, "_post_hooks", post_hooks),
    {}};

PyMemberDef node_members[] = {
    TATAMI_FIELD(NodeFields, "edges", edges),
    TATAMI_FIELD(NodeFields, "saved", saved),
    TATAMI_FIELD(NodeFields, "_to_save", to_save),
    TATAMI_FIELD(NodeFields, "needs_input_grad", needs_input_grad),
    TATAMI_FIELD(NodeFields, "sequence", sequence),
    {}};

PyMemberDef saved_members[] = {
    TATAMI_FIELD(SavedFields, "array", array),
    TATAMI_FIELD(SavedFields, "version", version),
    TATAMI_FIELD(SavedFields, "counter", counter),
    TATAMI_FIELD(SavedFields, "leaf", leaf),
    TATAMI_FIELD(SavedFields, "node", node),
    TATAMI_FIELD(SavedFields, "output_nr", output_nr),
    {}};

template <class F>
PyCFunction as_method(F* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef node_methods[] = {
    {"save_for_backward", as_method(save_for_backward), METH_FASTCALL,
     "Keep arrays or tensors of the forward for the backward."},
    {}};

PyGetSetDef node_properties[] = {
    {"saved_tensors", saved_tensors, nullptr,
     "The saved values as tensors, in the order they were saved.", nullptr},
    {}};

template <class R>
PyTypeObject* add_class(nb::module_& module, const char* name, newfunc make,
                        PyMemberDef* members, PyMethodDef* methods,
                        PyGetSetDef* properties) {
  static PyMethodDef no_methods[] = {{}};
  static PyGetSetDef no_properties[] = {{}};
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(make)},
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate<R>)},
      {Py_tp_traverse, reinterpret_cast<void*>(traverse<R>)},
      {Py_tp_clear, reinterpret_cast<void*>(clear<R>)},
      {Py_tp_members, members},
      {Py_tp_methods, methods ? methods : no_methods},
      {Py_tp_getset, properties ? properties : no_properties},
      {0, nullptr}};
  PyType_Spec spec = {
      name, sizeof(R), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw nb::python_error();
  module.attr(std::strrchr(name, '.') + 1) = nb::handle(type);
  return reinterpret_cast<PyTypeObject*>(type);
}

/// Say which classes are made of the fields, and what recording looks at.
void connect(nb::object tensor, nb::object saved, nb::object no_graph,
             nb::object saved_log) {
  known.tensor = tensor.release().ptr();
  known.saved = saved.release().ptr();
  known.no_graph = no_graph.release().ptr();
  known.saved_log = saved_log.release().ptr();
}

void intern_names() {
  struct {
    PyObject** place;
    const char* text;
  } names[] = {{&known.forward, "forward"},
               {&known.node_type, "node_type"},
               {&known.is_view, "is_view"},
               {&known.tensor_arguments, "tensor_arguments"},
               {&known.unrecorded, "_unrecorded"},
               {&known.refresh, "_refresh"},
               {&known.unpack, "unpack"},
               {&known.refuse_freed, "_refuse_freed"},
               {&known.outputs, "outputs"},
               {&known.array, "_array"},
               {&known.replayable, "replayable"}};
  for (auto& name : names) *name.place = PyUnicode_InternFromString(name.text);
}

/// The modes of the thread that asks.
struct PresentModes {};

template <bool Modes::* mode>
void add_mode(nb::class_<PresentModes>& type, const char* name) {
  type.def_prop_rw(
      name, [](const PresentModes&) { return modes.*mode; },
      [](const PresentModes&, bool value) { modes.*mode = value; });
}

void add_modes(nb::module_& module) {
  nb::class_<PresentModes> type(module, "Modes",
                                "How the thread that asks records.");
  type.def(nb::init<>());
  add_mode<&Modes::enabled>(type, "enabled");
  add_mode<&Modes::inference>(type, "inference");
  add_mode<&Modes::check_nan>(type, "check_nan");
}

}  // namespace

void add_fields(nb::module_& module) {
  add_modes(module);
  known.zero = PyLong_FromLong(0);
  known.minus_one = PyLong_FromLong(-1);
  known.empty = PyTuple_New(0);
  intern_names();
  known.tensor_fields =
      add_class<TensorFields>(module, "tatami._native.TensorFields", new_tensor,
                              tensor_members, nullptr, tensor_properties);
  known.node_fields =
      add_class<NodeFields>(module, "tatami._native.NodeFields", new_node,
                            node_members, node_methods, node_properties);
  known.saved_fields =
      add_class<SavedFields>(module, "tatami._native.SavedFields", new_saved,
                             saved_members, nullptr, nullptr);
  for (PyMethodDef* method = recording_functions; method->ml_name; ++method) {
    PyObject* function = PyCFunction_New(method, nullptr);
    if (!function) throw nb::python_error();
    module.attr(method->ml_name) = nb::steal(function);
  }
  module.def("connect", connect, "Say which classes are made of the fields.");
}

}  // namespace tatami
