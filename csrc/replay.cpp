// replay.cpp: one call of a captured function, from its arguments to its
// result.
//
// What a call has to check and to leave behind is known when the function was
// captured; doing it in Python would take as long as the kernels of a small
// network.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <vector>

#include "fields.h"
#include "guards.h"
#include "program.h"

namespace tatami {
namespace {

void set_version(PyObject* tensor, long version) {
  PyList_SetItem(as_tensor(tensor)->counter, 0, PyLong_FromLong(version));
}

/// What an argument must be like.
struct Kind {
  PyTypeObject* type;
  int rank;
  npy_intp lengths[kMaxRank], strides[kMaxRank];
  int element;

  static Kind of(nb::handle type, nb::handle array) {
    auto* like = as_array(array.ptr());
    Kind kind{};
    kind.type = reinterpret_cast<PyTypeObject*>(type.ptr());
    kind.rank = PyArray_NDIM(like);
    if (kind.rank > kMaxRank) throw nb::value_error("too many dimensions");
    for (int i = 0; i < kind.rank; ++i) {
      kind.lengths[i] = PyArray_DIM(like, i);
      kind.strides[i] = PyArray_STRIDE(like, i);
    }
    kind.element = PyArray_TYPE(like);
    return kind;
  }

  /// The array of such a tensor, or nullptr.
  PyArrayObject* array_of(PyObject* tensor) const {
    if (Py_TYPE(tensor) != type) return nullptr;
    TensorFields* fields = as_tensor(tensor);
    // A tensor with a history of its own goes the long way.
    if (!fields || is_true(fields->requires_grad) || fields->base != Py_None)
      return nullptr;
    PyObject* array = fields->array;
    return array && is_plain(array) && fits(as_array(array)) ? as_array(array)
                                                             : nullptr;
  }

  bool fits(PyArrayObject* array) const {
    return PyArray_TYPE(array) == element && PyArray_NDIM(array) == rank &&
           PyArray_CompareLists(PyArray_DIMS(array), lengths, rank) &&
           PyArray_CompareLists(PyArray_STRIDES(array), strides, rank);
  }
};

/// A returned tensor or a gradient: tensors that were handed out before, of
/// which those that nobody else holds are used again.
struct Result {
  size_t slot;
  nb::object make;  // returns a new (tensor, memory)
  struct Handed {
    nb::object tensor;
    PyObject* array;  // of the tensor, which holds it
    char* memory;
  };
  std::vector<Handed> pool;
  std::vector<PyObject*> leaves;  // whose gradient it becomes; borrowed

  bool is_free(const Handed& handed) const {
    Py_ssize_t known = 1;
    for (PyObject* leaf : leaves)
      if (as_tensor(leaf)->grad == handed.tensor.ptr()) ++known;
    return Py_REFCNT(handed.tensor.ptr()) <= known &&
           Py_REFCNT(handed.array) == 1;
  }

  const Handed& next() {
    constexpr size_t kMost = 3;
    for (const Handed& handed : pool)
      if (is_free(handed)) {
        set_version(handed.tensor.ptr(), 0);
        return handed;
      }
    nb::object made = make();
    nb::object tensor = made[0];
    auto* memory = as_array(nb::object(made[1]).ptr());
    nb::object array = tensor.attr(nb::handle(known.array));
    if (pool.size() >= kMost) pool.erase(pool.begin());
    pool.push_back(
        {tensor, array.ptr(), static_cast<char*>(PyArray_DATA(memory))});
    return pool.back();
  }
};

/// A gradient that a run finds and works on.
struct Found {
  nb::object leaf;
  Kind kind;
  size_t slot;
  long step;           // how often a run changes it
  nb::object present;  // it, while a run goes on

  /// The array of the present gradient, or nullptr if it is of another kind.
  PyArrayObject* look() {
    present = nb::borrow(gradient_of(as_tensor(leaf.ptr())));
    if (!present.ptr()) throw nb::python_error();
    PyArrayObject* array = kind.array_of(present.ptr());
    return array && PyArray_ISWRITEABLE(array) ? array : nullptr;
  }
  void count() const {
    PyObject* counter = as_tensor(present.ptr())->counter;
    set_version(present.ptr(),
                PyLong_AsLong(PyList_GET_ITEM(counter, 0)) + step);
  }
};

/// A number that a kernel is given, and where it comes from.
struct Option {
  nb::object group, key, seen;
};

/// Lets go of the gradients when a run has ended.
class Looking {
 public:
  explicit Looking(std::vector<Found>& found) : found_(found) {}
  Looking(const Looking&) = delete;
  ~Looking() {
    for (Found& one : found_) one.present.reset();
  }

