// optim.cpp: the steps of SGD and Adam.
#include "optim.h"

#include <cmath>

#include "../matrix.h"

namespace tatami {
namespace {

struct VisitSgd {
  template <class Step, class Function>
  void operator()(Step& step, const Function& function) const {
    function(step.param);
    function(step.grad);
    function(step.buffer);
  }
};

struct VisitSgdProduct {
  template <class Step, class Function>
  void operator()(Step& step, const Function& function) const {
    VisitSgd{}(step, function);
    function(step.a);
    function(step.b);
  }
};

/// The arrays an Adam step walks through.
struct VisitParts {
  template <class Step, class Function>
  void operator()(Step& step, const Function& function) const {
    function(step.param);
    function(step.grad);
    function(step.exp_avg);
    function(step.exp_avg_sq);
    function(step.max_exp_avg_sq);
  }
};

struct VisitAdam {
  template <class Step, class Function>
  void operator()(Step& step, const Function& function) const {
    VisitParts{}(step, function);
    function(step.steps.place);
  }
};

struct Sgd {
  Items params, grads, buffers, first;
  double number[4];  // lr, momentum, dampening, weight_decay
  bool nesterov, maximize;
};

/// Reads a gradient that is given as the factors of a product.
template <class T>
bool read_factors(PyObject* factors, PyObject* param, SgdProductStep<T>* step) {
  if (PyTuple_GET_SIZE(factors) != 2 || rank_of(param) != 2) return false;
  PyObject *a = PyTuple_GET_ITEM(factors, 0), *b = PyTuple_GET_ITEM(factors, 1);
  if (!is_plain_of<T>(a) || !is_plain_of<T>(b) || rank_of(a) != 2 ||
      rank_of(b) != 2)
    return false;
  Matrix<T> left, right;
  if (!left.read(a) || !right.read(b)) return false;
  step->rows = length_of(param, 0);
  step->columns = length_of(param, 1);
  step->depth = right.rows;
  step->a = data_of<T>(a);
  step->a_row = left.row_step;
  step->a_column = left.column_step;
  step->b = data_of<T>(b);
  step->b_row = right.row_step;
  return left.rows == step->rows && left.columns == step->depth &&
         right.columns == step->columns &&
         (right.column_step == 1 || right.columns == 1) && step->depth >= 1 &&
         step->depth <= kProductDepth;
}

template <class T>
bool read_gradient(PyObject* grad, PyObject* param, SgdProductStep<T>* step) {
  step->a = step->b = nullptr;
  step->grad = nullptr;
  if (PyTuple_Check(grad)) return read_factors(grad, param, step);
  if (!fits<T>(grad, param, false)) return false;
  step->grad = data_of<T>(grad);
  return true;
}

/// Fills all but the gradient.
template <class T>
void fill(SgdProductStep<T>* step, const Sgd& call, Py_ssize_t i) {
  PyObject* buffer = call.buffers.items[i];
  bool uses_buffer = call.number[1] != 0 && buffer != Py_None;
  step->param = data_of<T>(call.params.items[i]);
  step->buffer = uses_buffer ? data_of<T>(buffer) : nullptr;
  step->count = size_of(call.params.items[i]);
  step->first = call.first.items[i] == Py_True;
  step->nesterov = call.nesterov;
  step->maximize = call.maximize;
  step->lr = static_cast<T>(call.number[0]);
  step->momentum = static_cast<T>(call.number[1]);
  step->undampened = static_cast<T>(1 - call.number[2]);
  step->weight_decay = static_cast<T>(call.number[3]);
}

/// Run the step of a gradient that is a product over the rows of the parameter.
template <class T>
void run_product(const SgdProductStep<T>& step) {
  parallel_for(step.rows, 0.1 * double(step.columns),
               [&](long begin, long end) {
                 SgdProductStep<T> part = step;
                 part.param += begin * step.columns;
                 if (part.buffer) part.buffer += begin * step.columns;
                 part.a += begin * step.a_row;
                 part.rows = end - begin;
                 kernels().of<T>().sgd_product_step(part);
               });
}

template <class T>
PyObject* sgd_step(const Sgd& call) {
  if (!all_fit<T>(call.params, call.params, true) ||
      !all_fit<T>(call.buffers, call.params, true, true) ||
      call.grads.count != call.params.count)
    return declined();
  std::vector<SgdProductStep<T>> steps(size_t(call.params.count));
  for (Py_ssize_t i = 0; i < call.params.count; ++i) {
    auto* step = &steps[size_t(i)];
    if (!read_gradient(call.grads.items[i], call.params.items[i], step))
      return declined();
    fill(step, call, i);
  }
  auto body = [](const SgdProductStep<T>& step) {
    if (step.a)
      run_product(step);
    else
      run<SgdStep<T>>(step, kernels().of<T>().sgd_step, VisitSgd{});
  };
  launch_call(0.3 * double(elements(call.params)),
              ListCall<SgdProductStep<T>, decltype(body), VisitSgdProduct>{
                  std::move(steps), body, VisitSgdProduct{}});
  Py_RETURN_NONE;
}

PyObject* serve_sgd_step(PyObject* const* arguments, Py_ssize_t count) {
  Sgd call;
  if (count != 10 || !call.params.read(arguments[0]) ||
      !call.grads.read(arguments[1]) || !call.buffers.read(arguments[2]) ||
      !call.first.read(arguments[3]) ||
      !all_numbers(arguments + 4, 4, call.number) ||
      !read_flag(arguments[8], &call.nesterov) ||
      !read_flag(arguments[9], &call.maximize) || call.params.count == 0 ||
      call.first.count != call.params.count)
    return declined();
  for (Py_ssize_t i = 0; i < call.first.count; ++i)
    if (!PyBool_Check(call.first.items[i])) return declined();
  return TATAMI_BY_TYPE(call.params.items[0], sgd_step, call);
}

struct Adam {
  Items params, grads, averages, squares, largest, steps;
  double number[5];  // lr, beta1, beta2, eps, weight_decay
  bool decoupled, amsgrad, maximize;
};

/// An Adam step with what its constants are made of when it runs.
template <class T>
struct AdamCall : AdamStep<T> {
  Number steps;
  double lr, beta1, beta2_exact;

