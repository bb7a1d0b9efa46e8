// debt.h: gradients that nobody has asked for yet.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "array.h"
#include "fields.h"

namespace tatami {

/// Stands in the place of a gradient that is the product of two matrices, which
/// nobody can change. Whoever reads the gradient has it formed.
struct Debt {
  nanobind::tuple factors;

  PyObject* a() const { return PyTuple_GET_ITEM(factors.ptr(), 0); }
  PyObject* b() const { return PyTuple_GET_ITEM(factors.ptr(), 1); }
};

/// A matrix in memory that a base holds.
struct MatrixPlace {
  size_t slot;
  npy_intp offset, lengths[2], strides[2];  // bytes

  nanobind::object in(PyObject* base, char* memory, int type) const;
};

/// Whether nobody can reach the memory [first, last) but through `arrays`, of
/// which each is held once for every time it is there.
bool nobody_else_reaches(const std::vector<PyArrayObject*>& arrays,
                         const char* first, const char* last);

/// Form the gradient of a tensor that is owed it; false with an error set.
bool settle(TensorFields* tensor);

void add_debt(nanobind::module_& module);

}  // namespace tatami
