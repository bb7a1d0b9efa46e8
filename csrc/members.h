// members.h: parameters and submodules as attributes.
#pragma once

#include <nanobind/nanobind.h>

namespace tatami {

void add_members(nanobind::module_& module);

}  // namespace tatami
