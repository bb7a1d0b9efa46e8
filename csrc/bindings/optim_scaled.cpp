// optim_scaled.cpp: the steps of RMSprop, Adagrad, Adadelta, Adamax, NAdam and
// RAdam.
#include <cmath>

#include "optim.h"

namespace tatami {
namespace {

constexpr int kStates = 3, kNumbers = 2, kOptions = 6;

struct VisitScaled {
  template <class Step, class Function>
  void operator()(Step& step, const Function& function) const {
    function(step.param);
    function(step.grad);
    for (auto*& state : step.state) function(state);
  }
};

/// The arguments of a step: parameters, gradients, the lists of states, those
/// of numbers, options, flags.
struct Given {
  Items params, grads, states[kStates], numbers[kNumbers];
  double option[kOptions];
  bool decoupled = false, maximize = false;
};

/// One parameter, with what its constants are made of when the step runs.
template <class T>
struct Scaled : ScaledStep<T> {
  Number number[kNumbers];
  double option[kOptions];

  /// The part that all kinds of steps share.
  template <class Step>
  Step as() const {
    Step step;
    static_cast<ScaledStep<T>&>(step) = *this;
    return step;
  }
};

/// The weights of an average that keeps `kept` of its old value.
template <class T>
Blend<T> blend(double kept) {
  return {static_cast<T>(1 - kept), static_cast<T>(1 - (1 - kept))};
}

/// The same, of an average of squares.
template <class T>
Blend<T> blend_squares(double kept) {
  return {static_cast<T>(1 - kept), static_cast<T>(kept)};
}

// Each kind says how many lists and options it has, where eps and the decay are
// among the options, and how its constants come about. Optional states are the
// last ones.

/// Knows any options.
struct Any {
  static bool knows(const Given&) { return true; }
};

struct Rmsprop {
  static constexpr int states = 3, optional = 2, numbers = 0, options = 5;
  static constexpr int eps = 2, decay = 3;
  static constexpr bool decouples = false;

  static bool knows(const Given& call) {
    return call.option[4] == 0 || call.states[2].count > 0;
  }
  template <class T>
  static void run_step(const Scaled<T>& call) {
    const auto [lr, alpha, eps, decay, momentum, _] = call.option;
    auto step = call.template as<RmspropStep<T>>();
    step.square = blend_squares<T>(alpha);
    step.mean = blend<T>(alpha);
    step.lr = static_cast<T>(lr);
    step.momentum = static_cast<T>(momentum);
    if (momentum == 0) step.state[2] = nullptr;
    run(step, kernels().of<T>().rmsprop_step, VisitScaled{});
  }
};

struct Adagrad : Any {
  static constexpr int states = 1, optional = 0, numbers = 1, options = 4;
  static constexpr int eps = 3, decay = 2;
  static constexpr bool decouples = false;

  template <class T>
  static void run_step(const Scaled<T>& call) {
    const double lr = call.option[0], lr_decay = call.option[1];
    auto step = call.template as<AdagradStep<T>>();
    const double count = call.number[0].count();
    step.rate = static_cast<T>(lr / (1 + (count - 1) * lr_decay));
    run(step, kernels().of<T>().adagrad_step, VisitScaled{});
  }
};

struct Adadelta : Any {
  static constexpr int states = 2, optional = 0, numbers = 0, options = 4;
  static constexpr int eps = 2, decay = 3;
  static constexpr bool decouples = false;

  template <class T>
  static void run_step(const Scaled<T>& call) {
    auto step = call.template as<AdadeltaStep<T>>();
    step.lr = static_cast<T>(call.option[0]);
    step.square = blend_squares<T>(call.option[1]);
    run(step, kernels().of<T>().adadelta_step, VisitScaled{});
  }
};

struct Adamax : Any {
  static constexpr int states = 2, optional = 0, numbers = 1, options = 5;
  static constexpr int eps = 3, decay = 4;
  static constexpr bool decouples = false;

