// dispatch.cpp: choose the kernels for the machine, once.
#include <cstdlib>
#include <cstring>

#include "formulas.h"
#include "kernels.h"

#define TATAMI_DECLARE(isa)               \
  namespace isa {                         \
  void fill_elementwise(KernelTable&);    \
  void fill_reduce(KernelTable&);         \
  void fill_gemm(KernelTable&);           \
  void fill_conv(KernelTable&);           \
  void fill_conv_grad(KernelTable&);      \
  void fill_conv_pool(KernelTable&);      \
  void fill_conv_pool_grad(KernelTable&); \
  void fill_pool(KernelTable&);           \
  void fill_optim(KernelTable&);          \
  void fill_peak(KernelTable&);           \
  void fill_loss(KernelTable&);           \
  void fill_norm(KernelTable&);           \
  void fill_random(KernelTable&);         \
  void fill_formulas(FormulaTable&);      \
  static KernelTable table() {            \
    KernelTable result{};                 \
    result.instruction_set = #isa;        \
    fill_elementwise(result);             \
    fill_reduce(result);                  \
    fill_gemm(result);                    \
    fill_conv(result);                    \
    fill_conv_grad(result);               \
    fill_conv_pool(result);               \
    fill_conv_pool_grad(result);          \
    fill_pool(result);                    \
    fill_optim(result);                   \
    fill_peak(result);                    \
    fill_loss(result);                    \
    fill_norm(result);                    \
    fill_random(result);                  \
    return result;                        \
  }                                       \
  }

namespace tatami {

TATAMI_DECLARE(baseline)
#if defined(TATAMI_HAS_AVX2)
TATAMI_DECLARE(avx2)
#endif
#if defined(TATAMI_HAS_AVX512)
TATAMI_DECLARE(avx512)
#endif

namespace {

#if defined(TATAMI_HAS_AVX2)
bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#if defined(TATAMI_HAS_AVX512)
bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

/// Whether the environment lets this instruction set be used.
bool allowed(const char* name) {
  const char* wanted = std::getenv("TATAMI_ISA");
  return !wanted || !*wanted || std::strcmp(wanted, name) == 0;
}

KernelTable choose() {
#if defined(TATAMI_HAS_AVX512)
  if (allowed("avx512") && has_avx512()) return avx512::table();
#endif
#if defined(TATAMI_HAS_AVX2)
  if (allowed("avx2") && has_avx2()) return avx2::table();
#endif
  return baseline::table();
}

}  // namespace

const KernelTable& kernels() {
  static const KernelTable table = choose();
  return table;
}

const FormulaTable& formulas() {
  static const FormulaTable table = [] {
    FormulaTable result{};
    [[maybe_unused]] const char* name = kernels().instruction_set;
#if defined(TATAMI_HAS_AVX512)
    if (std::strcmp(name, "avx512") == 0) avx512::fill_formulas(result);
#endif
#if defined(TATAMI_HAS_AVX2)
    if (std::strcmp(name, "avx2") == 0) avx2::fill_formulas(result);
#endif
    if (std::strcmp(name, "baseline") == 0) baseline::fill_formulas(result);
    return result;
  }();
  return table;
}

}  // namespace tatami
