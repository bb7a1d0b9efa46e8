// backward.cpp: backward passes that were recorded, and are made again.
//
// No code but tatami's own runs in a backward pass through its own operations,
// so graphs that are alike need the same kernels: once a pass has been recorded
// (tatami/program/backward.py), it is a program.
#include "backward.h"

#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <vector>

#include "debt.h"
#include "graph.h"
#include "program.h"

namespace tatami {
namespace {

/// The gradient of a leaf that has none yet.
struct Made {
  size_t leaf, slot;
  int type, rank;
  npy_intp lengths[kMaxRank];
};

/// The gradient of a leaf that has none yet, and is not formed.
struct Owed {
  size_t leaf;
  int type;
  MatrixPlace factors[2];
};

/// Says that a program runs, until it has ended or failed.
class Busy {
 public:
  explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
  Busy(const Busy&) = delete;
  ~Busy() { flag_ = false; }

 private:
  bool& flag_;
};

/// What is known of the passes through graphs that are alike.
class Pass {
 public:
  enum class State { counted, recording, eager, ready };

  State state = State::counted;
  long seen = 0, used = 0;
  nb::object notes = nb::none();  // of an earlier recording

  /// Let this program stand for the pass.
  ///
  /// Slot i of the program is region i of the graph; then come those of the
  /// gradients, and the memory of `nbytes` bytes that passing arrays share; it
  /// stays where it is if that is 0.
  void make(nb::object program, nb::object holder, size_t nbytes) {
    holders_ = nb::make_tuple(program, holder);
    program_ = nb::cast<Program*>(program);
    nbytes_ = nbytes;
    notes = nb::none();
    state = State::ready;
  }
  void add_made(size_t leaf, size_t slot, nb::handle like) {
    auto* array = as_array(like.ptr());
    Made made{leaf, slot, PyArray_TYPE(array), PyArray_NDIM(array), {}};
    if (made.rank > kMaxRank) throw nb::value_error("too many dimensions");
    std::copy_n(PyArray_DIMS(array), made.rank, made.lengths);
    made_.push_back(made);
  }
  /// Enter a gradient that the pass leaves owing, and what it is made of: slot,
  /// offset, lengths and strides of two matrices.
  void add_owed(size_t leaf, nb::handle like, nb::list factors) {
    Owed owed{leaf, PyArray_TYPE(as_array(like.ptr())), {}};
    for (size_t i = 0; i < 2; ++i) {
      auto [slot, offset, rows, columns, row, column] =
          nb::cast<std::tuple<size_t, long, long, long, long, long>>(
              factors[i]);
      owed.factors[i] = {slot, offset, {rows, columns}, {row, column}};
    }
    owed_.push_back(owed);
  }
  void add_changed(size_t leaf) { changed_.push_back(leaf); }
  /// Wait for the next pass, unless this one decided something.
  void recorded() {
    if (state == State::recording) state = State::counted;
  }
  void give_up() {
    state = State::eager;
    notes = nb::none();
  }

  /// Keep the classes of the steps: a key knows them by their addresses.
  void hold_types(const Graph& graph) {
    for (NodeFields* node : graph.nodes)
      types_.push_back(nb::borrow(reinterpret_cast<PyObject*>(Py_TYPE(node))));
  }

  /// False if the graph has to be walked, because another thread is in the
  /// program or a kernel refused.
  bool run(const Graph& graph, bool keep_graph) {
    if (busy_) return false;
    std::vector<nb::object> held;
    held.reserve(graph.arrays.size() + made_.size() + 1);
    for (PyArrayObject* array : graph.arrays)
      held.push_back(nb::borrow(reinterpret_cast<PyObject*>(array)));
    for (size_t i = 0; i < graph.regions.size(); ++i)
      program_->move(i, graph.regions[i].first);
    const size_t first = held.size();
    for (const Made& made : made_)
      held.push_back(placed(made.slot, made.rank, made.lengths, made.type));
    const npy_intp bytes = static_cast<npy_intp>(nbytes_);
    if (bytes)
      held.push_back(
          placed(graph.regions.size() + made_.size(), 1, &bytes, NPY_UINT8));
    std::vector<nb::object> leaves = of(graph.leaves), steps = of(graph.nodes);
    long refused;
    {
      Busy busy(busy_);
      refused = program_->run_steps();
    }
    if (refused >= 0) return refuse();
    for (size_t i = 0; i < made_.size(); ++i) {
      auto* gradient =
          reinterpret_cast<PyObject*>(wrapped(held[first + i].ptr()));
      if (!gradient) throw nb::python_error();
      Py_SETREF(as_tensor(leaves[made_[i].leaf].ptr())->grad, gradient);
    }
    for (size_t leaf : changed_) count_change(as_tensor(leaves[leaf].ptr()));
    if (!keep_graph)
      for (const nb::object& step : steps)
        set(reinterpret_cast<NodeFields*>(step.ptr())->saved, Py_None);
    for (const Owed& owed : owed_) owe(owed, graph, held, leaves[owed.leaf]);
    return true;
  }

