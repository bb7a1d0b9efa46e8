// program.cpp: a list of kept calls, run in order with the GIL released.
//
// Arrays that change from run to run (inputs, and results the caller keeps) are
// slots: a run names the arrays of the slots, and operands that lay in the old
// array move to the same place in the new one.
#include "program.h"

#include <nanobind/stl/string.h>

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "array.h"

namespace nb = nanobind;

namespace tatami {

Keeping* keeping = nullptr;

PyObject* planned_array(int rank, const npy_intp* lengths, int type) {
  if (keeping->taken >= keeping->outputs.size()) return nullptr;
  PyObject* output = keeping->outputs[keeping->taken++];
  if (!is_plain(output) || PyArray_TYPE(as_array(output)) != type ||
      !is_contiguous(output) || rank_of(output) != rank ||
      !PyArray_CompareLists(PyArray_DIMS(as_array(output)), lengths, rank))
    return nullptr;
  return Py_NewRef(output);
}

namespace {

using Clock = std::chrono::steady_clock;

/// An array that every run may exchange.
struct Slot {
  char* base;
  npy_intp bytes;
  std::vector<void*> places;  // of operands that lie in the array

  bool holds(const char* address) const {
    return address >= base && address < base + (bytes > 0 ? bytes : 1);
  }
  void move_to(char* address) {
    for (void* place : places) {
      char* operand;
      std::memcpy(&operand, place, sizeof operand);
      operand += address - base;
      std::memcpy(place, &operand, sizeof operand);
    }
    base = address;
  }
};

/// A kept kernel call, or a Python function for what no kernel serves.
struct Step {
  std::unique_ptr<Instruction> native;
  nb::object function;
};

class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Enter an array that runs may exchange; returns the number of its slot.
  size_t add_slot(nb::handle array) {
    auto* memory = as_array(array.ptr());
    slots_.push_back(
        {static_cast<char*>(PyArray_DATA(memory)), PyArray_NBYTES(memory), {}});
    return slots_.size() - 1;
  }

  /// Keep a kernel's call. False if no kernel serves it.
  bool add(const std::string& name, nb::tuple arguments, nb::tuple outputs) {
    std::unique_ptr<Instruction> made = make(name, arguments, outputs);
    if (!made) return false;
    steps_.push_back({std::move(made), nb::object()});
    collect(steps_.back());
    return true;
  }

  void add_function(nb::object function) {
    steps_.push_back({nullptr, std::move(function)});
  }

  /// Make a step anew, from other numbers.
  bool replace(size_t index, const std::string& name, nb::tuple arguments,
               nb::tuple outputs) {
    std::unique_ptr<Instruction> made = make(name, arguments, outputs);
    if (!made) return false;
    forget(steps_.at(index));
    steps_.at(index).native = std::move(made);
    collect(steps_.at(index));
    return true;
  }

  /// Run all steps on the arrays of the slots. Returns the number of the step
  /// whose kernel refused its operands' values, or -1.
  long run(nb::tuple arrays) {
    exchange(arrays);
    PyThreadState* state = PyEval_SaveThread();
    long refused = -1;
    for (size_t i = 0; i < steps_.size() && refused < 0; ++i) {
      const Step& step = steps_[i];
      if (step.native) {
        if (!step.native->run()) refused = static_cast<long>(i);
        continue;
      }
      PyEval_RestoreThread(state);
      PyObject* result = PyObject_CallNoArgs(step.function.ptr());
      if (!result) throw nb::python_error();
      Py_DECREF(result);
      state = PyEval_SaveThread();
    }
    PyEval_RestoreThread(state);
    return refused;
  }

  /// Run all steps; returns the seconds each took.
  nb::list profile(nb::tuple arrays) {
    exchange(arrays);
    nb::list seconds;
    for (const Step& step : steps_) {
      auto start = Clock::now();
      if (step.native)
        step.native->run();
      else
        step.function();
      seconds.append(
          std::chrono::duration<double>(Clock::now() - start).count());
    }
    return seconds;
  }

  size_t size() const { return steps_.size(); }

