// guards.cpp: whether Python objects still hold what they held.
#include "guards.h"

#include <cmath>
#include <unordered_map>

#include "fields.h"

namespace tatami {

bool is_same(PyObject* found, PyObject* expected) {
  if (!found) return expected == Py_NotImplemented;
  if (found == expected) return true;
  if (Py_TYPE(found) != Py_TYPE(expected)) return false;
  if (!PyFloat_CheckExact(found) && !PyLong_CheckExact(found) &&
      !PyUnicode_CheckExact(found))
    return false;
  // 0.0 is not -0.0.
  if (PyFloat_CheckExact(found) &&
      std::signbit(PyFloat_AS_DOUBLE(found)) !=
          std::signbit(PyFloat_AS_DOUBLE(expected)))
    return false;
  return PyObject_RichCompareBool(found, expected, Py_EQ) == 1;
}

namespace {

/// Where a tensor keeps an attribute that guards often ask for, or nullptr.
PyObject** field_of(PyObject* owner, PyObject* key) {
  static PyObject* const array = PyUnicode_InternFromString("_array");
  static PyObject* const node = PyUnicode_InternFromString("_node");
  static PyObject* const needs = PyUnicode_InternFromString("_requires_grad");
  static PyObject* const grad = PyUnicode_InternFromString("_grad");
  static PyObject* const hooks = PyUnicode_InternFromString("_hooks");
  static PyObject* const after = PyUnicode_InternFromString("_post_hooks");
  TensorFields* tensor = as_tensor(owner);
  if (!tensor) return nullptr;
  return key == array   ? &tensor->array
         : key == node  ? &tensor->node
         : key == needs ? &tensor->requires_grad
         : key == grad  ? &tensor->grad
         : key == hooks ? &tensor->hooks
         : key == after ? &tensor->post_hooks
                        : nullptr;
}

/// Whether an object holds another: a dictionary or list under a key, a cell,
/// or anything else as an attribute. With Ellipsis as key: how much it holds;
/// with a name in a tuple: that the attribute is not None. A key that is not
/// there holds NotImplemented.
bool holds(PyObject* owner, PyObject* key, PyObject* expected) {
  if (PyDict_Check(owner)) {
    if (key == Py_Ellipsis)
      return PyDict_Size(owner) == PyLong_AsSsize_t(expected);
    return is_same(PyDict_GetItemWithError(owner, key), expected);
  }
  if (PyObject** field = field_of(owner, key)) return is_same(*field, expected);
  if (PyCell_Check(owner)) return is_same(PyCell_GET(owner), expected);
  if (PyTuple_Check(key)) {
    PyObject* name = PyTuple_GET_ITEM(key, 0);
    if (PyObject** field = field_of(owner, name)) return *field != Py_None;
    Owned found(PyObject_GetAttr(owner, name));
    return found && found.get() != Py_None;
  }
  if (!PyList_Check(owner)) {
    Owned found(PyObject_GetAttr(owner, key));
    return is_same(found.get(), expected);
  }
  if (key == Py_Ellipsis)
    return PyList_GET_SIZE(owner) == PyLong_AsSsize_t(expected);
  Py_ssize_t index = PyLong_AsSsize_t(key);
  return index >= 0 && index < PyList_GET_SIZE(owner) &&
         is_same(PyList_GET_ITEM(owner, index), expected);
}

}  // namespace

/// Whether owners still hold what they held: (owner, key, object) triples in
/// one flat tuple.
bool all_hold(nb::tuple triples) {
  PyObject** items = reinterpret_cast<PyTupleObject*>(triples.ptr())->ob_item;
  Py_ssize_t count = PyTuple_GET_SIZE(triples.ptr());
  for (Py_ssize_t i = 0; i + 2 < count; i += 3)
    if (!holds(items[i], items[i + 1], items[i + 2])) {
      PyErr_Clear();
      return false;
    }
  PyErr_Clear();
  return true;
}

namespace {

/// A number that every write to any dictionary gives it anew; 0 where Python
/// has none.
uint64_t version_of(PyObject* owner) {
#if PY_VERSION_HEX < 0x030C0000
  if (PyDict_Check(owner))
    return reinterpret_cast<PyDictObject*>(owner)->ma_version_tag;
#endif
  (void)owner;
  return 0;
}

}  // namespace

Guards::Guards(nb::tuple triples) : triples_(std::move(triples)) {
  PyObject** items = reinterpret_cast<PyTupleObject*>(triples_.ptr())->ob_item;
  Py_ssize_t count = PyTuple_GET_SIZE(triples_.ptr());
  std::unordered_map<PyObject*, std::vector<PyObject**>> by_owner;
  std::vector<PyObject*> owners;
  for (Py_ssize_t i = 0; i + 2 < count; i += 3) {
    auto& own = by_owner[items[i]];
    if (own.empty()) owners.push_back(items[i]);
    own.push_back(items + i);
  }
  for (PyObject* owner : owners) {
    const auto& own = by_owner[owner];
    size_t begin = order_.size();
    order_.insert(order_.end(), own.begin(), own.end());
    groups_.push_back({owner, 0, begin, order_.size()});
  }
}

bool Guards::holds(const Group& group) const {
  for (size_t i = group.begin; i < group.end; ++i) {
    PyObject** triple = order_[i];
    if (!tatami::holds(triple[0], triple[1], triple[2])) return false;
  }
  return true;
}

bool Guards::all_hold() {
  bool held = true;
  for (Group& group : groups_) {
    const uint64_t version = version_of(group.owner);
    if (version != 0 && version == group.version) continue;
    held = holds(group);
    if (!held) break;
    group.version = version;
  }
  PyErr_Clear();
  return held;
}

}  // namespace tatami
