// members.cpp: parameters and submodules as attributes.
//
// To a class with `__getattr__` Python gives a way that first fails as for any
// other class, with an error, and then calls `__getattr__`; that takes longer
// than many a kernel. The way here knows where modules keep such attributes,
// and leaves all else to Python's.
#include "members.h"

#include "array.h"

namespace nb = nanobind;

namespace tatami {
namespace {

/// The way of a class with `__getattr__`.
getattrofunc pythons_way = nullptr;

PyObject* in_dictionary(PyObject* owner, PyObject* key) {
  PyObject* found = PyDict_GetItemWithError(owner, key);
  if (!found) PyErr_Clear();
  return found;
}

/// An attribute of the object itself, or a member: borrowed, or nullptr.
PyObject* member(PyObject* own, PyObject* name) {
  static PyObject* const stores[] = {PyUnicode_InternFromString("_parameters"),
                                     PyUnicode_InternFromString("_modules"),
                                     PyUnicode_InternFromString("_buffers")};
  if (PyObject* found = in_dictionary(own, name)) return found;
  for (PyObject* store : stores) {
    PyObject* members = in_dictionary(own, store);
    if (!members ||
        !(PyDict_CheckExact(members) || PyODict_CheckExact(members)))
      return nullptr;
    if (PyObject* found = in_dictionary(members, name)) return found;
  }
  return nullptr;
}

PyObject* find_attribute(PyObject* self, PyObject* name) {
  if (PyUnicode_CheckExact(name) && !_PyType_Lookup(Py_TYPE(self), name)) {
    Owned own(PyObject_GenericGetDict(self, nullptr));
    PyObject* found = own ? member(own.get(), name) : nullptr;
    if (found) return Py_NewRef(found);
    PyErr_Clear();
  }
  return pythons_way(self, name);
}

/// Let the objects of a class find members this way. It must have the
/// `__getattr__` of modules and no `__getattribute__`; if it is given others,
/// Python gives it their way.
void find_members_of(nb::handle type) {
  auto* known = reinterpret_cast<PyTypeObject*>(type.ptr());
  if (!pythons_way) pythons_way = known->tp_getattro;
  if (known->tp_getattro == pythons_way) known->tp_getattro = find_attribute;
}

}  // namespace

void add_members(nb::module_& module) {
  module.def("find_members_of", find_members_of, nb::arg("type"),
             "Let the modules of a class find their members without errors.");
}

}  // namespace tatami