 private:
  std::vector<Found>& found_;
};

class Replay {
 public:
  explicit Replay(nb::object program)
      : holder_(program), program_(nb::cast<Program*>(program)) {}

  /// Say what the next argument is like, and which slot it has (-1 for none).
  void add_argument(nb::handle type, nb::handle array, long slot) {
    arguments_.push_back(Kind::of(type, array));
    slots_.push_back(slot);
    addresses_.push_back(nullptr);
  }
  /// Enter a gradient that each run finds, and how often a run changes it.
  void add_found(nb::object leaf, nb::handle type, nb::handle array,
                 size_t slot, long step) {
    found_.push_back(
        {std::move(leaf), Kind::of(type, array), slot, step, nb::object()});
  }

  void add_result(size_t slot, nb::object make) {
    results_.push_back({slot, std::move(make), {}, {}});
  }
  /// Enter memory that arguments must not lie in.
  void add_lasting(nb::handle array) {
    auto* memory = as_array(array.ptr());
    char* first = static_cast<char*>(PyArray_DATA(memory));
    taken_.push_back({first, first + extent_of(memory)});
    lasting_ = taken_.size();
  }
  void add_gradient(nb::object leaf, long result) {
    if (result >= 0)
      results_.at(static_cast<size_t>(result)).leaves.push_back(leaf.ptr());
    gradients_.push_back({std::move(leaf), result});
  }
  /// Enter what stands for the gradient of a leaf after a run.
  void add_debt(nb::object leaf, nb::object debt) {
    debts_.push_back({std::move(leaf), std::move(debt)});
  }
  void add_count(nb::object counter, long step) {
    counts_.push_back({std::move(counter), step});
  }
  void add_option(nb::object group, nb::object key) {
    options_.push_back({group, key, group[key]});
  }
  void set_guards(nb::tuple triples) { guards_ = triples; }
  void set_mode(bool enabled, bool inference) {
    modes_.enabled = enabled;
    modes_.inference = inference;
    active_ = true;
  }
  /// Called when options have changed, before the program runs.
  void set_refresh(nb::object refresh) { refresh_ = refresh; }

  /// Show the garbage collector what is held: a captured function refers to
  /// itself through its guards.
  template <class Visit>
  int traverse(const Visit& visit) const {
    int result = 0;
    auto see = [&](nb::handle held) {
      if (!result && held.ptr()) result = visit(held.ptr());
    };
    for (const nb::object* held : {&holder_, &refresh_}) see(*held);
    see(guards_);
    for (const Result& one : results_) {
      see(one.make);
      for (const auto& handed : one.pool) see(handed.tensor);
    }
    for (const auto& [leaf, index] : gradients_) see(leaf);
    for (const auto& [leaf, debt] : debts_) see(leaf);
    for (const Found& one : found_) see(one.leaf);
    for (const auto& [counter, step] : counts_) see(counter);
    for (const Option& option : options_)
      for (const nb::object* held : {&option.group, &option.key, &option.seen})
        see(*held);
    return result;
  }
  void clear() {
    results_.clear();
    gradients_.clear();
    debts_.clear();
    found_.clear();
    counts_.clear();
    options_.clear();
    active_ = false;
    arguments_.clear();
    guards_ = nb::tuple();
    refresh_ = nb::object();
  }

  /// The results of a run, or None if the arguments or guards are others.
  nb::object run(nb::tuple arguments) {
    size_t count = nb::len(arguments);
    if (count != arguments_.size() || !active_ || !(modes == modes_))
      return nb::none();
    for (size_t i = 0; i < count; ++i) {
      PyArrayObject* array = arguments_[i].array_of(arguments[i].ptr());
      if (!array) return nb::none();
      addresses_[i] = static_cast<char*>(PyArray_DATA(array));
      if (shares_memory(i, array)) return nb::none();
    }
    if (!all_hold(guards_)) return nb::none();
    Looking looking(found_);
    for (size_t i = 0; i < found_.size(); ++i) {
      PyArrayObject* array = found_[i].look();
      if (!array || shares_memory(count + i, array)) return nb::none();
    }
    // Making steps anew moves the slots, so arguments come after it.
    if (options_changed()) refresh_();
    for (size_t i = 0; i < count; ++i)
      if (slots_[i] >= 0)
        program_->move(static_cast<size_t>(slots_[i]), addresses_[i]);
    for (const Found& one : found_)
      program_->move(one.slot, data_at(one.present));
    nb::list handed;
    for (Result& result : results_) {
      const auto& next = result.next();
      program_->move(result.slot, next.memory);
      handed.append(next.tensor);
    }
    // What an earlier run owes can't be formed any more.
    for (const auto& [leaf, debt] : debts_)
      if (as_tensor(leaf.ptr())->grad == debt.ptr())
        set(as_tensor(leaf.ptr())->grad, Py_None);
    long refused = program_->run_steps();
    if (refused >= 0) return nb::int_(refused);
    leave(handed);
    return handed;
  }

