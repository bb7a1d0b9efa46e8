// debt.h: gradients that nobody has asked for yet.
#pragma once

#include <nanobind/nanobind.h>

namespace tatami {

/// Stands in the place of a gradient that is the product of two matrices, which
/// nobody can change. Whoever reads the gradient has it formed.
struct Debt {
  nanobind::object a, b;
};

void add_debt(nanobind::module_& module);

}  // namespace tatami
