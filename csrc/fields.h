// fields.h: the classes that tensors, nodes and saved values derive from.
#pragma once

#include <nanobind/nanobind.h>

namespace tatami {

void add_fields(nanobind::module_& module);

}  // namespace tatami
