// backward.h: backward passes that were recorded, and are made again.
#pragma once

#include <nanobind/nanobind.h>

namespace tatami {

void add_backward(nanobind::module_& module);

}  // namespace tatami