 private:
  /// Let what a gradient is made of stand in its place; it is formed at once
  /// where others can change that.
  void owe(const Owed& owed, const Graph& graph,
           const std::vector<nb::object>& held, const nb::object& leaf) const {
    nb::object matrices[2];
    bool alone = true;
    for (int i = 0; i < 2; ++i) {
      const MatrixPlace& place = owed.factors[i];
      if (place.slot >= graph.regions.size()) {
        PyObject* memory = held.back().ptr();
        auto* start = static_cast<char*>(PyArray_DATA(as_array(memory)));
        matrices[i] = place.in(memory, start, owed.type);
        continue;
      }
      const auto& [first, last] = graph.regions[place.slot];
      alone = alone && nobody_else_reaches(graph.arrays, first, last);
      matrices[i] =
          place.in(holder_of(graph, first, place.offset), first, owed.type);
    }
    TensorFields* tensor = as_tensor(leaf.ptr());
    nb::object debt = nb::cast(Debt{nb::make_tuple(matrices[0], matrices[1])});
    set(tensor->grad, debt.ptr());
    if (!alone && !settle(tensor)) throw nb::python_error();
  }

  /// An array of the graph that holds a place of a region.
  static PyObject* holder_of(const Graph& graph, const char* first,
                             npy_intp offset) {
    for (PyArrayObject* array : graph.arrays) {
      const char* start = static_cast<char*>(PyArray_DATA(array));
      if (start <= first + offset && first + offset < start + extent_of(array))
        return reinterpret_cast<PyObject*>(array);
    }
    throw std::logic_error("a region without an array");
  }

  template <class F>
  static std::vector<nb::object> of(const std::vector<F*>& objects) {
    std::vector<nb::object> held;
    held.reserve(objects.size());
    for (F* object : objects)
      held.push_back(nb::borrow(reinterpret_cast<PyObject*>(object)));
    return held;
  }

  nb::object placed(size_t slot, int rank, const npy_intp* lengths, int type) {
    PyObject* array = allocated_array(rank, lengths, type);
    if (!array) throw nb::python_error();
    program_->move(slot, static_cast<char*>(PyArray_DATA(as_array(array))));
    return nb::steal(array);
  }

  bool refuse() {
    if (changed_.empty()) {
      give_up();
      return false;
    }
    throw std::runtime_error(
        "a kernel of the backward pass refused its operands after gradients "
        "were changed: set them to None before the next pass");
  }

  static void count_change(TensorFields* leaf) {
    TensorFields* grad = as_tensor(leaf->grad);
    if (!grad) return;
    long version = PyLong_AsLong(PyList_GET_ITEM(grad->counter, 0));
    PyList_SetItem(grad->counter, 0, PyLong_FromLong(version + 1));
  }

  nb::object holders_;
  Program* program_ = nullptr;
  size_t nbytes_ = 0;
  std::vector<Made> made_;
  std::vector<Owed> owed_;
  std::vector<size_t> changed_;
  std::vector<nb::object> types_;
  bool busy_ = false;
};

/// The passes of this process.
class Passes {
 public:
  /// Make the pass from `roots` with `gradients`, where new tensors have the
  /// default type: True if it was made, None if
  /// the graph has to be walked, else what to record.
  nb::object run(nb::handle roots, nb::handle gradients, bool keep_graph,
                 nb::handle default_type) {
    if (!active ||
        !graph_.describe(roots.ptr(), gradients.ptr(), default_type.ptr()))
      return nb::none();
    nb::object found = pass_of(graph_);
    auto* pass = nb::cast<Pass*>(found);
    pass->used = ++time_;
    if (pass->state == Pass::State::ready) {
      // Other threads may describe their graphs while the program runs.
      Graph graph;
      std::swap(graph, graph_);
      bool done = pass->run(graph, keep_graph);
      std::swap(graph, graph_);
      return done ? nb::object(nb::bool_(true)) : nb::none();
    }
    if (pass->state != Pass::State::counted || ++pass->seen <= kBefore)
      return nb::none();
    pass->state = Pass::State::recording;
    return described(found);
  }

