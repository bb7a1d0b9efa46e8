// program.h: recorded kernel calls, made again without Python.
//
// Arrays that change from run to run (inputs, and results the caller keeps) are
// slots: a run names the memory of the slots, and operands that lay in the old
// memory move to the same place in the new one.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <vector>

#include "array.h"

namespace tatami {

namespace nb = nanobind;

/// Memory that every run may exchange.
struct Slot {
  char* base;  // where it lies now
  npy_intp bytes;
  std::vector<void*> places;  // of operands that lie in the memory
  char* home;                 // where it lies for who makes steps

  bool holds(const char* address) const {
    return address >= base && address < base + (bytes > 0 ? bytes : 1);
  }
  void move_to(char* address);
};

/// A kept kernel call, or a Python function for what no kernel serves.
struct Step {
  std::unique_ptr<Instruction> native;
  nb::object function;
};

/// Steps that go through a batch band by band. Bands that lie `lanes` apart
/// share memory; all others may be gone through at once.
struct Bands {
  std::vector<size_t> starts;  // of the bands, and the end of the last one
  size_t lanes;

  size_t count() const { return starts.size() - 1; }
};

/// A list of kept calls, run in order with the GIL released.
class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Enter an array that runs may exchange; returns the number of its slot.
  size_t add_slot(nb::handle array);

  /// Keep a kernel's call. False if no kernel serves it.
  bool add(const std::string& name, nb::tuple arguments, nb::tuple outputs);

  void add_function(nb::object function);

  /// Let threads share out bands: steps that were added before.
  void add_bands(std::vector<size_t> starts, size_t lanes) {
    bands_.push_back({std::move(starts), lanes});
  }

  /// Make a step anew, from other numbers.
  bool replace(size_t index, const std::string& name, nb::tuple arguments,
               nb::tuple outputs);

  /// Run all steps on the arrays of the slots. Returns the number of the step
  /// whose kernel refused its operands' values, or -1.
  long run(nb::tuple arrays);

  /// Let a slot lie in other memory.
  void move(size_t slot, char* address) {
    if (slots_[slot].base != address) slots_[slot].move_to(address);
  }

  /// Run all steps where the slots lie now.
  long run_steps();

  /// Run all steps; returns the seconds each took.
  nb::list profile(nb::tuple arrays);

  size_t size() const { return steps_.size(); }

  /// The steps, for the garbage collector, and away with them.
  const std::vector<Step>& steps() const { return steps_; }
  void clear() { steps_.clear(); }

 private:
  long run_bands(const Bands& bands) const;
  void collect(const Step& step);
  void forget(const Step& step);
  void exchange(const nb::tuple& arrays);

  std::vector<Slot> slots_;
  std::vector<Step> steps_;
  std::vector<Bands> bands_;  // in order
};

void add_program(nb::module_& module);
void add_replay(nb::module_& module);

}  // namespace tatami