 private:
  /// Whether an argument lies in the memory of an earlier one, or of a tensor
  /// that the program uses: then the calls mean something else.
  bool shares_memory(size_t i, PyArrayObject* array) {
    char* begin = static_cast<char*>(PyArray_DATA(array));
    char* end = begin + extent_of(array);
    taken_.resize(lasting_ + i);
    for (const auto& [first, last] : taken_)
      if (begin < last && first < end) return true;
    taken_.push_back({begin, end});
    return false;
  }

  static char* data_at(const nb::object& tensor) {
    return static_cast<char*>(
        PyArray_DATA(as_array(as_tensor(tensor.ptr())->array)));
  }

  bool options_changed() {
    bool changed = false;
    for (Option& option : options_) {
      nb::object present = option.group[option.key];
      if (present.is(option.seen)) continue;
      option.seen = present;
      changed = true;
    }
    return changed;
  }

  /// Set gradients and count changes, as the function itself would.
  void leave(const nb::list& handed) const {
    for (const auto& [leaf, result] : gradients_) {
      nb::object value = result < 0 ? nb::none() : nb::object(handed[result]);
      set(as_tensor(leaf.ptr())->grad, value.ptr());
    }
    for (const auto& [leaf, debt] : debts_)
      set(as_tensor(leaf.ptr())->grad, debt.ptr());
    for (const Found& one : found_) one.count();
    for (const auto& [counter, step] : counts_) {
      long version = PyLong_AsLong(PyList_GET_ITEM(counter.ptr(), 0));
      PyList_SetItem(counter.ptr(), 0, PyLong_FromLong(version + step));
    }
  }

  nb::object holder_;
  Program* program_;
  std::vector<std::pair<char*, char*>>
      taken_;  // lasting memory, then arguments
  size_t lasting_ = 0;
  std::vector<Kind> arguments_;
  std::vector<long> slots_;
  std::vector<char*> addresses_;
  std::vector<Result> results_;
  std::vector<std::pair<nb::object, long>> gradients_;
  std::vector<std::pair<nb::object, nb::object>> debts_;
  std::vector<Found> found_;
  std::vector<std::pair<nb::object, long>> counts_;
  std::vector<Option> options_;
  Guards guards_;
  nb::object refresh_;
  Modes modes_;
  bool active_ = false;
};

int traverse_replay(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self)) return 0;
  return nb::inst_ptr<Replay>(self)->traverse(
      [&](nb::handle held) { return visit(held.ptr(), arg); });
}

int clear_replay(PyObject* self) {
  if (nb::inst_ready(self)) nb::inst_ptr<Replay>(self)->clear();
  return 0;
}

PyType_Slot replay_slots[] = {
    {Py_tp_traverse, reinterpret_cast<void*>(traverse_replay)},
    {Py_tp_clear, reinterpret_cast<void*>(clear_replay)},
    {0, nullptr}};

}  // namespace

void add_replay(nb::module_& module) {
  nb::class_<Replay>(module, "Replay", nb::type_slots(replay_slots),
                     "A captured function, ready to be called.")
      .def(nb::init<nb::object>(), nb::arg("program"))
      .def("add_argument", &Replay::add_argument, nb::arg("type"),
           nb::arg("array"), nb::arg("slot"))
      .def("add_found", &Replay::add_found, nb::arg("leaf"), nb::arg("type"),
           nb::arg("array"), nb::arg("slot"), nb::arg("step"))
      .def("add_result", &Replay::add_result, nb::arg("slot"), nb::arg("make"))
      .def("add_lasting", &Replay::add_lasting, nb::arg("array"))
      .def("add_gradient", &Replay::add_gradient, nb::arg("leaf"),
           nb::arg("result"))
      .def("add_debt", &Replay::add_debt, nb::arg("leaf"), nb::arg("debt"))
      .def("add_count", &Replay::add_count, nb::arg("counter"), nb::arg("step"))
      .def("add_option", &Replay::add_option, nb::arg("group"), nb::arg("key"))
      .def("set_guards", &Replay::set_guards, nb::arg("triples"))
      .def("set_mode", &Replay::set_mode, nb::arg("enabled"),
           nb::arg("inference"))
      .def("set_refresh", &Replay::set_refresh, nb::arg("refresh"))
      .def("run", &Replay::run, nb::arg("arguments"));
}

}  // namespace tatami
