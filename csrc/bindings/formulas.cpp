// formulas.cpp: activation functions with their ways back, and steps of an
// LSTM.
#include "../formulas.h"

#include "broadcast.h"

namespace tatami {
namespace {

struct Elements {
  Formula formula;
  long count;
  double cost;  // ns of an element
};

/// Run `body(begin, end)` over blocks of elements.
template <class Body>
void over_blocks(const Elements& job, const Body& body) {
  constexpr long kBlock = Loop::kBlock;
  parallel_for((job.count + kBlock - 1) / kBlock, job.cost * kBlock,
               [&](long begin, long end) {
                 const long stop = end * kBlock;
                 body(begin * kBlock, stop < job.count ? stop : job.count);
               });
}

template <class T>
Elements elements_of(Formula formula, PyObject* x) {
  return {formula, size_of(x), sizeof(T) == 8 ? 20.0 : 1.0};
}

template <class T>
PyObject* value(Formula formula, PyObject* object) {
  const Elements job = elements_of<T>(formula, object);
  if (job.count == 0) return declined();
  Owned x = contiguous(object);
  if (!x) return failed();
  Owned out(new_like<T>(object));
  if (!out) return failed();
  bool done = launch(job.cost * double(job.count), job,
                     operands(data_of<T>(x.get()), data_of<T>(out.get())),
                     [](const Elements& j, const T* source, T* result) {
                       auto kernel = formulas().of<T>().value[int(j.formula)];
                       over_blocks(j, [&](long begin, long end) {
                         kernel(source + begin, result + begin, end - begin);
                       });
                     });
  return finished(done, out);
}

template <Formula kFormula>
PyObject* serve_value(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 1) return declined();
  return TATAMI_BY_TYPE(arguments[0], value, kFormula, arguments[0]);
}

template <class T>
PyObject* slope(Formula formula, PyObject* grad_output, PyObject* object) {
  const Elements job = elements_of<T>(formula, object);
  if (job.count == 0 || !is_plain_of<T>(grad_output) ||
      !PyArray_SAMESHAPE(as_array(grad_output), as_array(object)))
    return declined();
  Owned grad = contiguous(grad_output), x = contiguous(object);
  if (!grad || !x) return failed();
  Owned out(new_like<T>(object));
  if (!out) return failed();
  bool done = launch(
      job.cost * double(job.count), job,
      operands(data_of<T>(grad.get()), data_of<T>(x.get()),
               data_of<T>(out.get())),
      [](const Elements& j, const T* gradient, const T* source, T* result) {
        auto kernel = formulas().of<T>().slope[int(j.formula)];
        over_blocks(j, [&](long begin, long end) {
          kernel(gradient + begin, source + begin, result + begin, end - begin);
        });
      });
  return finished(done, out);
}

template <Formula kFormula>
PyObject* serve_slope(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return declined();
  return TATAMI_BY_TYPE(arguments[1], slope, kFormula, arguments[0],
                        arguments[1]);
}

// Steps of an LSTM.

struct Units {
  long N, H;
};

template <class T>
double row_ns(long H) {
  return double(H) * (sizeof(T) == 8 ? 60 : 5);
}

template <class T>
bool is_matrix(PyObject* object, long rows, long columns) {
  return is_plain_of<T>(object) && is_contiguous(object) &&
         rank_of(object) == 2 && length_of(object, 0) == rows &&
         length_of(object, 1) == columns;
}

/// N and H of gates (N, 4 H).
template <class T>
bool read_units(PyObject* gates, Units* units) {
  if (rank_of(gates) != 2 || size_of(gates) == 0) return false;
  *units = {length_of(gates, 0), length_of(gates, 1) / 4};
  return is_matrix<T>(gates, units->N, 4 * units->H);
}

template <class T>
PyObject* lstm_cell(PyObject* gates, PyObject* cell) {
  Units units;
  if (!read_units<T>(gates, &units) || !is_matrix<T>(cell, units.N, units.H))
    return declined();
  Owned hidden(new_like<T>(cell)), next(new_like<T>(cell));
  Owned opened(new_like<T>(gates)), bent(new_like<T>(cell));
  if (!hidden || !next || !opened || !bent) return failed();
  launch(row_ns<T>(units.H) * double(units.N), units,
         operands(data_of<T>(gates), data_of<T>(cell), data_of<T>(hidden.get()),
                  data_of<T>(next.get()), data_of<T>(opened.get()),
                  data_of<T>(bent.get())),
         [](const Units& u, const T* in, const T* old, T* out, T* new_cell,
            T* open, T* bend) {
           const LstmCell<T> step{u.N, u.H, in, old, out, new_cell, open, bend};
           parallel_for(u.N, row_ns<T>(u.H), [&](long begin, long end) {
             formulas().of<T>().lstm_cell(step, begin, end);
           });
         });
  return PyTuple_Pack(4, hidden.get(), next.get(), opened.get(), bent.get());
}

PyObject* serve_lstm_cell(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return declined();
  return TATAMI_BY_TYPE(arguments[0], lstm_cell, arguments[0], arguments[1]);
}

template <class T>
bool is_gradient(PyObject* object, const Units& units) {
  return object == Py_None || is_matrix<T>(object, units.N, units.H);
}

template <class T>
T* data_or_null(PyObject* object) {
  return object == Py_None ? nullptr : data_of<T>(object);
}

template <class T>
PyObject* lstm_cell_grad(PyObject* grad_hidden, PyObject* grad_new_cell,
                         PyObject* opened, PyObject* bent, PyObject* cell) {
  Units units;
  if (!read_units<T>(opened, &units) || !is_matrix<T>(bent, units.N, units.H) ||
      !is_matrix<T>(cell, units.N, units.H) ||
      !is_gradient<T>(grad_hidden, units) ||
      !is_gradient<T>(grad_new_cell, units))
    return declined();
  Owned gates(new_like<T>(opened)), rest(new_like<T>(cell));
  if (!gates || !rest) return failed();
  launch(row_ns<T>(units.H) * double(units.N) / 5, units,
         operands(data_or_null<T>(grad_hidden), data_or_null<T>(grad_new_cell),
                  data_of<T>(opened), data_of<T>(bent), data_of<T>(cell),
                  data_of<T>(gates.get()), data_of<T>(rest.get())),
         [](const Units& u, const T* hidden, const T* next, const T* open,
            const T* bend, const T* old, T* out, T* grad_cell) {
           const LstmCellGrad<T> step{u.N,  u.H, hidden, next,     open,
                                      bend, old, out,    grad_cell};
           parallel_for(u.N, row_ns<T>(u.H) / 5, [&](long begin, long end) {
             formulas().of<T>().lstm_cell_grad(step, begin, end);
           });
         });
  return PyTuple_Pack(2, gates.get(), rest.get());
}

PyObject* serve_lstm_cell_grad(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 5) return declined();
  return TATAMI_BY_TYPE(arguments[2], lstm_cell_grad, arguments[0],
                        arguments[1], arguments[2], arguments[3], arguments[4]);
}

}  // namespace

void add_formulas() {
  add_function("gelu", serve_value<Formula::gelu>);
  add_function("silu", serve_value<Formula::silu>);
  add_function("gelu_grad", serve_slope<Formula::gelu>);
  add_function("silu_grad", serve_slope<Formula::silu>);
  add_function("lstm_cell", serve_lstm_cell);
  add_function("lstm_cell_grad", serve_lstm_cell_grad);
}

}  // namespace tatami