  template <class T>
  static void run_step(const Scaled<T>& call) {
    const double lr = call.option[0], beta1 = call.option[1];
    auto step = call.template as<AdamaxStep<T>>();
    step.mean = blend<T>(beta1);
    step.beta2 = static_cast<T>(call.option[2]);
    step.rate =
        static_cast<T>(lr / (1 - std::pow(beta1, call.number[0].count())));
    run(step, kernels().of<T>().adamax_step, VisitScaled{});
  }
};

struct Nadam : Any {
  static constexpr int states = 2, optional = 0, numbers = 2, options = 6;
  static constexpr int eps = 3, decay = 4;
  static constexpr bool decouples = true;

  template <class T>
  static void run_step(const Scaled<T>& call) {
    const auto [lr, beta1, beta2, eps, decay, momentum_decay] = call.option;
    auto step = call.template as<NadamStep<T>>();
    const Number& mu_product = call.number[0];
    const double count = call.number[1].count();
    const double mu = momentum(beta1, count * momentum_decay);
    const double after = momentum(beta1, (count + 1) * momentum_decay);
    const double product = mu_product.multiply(mu);
    step.mean = blend<T>(beta1);
    step.square = blend_squares<T>(beta2);
    step.correction = static_cast<T>(1 - std::pow(beta2, count));
    step.grad_rate = static_cast<T>(lr * (1 - mu) / (1 - product));
    step.mean_rate = static_cast<T>(lr * after / (1 - product * after));
    run(step, kernels().of<T>().nadam_step, VisitScaled{});
  }

  static double momentum(double beta1, double power) {
    return beta1 * (1 - 0.5 * std::pow(0.96, power));
  }
};

struct Radam : Any {
  static constexpr int states = 2, optional = 0, numbers = 1, options = 5;
  static constexpr int eps = 3, decay = 4;
  static constexpr bool decouples = true;

  template <class T>
  static void run_step(const Scaled<T>& call) {
    const auto [lr, beta1, beta2, eps, decay, _] = call.option;
    auto step = call.template as<RadamStep<T>>();
    const double count = call.number[0].count();
    const double scale = adaptive_scale(beta2, count);
    step.mean = blend<T>(beta1);
    step.square = blend_squares<T>(beta2);
    step.adaptive = scale > 0;
    step.rate = static_cast<T>((step.adaptive ? scale : 1) * lr /
                               (1 - std::pow(beta1, count)));
    run(step, kernels().of<T>().radam_step, VisitScaled{});
  }