 private:
  static std::unique_ptr<Instruction> make(const std::string& name,
                                           const nb::tuple& arguments,
                                           const nb::tuple& outputs) {
    Serve serve = find_function(name.c_str());
    if (!serve || nb::len(arguments) == 0) return nullptr;
    Keeping kept;
    for (nb::handle output : outputs) kept.outputs.push_back(output.ptr());
    keeping = &kept;
    PyObject* result =
        serve(reinterpret_cast<PyTupleObject*>(arguments.ptr())->ob_item,
              static_cast<Py_ssize_t>(nb::len(arguments)));
    keeping = nullptr;
    if (!result) PyErr_Clear();
    bool served = result && result != declined() &&
                  kept.taken == kept.outputs.size() && kept.instruction;
    if (result && result != declined()) Py_DECREF(result);
    return served ? std::move(kept.instruction) : nullptr;
  }

  void collect(const Step& step) {
    std::vector<void*> places;
    step.native->places(places);
    for (void* place : places) {
      char* operand;
      std::memcpy(&operand, place, sizeof operand);
      if (!operand) continue;
      for (Slot& slot : slots_)
        if (slot.holds(operand)) slot.places.push_back(place);
    }
  }

  void forget(const Step& step) {
    std::vector<void*> places;
    if (step.native) step.native->places(places);
    for (Slot& slot : slots_)
      for (void* place : places)
        for (size_t i = slot.places.size(); i-- > 0;)
          if (slot.places[i] == place)
            slot.places.erase(slot.places.begin() + static_cast<long>(i));
  }

  void exchange(const nb::tuple& arrays) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      auto* memory = as_array(arrays[i].ptr());
      char* address = static_cast<char*>(PyArray_DATA(memory));
      if (address != slots_[i].base) slots_[i].move_to(address);
    }
  }

  std::vector<Slot> slots_;
  std::vector<Step> steps_;
};

/// Equal numbers and texts count as the same object.
bool is_same(PyObject* found, PyObject* expected) {
  if (!found) return expected == Py_NotImplemented;
  if (found == expected) return true;
  if (Py_TYPE(found) != Py_TYPE(expected)) return false;
  if (!PyFloat_CheckExact(found) && !PyLong_CheckExact(found) &&
      !PyUnicode_CheckExact(found))
    return false;
  return PyObject_RichCompareBool(found, expected, Py_EQ) == 1;
}

/// Whether an object holds another: a dictionary or list under a key, a cell, or
/// anything else as an attribute. With Ellipsis as key: how much it holds. A key
/// that is not there holds NotImplemented.
bool holds(PyObject* owner, PyObject* key, PyObject* expected) {
  if (PyDict_Check(owner)) {
    if (key == Py_Ellipsis)
      return PyDict_Size(owner) == PyLong_AsSsize_t(expected);
    return is_same(PyDict_GetItemWithError(owner, key), expected);
  }
  if (PyCell_Check(owner)) return is_same(PyCell_GET(owner), expected);
  if (!PyList_Check(owner)) {
    Owned found(PyObject_GetAttr(owner, key));
    return is_same(found.get(), expected);
  }
  if (key == Py_Ellipsis)
    return PyList_GET_SIZE(owner) == PyLong_AsSsize_t(expected);
  Py_ssize_t index = PyLong_AsSsize_t(key);
  return index >= 0 && index < PyList_GET_SIZE(owner) &&
         is_same(PyList_GET_ITEM(owner, index), expected);
}

/// Whether owners still hold what they held: (owner, key, object) triples in
/// one flat tuple.
bool all_hold(nb::tuple triples) {
  PyObject** items = reinterpret_cast<PyTupleObject*>(triples.ptr())->ob_item;
  Py_ssize_t count = PyTuple_GET_SIZE(triples.ptr());
  for (Py_ssize_t i = 0; i + 2 < count; i += 3)
    if (!holds(items[i], items[i + 1], items[i + 2])) {
      PyErr_Clear();
      return false;
    }
  PyErr_Clear();
  return true;
}

}  // namespace

void add_program(nb::module_& module) {
  nb::class_<Program>(module, "Program", "Kernel calls that can be made again.")
      .def(nb::init<>())
      .def("add_slot", &Program::add_slot, nb::arg("array"))
      .def("add", &Program::add, nb::arg("name"), nb::arg("arguments"),
           nb::arg("outputs"))
      .def("add_function", &Program::add_function, nb::arg("function"))
      .def("replace", &Program::replace, nb::arg("index"), nb::arg("name"),
           nb::arg("arguments"), nb::arg("outputs"))
      .def("run", &Program::run, nb::arg("arrays"))
      .def("profile", &Program::profile, nb::arg("arrays"))
      .def("__len__", &Program::size);
  module.def("all_hold", all_hold, nb::arg("triples"),
             "Whether owners still hold the objects they held.");
}

}  // namespace tatami
