// program.cpp: a list of kept calls.
#include "program.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "guards.h"
#include "parallel.h"

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

/// ns of work that are worth waking threads for.
constexpr double kTakesLong = 1e6;

char* operand_at(const void* place) {
  char* operand;
  std::memcpy(&operand, place, sizeof operand);
  return operand;
}

std::unique_ptr<Instruction> make(const std::string& name,
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

}  // namespace

void Slot::move_to(char* address) {
  for (void* place : places) {
    char* operand = operand_at(place) + (address - base);
    std::memcpy(place, &operand, sizeof operand);
  }
  base = address;
}

size_t Program::add_slot(nb::handle array) {
  auto* memory = as_array(array.ptr());
  char* address = static_cast<char*>(PyArray_DATA(memory));
  slots_.push_back({address, extent_of(memory), {}, address});
  return slots_.size() - 1;
}

bool Program::add(const std::string& name, nb::tuple arguments,
                  nb::tuple outputs) {
  std::unique_ptr<Instruction> made = make(name, arguments, outputs);
  if (!made) return false;
  steps_.push_back({std::move(made), nb::object()});
  collect(steps_.back());
  return true;
}

void Program::add_function(nb::object function) {
  steps_.push_back({nullptr, std::move(function)});
}

bool Program::replace(size_t index, const std::string& name,
                      nb::tuple arguments, nb::tuple outputs) {
  std::unique_ptr<Instruction> made = make(name, arguments, outputs);
  if (!made) return false;
  for (Slot& slot : slots_) slot.move_to(slot.home);
  forget(steps_.at(index));
  steps_.at(index).native = std::move(made);
  collect(steps_.at(index));
  return true;
}

long Program::run(nb::tuple arrays) {
  exchange(arrays);
  return run_steps();
}

long Program::run_steps() {
  PyThreadState* state = PyEval_SaveThread();
  long refused = -1;
  auto bands = bands_.begin();
  for (size_t i = 0; i < steps_.size() && refused < 0; ++i) {
    if (bands != bands_.end() && bands->starts.front() == i) {
      refused = run_bands(*bands);
      i = bands++->starts.back() - 1;
      continue;
    }
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

/// Threads take the bands in order. Each band runs on one thread, so nobody
/// waits at the end of a kernel.
long Program::run_bands(const Bands& bands) const {
  std::atomic<size_t> next{0};
  std::atomic<long> refused{-1};
  std::vector<std::atomic<bool>> done(bands.count());
  auto run_band = [&](size_t band) {
    for (size_t i = bands.starts[band]; i < bands.starts[band + 1]; ++i)
      if (refused.load(std::memory_order_relaxed) >= 0 ||
          !steps_[i].native->run()) {
        long none = -1;
        refused.compare_exchange_strong(none, static_cast<long>(i));
        return;
      }
  };
  auto take = [&](long, long) {
    for (size_t band; (band = next.fetch_add(1)) < bands.count();) {
      if (band >= bands.lanes)
        while (!done[band - bands.lanes].load(std::memory_order_acquire))
          std::this_thread::yield();
      run_band(band);
      done[band].store(true, std::memory_order_release);
    }
  };
  // More threads than bands with memory of their own do better inside kernels.
  const auto threads = static_cast<size_t>(thread_count());
  const bool shared =
      threads > 1 && threads <= bands.lanes && bands.count() >= 2 * threads;
  if (shared)
    parallel_for(static_cast<long>(threads), kTakesLong, take);
  else
    for (size_t band = 0; band < bands.count(); ++band) run_band(band);
  return refused.load();
}

nb::list Program::profile(nb::tuple arrays) {
  exchange(arrays);
  nb::list seconds;
  for (const Step& step : steps_) {
    auto start = Clock::now();
    if (step.native)
      step.native->run();
    else
      step.function();
    seconds.append(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return seconds;
}

void Program::collect(const Step& step) {
  std::vector<void*> places;
  step.native->places(places);
  for (void* place : places)
    for (Slot& slot : slots_)
      if (operand_at(place) && slot.holds(operand_at(place)))
        slot.places.push_back(place);
}

void Program::forget(const Step& step) {
  std::vector<void*> places;
  if (step.native) step.native->places(places);
  for (Slot& slot : slots_)
    for (void* place : places)
      for (size_t i = slot.places.size(); i-- > 0;)
        if (slot.places[i] == place)
          slot.places.erase(slot.places.begin() + static_cast<long>(i));
}

void Program::exchange(const nb::tuple& arrays) {
  for (size_t i = 0; i < slots_.size(); ++i)
    move(i, static_cast<char*>(PyArray_DATA(as_array(arrays[i].ptr()))));
}

namespace {

int traverse_program(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self)) return 0;
  for (const Step& step : nb::inst_ptr<Program>(self)->steps())
    Py_VISIT(step.function.ptr());
  return 0;
}

int clear_program(PyObject* self) {
  if (nb::inst_ready(self)) nb::inst_ptr<Program>(self)->clear();
  return 0;
}

PyType_Slot program_slots[] = {
    {Py_tp_traverse, reinterpret_cast<void*>(traverse_program)},
    {Py_tp_clear, reinterpret_cast<void*>(clear_program)},
    {0, nullptr}};

}  // namespace

void add_program(nb::module_& module) {
  nb::class_<Program>(module, "Program", nb::type_slots(program_slots),
                      "Kernel calls that can be made again.")
      .def(nb::init<>())
      .def("add_slot", &Program::add_slot, nb::arg("array"))
      .def("add", &Program::add, nb::arg("name"), nb::arg("arguments"),
           nb::arg("outputs"))
      .def("add_bands", &Program::add_bands, nb::arg("starts"),
           nb::arg("lanes"))
      .def("add_function", &Program::add_function, nb::arg("function"))
      .def("replace", &Program::replace, nb::arg("index"), nb::arg("name"),
           nb::arg("arguments"), nb::arg("outputs"))
      .def("run", &Program::run, nb::arg("arrays"))
      .def("profile", &Program::profile, nb::arg("arrays"))
      .def("__len__", &Program::size);
  module.def("all_hold", static_cast<bool (*)(nb::tuple)>(all_hold),
             nb::arg("triples"),
             "Whether owners still hold the objects they held.");
}

}  // namespace tatami
