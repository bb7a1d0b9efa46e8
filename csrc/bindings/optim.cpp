// optim.cpp: the steps of SGD and Adam.
#include "optim.h"

#include <cmath>

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

  bool read_numbers(PyObject* const* arguments) {
    return all_numbers(arguments, 4, number) &&
           read_flag(arguments[4], &nesterov) &&
           read_flag(arguments[5], &maximize);
  }
};

template <class T>
SgdStep<T> step_of(const Sgd& call, PyObject* param, PyObject* grad,
                   PyObject* buffer, PyObject* first) {
  bool uses_buffer = call.number[1] != 0 && buffer != Py_None;
  SgdStep<T> step;
  step.param = data_of<T>(param);
  step.grad = grad ? data_of<T>(grad) : nullptr;
  step.buffer = uses_buffer ? data_of<T>(buffer) : nullptr;
  step.count = size_of(param);
  step.first = first == Py_True;
  step.nesterov = call.nesterov;
  step.maximize = call.maximize;
  step.lr = static_cast<T>(call.number[0]);
  step.momentum = static_cast<T>(call.number[1]);
  step.undampened = static_cast<T>(1 - call.number[2]);
  step.weight_decay = static_cast<T>(call.number[3]);
  return step;
}

template <class T>
PyObject* sgd_step(const Sgd& call) {
  if (!all_fit<T>(call.params, call.params, true) ||
      !all_fit<T>(call.grads, call.params, false) ||
      !all_fit<T>(call.buffers, call.params, true, true))
    return declined();
  std::vector<SgdStep<T>> steps;
  steps.reserve(call.params.count);
  for (Py_ssize_t i = 0; i < call.params.count; ++i)
    steps.push_back(step_of<T>(call, call.params.items[i], call.grads.items[i],
                               call.buffers.items[i], call.first.items[i]));
  auto body = [](const SgdStep<T>& step) {
    run(step, kernels().of<T>().sgd_step, VisitSgd{});
  };
  launch_call(0.3 * double(elements(call.params)),
              ListCall<SgdStep<T>, decltype(body), VisitSgd>{std::move(steps),
                                                             body, VisitSgd{}});
  Py_RETURN_NONE;
}

template <class T>
struct ProductCall {
  SgdProductStep<T> step;

  bool operator()() const {
    const double row_ns = 0.1 * double(step.columns);
    parallel_for(step.rows, row_ns, [&](long begin, long end) {
      SgdProductStep<T> part = step;
      part.param += begin * step.columns;
      if (part.buffer) part.buffer += begin * step.columns;
      part.a += begin * step.a_row;
      part.rows = end - begin;
      kernels().of<T>().sgd_product_step(part);
    });
    return true;
  }
  void places(std::vector<void*>& out) {
    out.insert(out.end(), {&step.param, &step.buffer, &step.a, &step.b});
  }
};

PyObject* serve_sgd_step(PyObject* const* arguments, Py_ssize_t count) {
  Sgd call;
  if (count != 10 || !call.params.read(arguments[0]) ||
      !call.grads.read(arguments[1]) || !call.buffers.read(arguments[2]) ||
      !call.first.read(arguments[3]) || !call.read_numbers(arguments + 4) ||
      call.params.count == 0 || call.first.count != call.params.count)
    return declined();
  for (Py_ssize_t i = 0; i < call.first.count; ++i)
    if (!PyBool_Check(call.first.items[i])) return declined();
  return TATAMI_BY_TYPE(call.params.items[0], sgd_step, call);
}

template <class T>
PyObject* sgd_product_step(PyObject* const* arguments) {
  PyObject *param = arguments[0], *a = arguments[1], *b = arguments[2];
  Sgd call;
  SgdProductStep<T> step;
  long b_column;
  if (!call.read_numbers(arguments + 5) || !PyBool_Check(arguments[4]) ||
      !fits<T>(param, param, true) || rank_of(param) != 2 ||
      !is_plain_of<T>(a) || !read_matrix(a, &step.a_row, &step.a_column) ||
      !is_plain_of<T>(b) || !read_matrix(b, &step.b_row, &b_column) ||
      (arguments[3] != Py_None && !fits<T>(arguments[3], param, true)))
    return declined();
  step.rows = length_of(param, 0);
  step.columns = length_of(param, 1);
  step.depth = length_of(b, 0);
  if (length_of(a, 0) != step.rows || length_of(a, 1) != step.depth ||
      length_of(b, 1) != step.columns || b_column != 1 || step.depth < 1 ||
      step.depth > kProductDepth)
    return declined();
  static_cast<SgdStep<T>&>(step) =
      step_of<T>(call, param, nullptr, arguments[3], arguments[4]);
  step.a = data_of<T>(a);
  step.b = data_of<T>(b);
  launch_call(0.1 * double(step.count), ProductCall<T>{step});
  Py_RETURN_NONE;
}

PyObject* serve_sgd_product_step(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 11) return declined();
  return TATAMI_BY_TYPE(arguments[0], sgd_product_step, arguments);
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
  add_function("sgd_product_step", serve_sgd_product_step);
  add_function("adam_step", serve_adam_step);
  add_scaled_steps();
}

}  // namespace tatami