  /// Count this step; the kernel's constants for it.
  AdamStep<T> counted() const {
    double count = steps.count();
    AdamStep<T> result = *this;
    result.step_size = static_cast<T>(lr / (1 - std::pow(beta1, count)));
    result.correction =
        static_cast<T>(std::sqrt(1 - std::pow(beta2_exact, count)));
    return result;
  }
};

template <class T>
AdamCall<T> step_of(const Adam& call, Py_ssize_t i) {
  const auto [lr, beta1, beta2, eps, weight_decay] = call.number;
  AdamCall<T> step;
  step.param = data_of<T>(call.params.items[i]);
  step.grad = data_of<T>(call.grads.items[i]);
  step.exp_avg = data_of<T>(call.averages.items[i]);
  step.exp_avg_sq = data_of<T>(call.squares.items[i]);
  step.max_exp_avg_sq =
      call.amsgrad ? data_of<T>(call.largest.items[i]) : nullptr;
  step.count = size_of(call.params.items[i]);
  step.maximize = call.maximize;
  step.shrink = static_cast<T>(call.decoupled ? 1 - lr * weight_decay : 1);
  step.weight_decay = static_cast<T>(call.decoupled ? 0 : weight_decay);
  step.one_minus_beta1 = static_cast<T>(1 - beta1);
  step.beta2 = static_cast<T>(beta2);
  step.one_minus_beta2 = static_cast<T>(1 - beta2);
  step.eps = static_cast<T>(eps);
  step.steps = Number::of(call.steps.items[i]);
  step.lr = lr;
  step.beta1 = beta1;
  step.beta2_exact = beta2;
  return step;
}

template <class T>
PyObject* adam_step(const Adam& call) {
  if (!all_fit<T>(call.params, call.params, true) ||
      !all_fit<T>(call.grads, call.params, false) ||
      !all_fit<T>(call.averages, call.params, true) ||
      !all_fit<T>(call.squares, call.params, true) ||
      (call.amsgrad && !all_fit<T>(call.largest, call.params, true)))
    return declined();
  std::vector<AdamCall<T>> steps;
  steps.reserve(call.params.count);
  for (Py_ssize_t i = 0; i < call.params.count; ++i)
    steps.push_back(step_of<T>(call, i));
  auto body = [](const AdamCall<T>& step) {
    run(step.counted(), kernels().of<T>().adam_step, VisitParts{});
  };
  launch_call(0.5 * double(elements(call.params)),
              ListCall<AdamCall<T>, decltype(body), VisitAdam>{
                  std::move(steps), body, VisitAdam{}});
  Py_RETURN_NONE;
}

PyObject* serve_adam_step(PyObject* const* arguments, Py_ssize_t count) {
  Adam call;
  if (count != 14 || !call.params.read(arguments[0]) ||
      !call.grads.read(arguments[1]) || !call.averages.read(arguments[2]) ||
      !call.squares.read(arguments[3]) || !call.largest.read(arguments[4]) ||
      !call.steps.read(arguments[5]) ||
      !all_numbers(arguments + 6, 5, call.number) ||
      !read_flag(arguments[11], &call.decoupled) ||
      !read_flag(arguments[12], &call.amsgrad) ||
      !read_flag(arguments[13], &call.maximize) || call.params.count == 0 ||
      call.steps.count != call.params.count || !all_are_numbers(call.steps))
    return declined();
  return TATAMI_BY_TYPE(call.params.items[0], adam_step, call);
}

}  // namespace

void add_optim() {
  add_function("sgd_step", serve_sgd_step);
  add_function("adam_step", serve_adam_step);
  add_scaled_steps();
}

}  // namespace tatami