  /// The rectification and the correction of the squares; 0 if the variance is
  /// not known well enough yet.
  static double adaptive_scale(double beta2, double count) {
    const double longest = 2 / (1 - beta2) - 1, power = std::pow(beta2, count);
    const double length = longest - 2 * count * power / (1 - power);
    if (!(length > 5)) return 0;
    const double above = (length - 4) * (length - 2) * longest;
    const double below = (longest - 4) * (longest - 2) * length;
    return std::sqrt((1 - power) * above / below);
  }
};

template <class T, class Kind>
bool all_fit(const Given& call) {
  if (!all_fit<T>(call.params, call.params, true) ||
      !all_fit<T>(call.grads, call.params, false) || !Kind::knows(call))
    return false;
  for (int i = 0; i < Kind::states; ++i) {
    const bool absent =
        call.states[i].count == 0 && i >= Kind::states - Kind::optional;
    if (!absent && !all_fit<T>(call.states[i], call.params, true)) return false;
  }
  return true;
}

template <class T, class Kind>
Scaled<T> scaled(const Given& call, Py_ssize_t i) {
  const double decay = call.option[Kind::decay];
  Scaled<T> step{};
  step.param = data_of<T>(call.params.items[i]);
  step.grad = data_of<T>(call.grads.items[i]);
  for (int k = 0; k < Kind::states; ++k)
    if (call.states[k].count)
      step.state[k] = data_of<T>(call.states[k].items[i]);
  for (int k = 0; k < Kind::numbers; ++k)
    step.number[k] = Number::of(call.numbers[k].items[i]);
  step.count = size_of(call.params.items[i]);
  step.maximize = call.maximize;
  step.shrink = static_cast<T>(call.decoupled ? 1 - call.option[0] * decay : 1);
  step.weight_decay = static_cast<T>(call.decoupled ? 0 : decay);
  step.eps = static_cast<T>(call.option[Kind::eps]);
  std::copy(call.option, call.option + kOptions, step.option);
  return step;
}

/// Visits the numbers too: a program may move them.
struct VisitCall {
  template <class Step, class Function>
  void operator()(Step& step, const Function& function) const {
    VisitScaled{}(step, function);
    for (Number& number : step.number) function(number.place);
  }
};

template <class T, class Kind>
PyObject* scaled_step(const Given& call) {
  if (!all_fit<T, Kind>(call)) return declined();
  std::vector<Scaled<T>> steps;
  steps.reserve(call.params.count);
  for (Py_ssize_t i = 0; i < call.params.count; ++i)
    steps.push_back(scaled<T, Kind>(call, i));
  auto body = [](const Scaled<T>& step) { Kind::template run_step<T>(step); };
  launch_call(0.6 * double(elements(call.params)),
              ListCall<Scaled<T>, decltype(body), VisitCall>{
                  std::move(steps), body, VisitCall{}});
  Py_RETURN_NONE;
}

template <class Kind>
bool read(PyObject* const* arguments, Py_ssize_t count, Given* call) {
  constexpr int lists = 2 + Kind::states + Kind::numbers;
  if (count != lists + Kind::options + Kind::decouples + 1) return false;
  bool known = call->params.read(*arguments++) && call->params.count > 0 &&
               call->grads.read(*arguments++);
  for (int i = 0; i < Kind::states; ++i)
    known = known && call->states[i].read(*arguments++);
  for (int i = 0; i < Kind::numbers; ++i)
    known = known && call->numbers[i].read(*arguments++) &&
            call->numbers[i].count == call->params.count &&
            all_are_numbers(call->numbers[i]);
  known = known && all_numbers(arguments, Kind::options, call->option);
  arguments += Kind::options;
  if (Kind::decouples)
    known = known && read_flag(*arguments++, &call->decoupled);
  return known && read_flag(*arguments, &call->maximize);
}

template <class Kind>
PyObject* serve(PyObject* const* arguments, Py_ssize_t count) {
  Given call{};
  if (!read<Kind>(arguments, count, &call)) return declined();
  PyObject* first = call.params.items[0];
  if (!is_plain(first)) return declined();
  switch (PyArray_TYPE(as_array(first))) {
    case NPY_FLOAT:
      return scaled_step<float, Kind>(call);
    case NPY_DOUBLE:
      return scaled_step<double, Kind>(call);
    default:
      return declined();
  }
}

struct CountCall {
  Number number;
};

struct VisitCount {
  template <class Function>
  void operator()(CountCall& call, const Function& function) const {
    function(call.number.place);
  }
};

/// The counts after a step; a program, which nobody asks, keeps the counting.
PyObject* serve_count_steps(PyObject* const* arguments, Py_ssize_t count) {
  Items list;
  if (count != 1 || !list.read(arguments[0]) || !all_are_numbers(list))
    return declined();
  std::vector<CountCall> calls;
  for (Py_ssize_t i = 0; i < list.count; ++i)
    calls.push_back({Number::of(list.items[i])});
  auto body = [](const CountCall& call) { call.number.count(); };
  launch_call(0.0, ListCall<CountCall, decltype(body), VisitCount>{
                       std::move(calls), body, VisitCount{}});
  Owned counts(PyList_New(list.count));
  for (Py_ssize_t i = 0; counts && i < list.count; ++i) {
    PyObject* value = PyFloat_FromDouble(Number::of(list.items[i]).get());
    if (!value) return nullptr;
    PyList_SET_ITEM(counts.get(), i, value);
  }
  return counts.release();
}

}  // namespace

void add_scaled_steps() {
  add_function("rmsprop_step", serve<Rmsprop>);
  add_function("adagrad_step", serve<Adagrad>);
  add_function("adadelta_step", serve<Adadelta>);
  add_function("adamax_step", serve<Adamax>);
  add_function("nadam_step", serve<Nadam>);
  add_function("radam_step", serve<Radam>);
  add_function("count_steps", serve_count_steps);
}

}  // namespace tatami
