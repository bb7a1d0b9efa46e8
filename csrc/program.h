// program.h: recorded kernel calls, made again without Python.
#pragma once

#include <nanobind/nanobind.h>

namespace tatami {

void add_program(nanobind::module_& module);

}  // namespace tatami