  void clear() {
    std::vector<Entry> gone;
    gone.swap(passes_);
  }
  size_t size() const { return passes_.size(); }
  /// How many kinds of passes are programs.
  size_t ready() const {
    size_t count = 0;
    for (const Entry& entry : passes_)
      count += nb::cast<Pass*>(entry.pass)->state == Pass::State::ready;
    return count;
  }

  bool active = true;

 private:
  /// A graph has to come this often before it is worth a recording.
  static constexpr long kBefore = 2;
  static constexpr size_t kMost = 64;

  /// A pass with the steps, leaves and arrays of the graph, and (address,
  /// bytes) of its regions.
  nb::object described(const nb::object& pass) const {
    nb::list nodes, leaves, arrays, regions;
    for (NodeFields* node : graph_.nodes)
      nodes.append(nb::handle(reinterpret_cast<PyObject*>(node)));
    for (TensorFields* leaf : graph_.leaves)
      leaves.append(nb::handle(reinterpret_cast<PyObject*>(leaf)));
    for (PyArrayObject* array : graph_.arrays)
      arrays.append(nb::handle(reinterpret_cast<PyObject*>(array)));
    for (const auto& [first, last] : graph_.regions)
      regions.append(
          nb::make_tuple(reinterpret_cast<size_t>(first), last - first));
    return nb::make_tuple(pass, nodes, leaves, arrays, regions);
  }

  struct Entry {
    Key key;
    nb::object pass;
  };

  nb::object pass_of(const Graph& graph) {
    for (const Entry& entry : passes_)
      if (entry.key == graph.key) return entry.pass;
    if (passes_.size() >= kMost) forget_one();
    nb::object made = nb::cast(Pass());
    nb::cast<Pass*>(made)->hold_types(graph);
    passes_.push_back({graph.key, made});
    return made;
  }

  /// Forget the pass that was not used for the longest time, programs last.
  void forget_one() {
    auto rank = [](const Entry& entry) {
      auto* pass = nb::cast<Pass*>(entry.pass);
      return std::make_pair(pass->state == Pass::State::ready, pass->used);
    };
    auto worst = std::min_element(
        passes_.begin(), passes_.end(),
        [&](const Entry& a, const Entry& b) { return rank(a) < rank(b); });
    Entry last = std::move(*worst);
    passes_.erase(worst);
  }

  std::vector<Entry> passes_;
  Graph graph_;
  long time_ = 0;
};

}  // namespace

void add_backward(nb::module_& module) {
  nb::class_<Pass>(module, "Pass", "Backward passes through like graphs.")
      .def_rw("notes", &Pass::notes, nb::arg().none())
      .def("make", &Pass::make, nb::arg("program"), nb::arg("holder"),
           nb::arg("nbytes"))
      .def("add_made", &Pass::add_made, nb::arg("leaf"), nb::arg("slot"),
           nb::arg("like"))
      .def("add_owed", &Pass::add_owed, nb::arg("leaf"), nb::arg("like"),
           nb::arg("factors"))
      .def("add_changed", &Pass::add_changed, nb::arg("leaf"))
      .def("recorded", &Pass::recorded)
      .def("give_up", &Pass::give_up);
  nb::class_<Passes>(module, "Passes", "The passes of this process.")
      .def(nb::init<>())
      .def_rw("active", &Passes::active)
      .def_prop_ro("ready", &Passes::ready)
      .def("__len__", &Passes::size)
      .def("run", &Passes::run, nb::arg("roots"), nb::arg("gradients"),
           nb::arg("keep_graph"), nb::arg("default_type"))
      .def("clear", &Passes::clear);
}

}  // namespace tatami
