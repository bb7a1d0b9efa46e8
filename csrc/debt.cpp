// debt.cpp: gradients that nobody has asked for yet.
#include "debt.h"

#include <algorithm>

#include "matrix.h"

namespace nb = nanobind;

namespace tatami {
namespace {

template <class T>
PyObject* product_of(PyObject* a, PyObject* b) {
  Matrix<T> left, right;
  if (!left.read(a) || !right.read(b))
    return PyErr_Format(PyExc_TypeError, "a factor lies between elements");
  const npy_intp lengths[] = {left.rows, right.columns};
  Owned result(new_array<T>(2, lengths));
  if (!result) return nullptr;
  MatrixProduct<T> p{};
  p.M = left.rows;
  p.N = p.out_row = right.columns;
  p.K = left.columns;
  p.a = data_of<T>(a);
  p.a_row = left.row_step;
  p.a_column = left.column_step;
  p.b = data_of<T>(b);
  p.b_row = right.row_step;
  p.b_column = right.column_step;
  p.out = data_of<T>(result.get());
  p.alpha = 1;
  // With the GIL: nobody may use the memory of the factors meanwhile.
  kernels().of<T>().matmul(p);
  return result.release();
}

const Debt* debt_of(PyObject* gradient) {
  return gradient && Py_TYPE(gradient) == known.debt
             ? nb::inst_ptr<Debt>(gradient)
             : nullptr;
}

/// Two matrices of one floating-point type that can be multiplied.
Debt make_debt(nb::object a, nb::object b) {
  bool fits = is_plain(a.ptr()) && is_plain(b.ptr()) && rank_of(a.ptr()) == 2 &&
              rank_of(b.ptr()) == 2 &&
              length_of(a.ptr(), 1) == length_of(b.ptr(), 0);
  int type = fits ? PyArray_TYPE(as_array(a.ptr())) : NPY_NOTYPE;
  if ((type != NPY_FLOAT && type != NPY_DOUBLE) ||
      PyArray_TYPE(as_array(b.ptr())) != type)
    throw nb::type_error("a gradient is owed as two matrices of one type");
  return {nb::make_tuple(a, b)};
}

bool has_shape_of(const Debt& debt, PyObject* array) {
  return rank_of(array) == 2 && length_of(array, 0) == length_of(debt.a(), 0) &&
         length_of(array, 1) == length_of(debt.b(), 1);
}

/// The parameters that have a gradient, their arrays, and those of the
/// gradients, or the factors of gradients that are owed. None where
/// tatami/optim/group.py, which defines this, has an error to raise.
nb::object trained(nb::list parameters, bool take_factors) {
  nb::list chosen, arrays, gradients;
  for (nb::handle parameter : parameters) {
    TensorFields* tensor = as_tensor(parameter.ptr());
    if (!tensor || !tensor->array || !PyArray_Check(tensor->array))
      return nb::none();
    const Debt* debt = take_factors ? debt_of(tensor->grad) : nullptr;
    PyObject* gradient;
    if (debt && has_shape_of(*debt, tensor->array)) {
      gradient = debt->factors.ptr();
    } else {
      PyObject* found = gradient_of(tensor);
      if (!found) throw nb::python_error();
      if (found == Py_None) continue;
      TensorFields* fields = as_tensor(found);
      if (!fields || !fields->array || !PyArray_Check(fields->array) ||
          !PyArray_SAMESHAPE(as_array(fields->array), as_array(tensor->array)))
        return nb::none();
      gradient = fields->array;
    }
    chosen.append(parameter);
    arrays.append(nb::handle(tensor->array));
    gradients.append(nb::handle(gradient));
  }
  return nb::make_tuple(chosen, arrays, gradients);
}

/// Arrays, and how many references to each are accounted for.
class Account {
 public:
  /// Account for a reference; false if the array shows memory of others.
  bool add(PyObject* array) {
    for (auto& [known, count] : found_)
      if (known == array) return ++count, true;
    found_.push_back({array, 1});
    PyObject* base = PyArray_BASE(as_array(array));
    if (!base) return PyArray_CHKFLAGS(as_array(array), NPY_ARRAY_OWNDATA);
    return PyArray_Check(base) && add(base);
  }
  bool is_complete() const {
    return std::all_of(found_.begin(), found_.end(), [](const auto& entry) {
      return Py_REFCNT(entry.first) == entry.second;
    });
  }

 private:
  std::vector<std::pair<PyObject*, Py_ssize_t>> found_;
};

}  // namespace

bool settle(TensorFields* tensor) {
  const Debt* debt = debt_of(tensor->grad);
  PyObject *a = debt->a(), *b = debt->b();
  bool is_float = PyArray_TYPE(as_array(a)) == NPY_FLOAT;
  Owned formed(is_float ? product_of<float>(a, b) : product_of<double>(a, b));
  Owned gradient(formed ? reinterpret_cast<PyObject*>(wrapped(formed.get()))
                        : nullptr);
  if (!gradient) return false;
  set(tensor->grad, gradient.get());
  return true;
}

bool nobody_else_reaches(const std::vector<PyArrayObject*>& arrays,
                         const char* first, const char* last) {
  Account account;
  for (PyArrayObject* array : arrays) {
    const char* start = static_cast<char*>(PyArray_DATA(array));
    if (start < first || start >= last) continue;
    if (!account.add(reinterpret_cast<PyObject*>(array))) return false;
  }
  return account.is_complete();
}

nb::object MatrixPlace::in(PyObject* base, char* memory, int type) const {
  PyObject* array = PyArray_NewFromDescr(
      &PyArray_Type, PyArray_DescrFromType(type), 2, lengths, strides,
      memory + offset, NPY_ARRAY_ALIGNED, nullptr);
  if (!array || PyArray_SetBaseObject(as_array(array), Py_NewRef(base)) < 0)
    throw nb::python_error();
  return nb::steal(array);
}

void add_debt(nb::module_& module) {
  nb::class_<Debt> type(module, "Debt", "A gradient that is to be formed.");
  type.def(nb::new_(&make_debt), nb::arg("a"), nb::arg("b"))
      .def_ro("factors", &Debt::factors);
  known.debt = reinterpret_cast<PyTypeObject*>(type.ptr());
  known.settle = settle;
  module.def("trained", trained, nb::arg("parameters"), nb::arg("take_factors"),
             "The parameters that have a gradient, with their arrays.");
}

}  // namespace tatami
