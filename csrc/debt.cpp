// debt.cpp: gradients that nobody has asked for yet.
#include "debt.h"

#include "array.h"
#include "fields.h"

namespace nb = nanobind;

namespace tatami {
namespace {

template <class T>
PyObject* product_of(PyObject* a, PyObject* b) {
  MatrixProduct<T> p{};
  const npy_intp lengths[] = {length_of(a, 0), length_of(b, 1)};
  Owned result(new_array<T>(2, lengths));
  if (!result || !read_matrix(a, &p.a_row, &p.a_column) ||
      !read_matrix(b, &p.b_row, &p.b_column))
    return nullptr;
  p.M = lengths[0];
  p.N = p.out_row = lengths[1];
  p.K = length_of(a, 1);
  p.a = data_of<T>(a);
  p.b = data_of<T>(b);
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

bool settle(TensorFields* tensor) {
  const Debt* debt = debt_of(tensor->grad);
  PyObject *a = debt->a.ptr(), *b = debt->b.ptr();
  bool is_float = PyArray_TYPE(as_array(a)) == NPY_FLOAT;
  Owned formed(is_float ? product_of<float>(a, b) : product_of<double>(a, b));
  Owned gradient(formed ? reinterpret_cast<PyObject*>(wrapped(formed.get()))
                        : nullptr);
  if (!gradient) return false;
  set(tensor->grad, gradient.get());
  return true;
}

/// Two matrices of one floating-point type that can be multiplied.
Debt make_debt(nb::object a, nb::object b) {
  bool fits = is_plain(a.ptr()) && is_plain(b.ptr()) && rank_of(a.ptr()) == 2 &&
              rank_of(b.ptr()) == 2 &&
              length_of(a.ptr(), 1) == length_of(b.ptr(), 0);
  int type = fits ? PyArray_TYPE(as_array(a.ptr())) : NPY_NOTYPE;
  long row, column;
  if ((type != NPY_FLOAT && type != NPY_DOUBLE) ||
      PyArray_TYPE(as_array(b.ptr())) != type ||
      !read_matrix(a.ptr(), &row, &column) ||
      !read_matrix(b.ptr(), &row, &column))
    throw nb::type_error("a gradient is owed as two matrices of one type");
  return {std::move(a), std::move(b)};
}

/// Which of some parameters are owed a gradient of their shape: (parameter,
/// debt) pairs, or None if there are none.
nb::object debts_of(nb::list parameters) {
  nb::object found = nb::none();
  for (nb::handle parameter : parameters) {
    TensorFields* tensor = as_tensor(parameter.ptr());
    const Debt* debt = tensor ? debt_of(tensor->grad) : nullptr;
    if (!debt) continue;
    PyObject* array = tensor->array;
    if (rank_of(array) != 2 ||
        length_of(array, 0) != length_of(debt->a.ptr(), 0) ||
        length_of(array, 1) != length_of(debt->b.ptr(), 1))
      continue;
    if (found.is_none()) found = nb::list();
    nb::borrow<nb::list>(found).append(
        nb::make_tuple(parameter, nb::handle(tensor->grad)));
  }
  return found;
}

}  // namespace

void add_debt(nb::module_& module) {
  nb::class_<Debt> type(module, "Debt", "A gradient that is to be formed.");
  type.def(nb::new_(&make_debt), nb::arg("a"), nb::arg("b"))
      .def_ro("a", &Debt::a)
      .def_ro("b", &Debt::b);
  known.debt = reinterpret_cast<PyTypeObject*>(type.ptr());
  known.settle = settle;
  module.def("debts_of", debts_of, nb::arg("parameters"),
             "Which parameters are owed a gradient of their shape.");
}

}  // namespace tatami
