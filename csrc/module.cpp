// module.cpp: the module tatami._native and how its functions are called.
#define TATAMI_IMPORTS_NUMPY
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "array.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "backward.h"
#include "debt.h"
#include "fields.h"
#include "members.h"
#include "parallel.h"
#include "program.h"

namespace nb = nanobind;

namespace tatami {
namespace {

/// One function of the module.
struct Function {
  PyMethodDef definition;
  Serve serve;
  PyObject* reference = nullptr;  // the NumPy definition
};

constexpr const char* kCapsule = "tatami.Function";

std::vector<Function*>& functions() {
  static std::vector<Function*> list;
  return list;
}

Function* find(const std::string& name) {
  for (Function* function : functions())
    if (name == function->definition.ml_name) return function;
  return nullptr;
}

/// Elementwise functions are given `out` by name: it lies right behind the
/// others.
bool is_only_out(PyObject* keywords) {
  return PyTuple_GET_SIZE(keywords) == 1 &&
         PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0),
                                          "out") == 0;
}

PyObject* call_reference(Function* function, PyObject* const* arguments,
                         Py_ssize_t count, PyObject* keywords) {
  if (function->reference)
    return PyObject_Vectorcall(function->reference, arguments, count, keywords);
  PyErr_Format(PyExc_NotImplementedError,
               "the compiled kernel %s does not serve these arguments, and no "
               "NumPy definition is installed",
               function->definition.ml_name);
  return nullptr;
}

/// nanobind's call costs 50 to 100 ns more than this, which counts for small
/// arrays.
PyObject* call(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
               PyObject* keywords) {
  auto* function = static_cast<Function*>(PyCapsule_GetPointer(self, kCapsule));
  PyObject* result = declined();
  if (count > 0 && (!keywords || is_only_out(keywords))) {
    try {
      result = function->serve(arguments, count + (keywords ? 1 : 0));
    } catch (const std::bad_alloc&) {
      return PyErr_NoMemory();
    }
  }
  if (result != declined()) return result;
  return call_reference(function, arguments, count, keywords);
}

void set_reference(const std::string& name, nb::object definition) {
  Function* function = find(name);
  if (!function)
    throw nb::key_error(("there is no compiled kernel " + name).c_str());
  Py_XDECREF(std::exchange(function->reference, definition.release().ptr()));
}

void set_num_threads(int count) {
  if (count < 1)
    throw nb::value_error(
        ("the number of threads must be positive, but it is " +
         std::to_string(count))
            .c_str());
  set_thread_count(count);
}

nb::list names() {
  nb::list result;
  for (Function* function : functions())
    result.append(function->definition.ml_name);
  return result;
}

}  // namespace

Serve find_function(const char* name) {
  Function* function = find(name);
  return function ? function->serve : nullptr;
}

namespace {

/// Operations a core does in a nanosecond, at best.
double peak_rate() {
  using Clock = std::chrono::steady_clock;
  alignas(64) float out[16];
  double best = 0;
  for (int round = 0; round < 200; ++round) {
    auto start = Clock::now();
    double operations = kernels().float32.multiply_add(4000, out);
    std::chrono::duration<double, std::nano> passed = Clock::now() - start;
    best = std::max(best, operations / passed.count());
  }
  return best;
}

void add_functions(nb::module_& module) {
  add_elementwise();
  add_reduce();
  add_linalg();
  add_conv();
  add_conv_pool();
  add_pool();
  add_optim();
  add_formulas();
  add_lookup();
  add_loss();
  add_movement();
  add_norm();
  add_random();
  nb::str module_name("tatami._native");
  for (Function* function : functions()) {
    Owned self(PyCapsule_New(function, kCapsule, nullptr));
    Owned callable(PyCFunction_NewEx(&function->definition, self.get(),
                                     module_name.ptr()));
    if (!callable) throw nb::python_error();
    module.attr(function->definition.ml_name) = nb::handle(callable.get());
  }
}

/// Memory given back to the system is cleared page by page when it is asked for
/// again, which costs more than the arithmetic of a small network: keep it.
void keep_freed_memory() {
#ifdef __GLIBC__
  if (!std::getenv("MALLOC_MMAP_THRESHOLD_"))
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
  if (!std::getenv("MALLOC_TRIM_THRESHOLD_"))
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

}  // namespace

void add_function(const char* name, Serve serve) {
  auto* function = new Function;
  function->serve = serve;
  function->definition = {
      name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)),
      METH_FASTCALL | METH_KEYWORDS,
      "The compiled form of the NumPy definition."};
  functions().push_back(function);
}

}  // namespace tatami

NB_MODULE(_native, module) {
  using namespace tatami;
  if (PyArray_ImportNumPyAPI() < 0) throw nb::python_error();
  module.doc() = "tatami's compiled kernels.";
  // What lives until the interpreter ends is no leak.
  nb::set_leak_warnings(false);
  keep_freed_memory();
  add_functions(module);
  add_program(module);
  add_debt(module);
  add_replay(module);
  add_backward(module);
  add_members(module);
  add_fields(module);
  module.def("names", names, "The names of the compiled kernels.");
  module.def("set_reference", set_reference, nb::arg("name"),
             nb::arg("definition"),
             "Set what serves the calls that a compiled kernel declines.");
  module.def(
      "instruction_set", [] { return kernels().instruction_set; },
      "The instruction set in use.");
  module.def("peak_rate", peak_rate,
             "Operations on float32 that one core does in a nanosecond.");
  module.def("kept_memory", kept_memory,
             "How many bytes of freed arrays are kept for new ones.");
  module.def("release_memory", release_memory,
             "Give the kept bytes back to the system; return how many.");
  module.def("get_num_threads", thread_count,
             "How many threads a kernel may use.");
  module.def("set_num_threads", set_num_threads, nb::arg("count"),
             "Set how many threads a kernel may use.");
}
