// peak.cpp: what this machine can do: multiply-add rate and copy rate.
// Built and run by machine.py, with the number of threads as its argument.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
constexpr int kLanes = kBytes / sizeof(float);
constexpr int kAccumulators =
    12;  // latency 4 or 5, two a cycle, and some spare
constexpr long kSteps = 400000;
constexpr long kCopied = 64 << 20;

typedef float Vector __attribute__((vector_size(kBytes)));

static double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// Multiply and add in registers only; the result keeps the work alive.
static float multiply_add() {
  Vector sums[kAccumulators];
  Vector factor = Vector{} + 0.999f, addend = Vector{} + 0.001f;
  for (int i = 0; i < kAccumulators; ++i) sums[i] = Vector{} + float(i);
  for (long step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) sums[i] = sums[i] * factor + addend;
#if defined(__x86_64__)
    asm volatile("" : "+x"(factor), "+x"(addend));
#elif defined(__aarch64__)
    asm volatile("" : "+w"(factor), "+w"(addend));
#endif
  }
  Vector total = sums[0];
  for (int i = 1; i < kAccumulators; ++i) total += sums[i];
  float result = 0;
  for (int lane = 0; lane < kLanes; ++lane) result += total[lane];
  return result;
}

/// Run a function on every thread at once; return the time until the last ends.
template <class Function>
static double together(int threads, Function function) {
  std::atomic<int> ready{0};
  std::vector<std::thread> others;
  auto body = [&](int index) {
    ready.fetch_add(1);
    while (ready.load() < threads) {
    }
    function(index);
  };
  for (int i = 1; i < threads; ++i) others.emplace_back(body, i);
  while (ready.load() < threads - 1) {
  }
  double start = seconds();
  body(0);
  for (auto& other : others) other.join();
  return seconds() - start;
}

int main(int count, char** arguments) {
  int threads = count > 1 ? std::atoi(arguments[1]) : 1;
  double budget = count > 2 ? std::atof(arguments[2]) : 1.0;
  std::atomic<float> sink{0};
  double operations = 2.0 * kLanes * kAccumulators * kSteps * threads;
  double flops = 0, copied = 0;
  for (double end = seconds() + budget; seconds() < end;) {
    double time = together(threads, [&](int) { sink = multiply_add(); });
    flops = std::max(flops, operations / time);
  }
  std::vector<std::vector<char>> from(threads), to(threads);
  for (int i = 0; i < threads; ++i) {
    from[i].assign(kCopied, 1);
    to[i].assign(kCopied, 2);
  }
  for (double end = seconds() + budget / 2; seconds() < end;) {
    double time = together(threads, [&](int i) {
      std::memcpy(to[i].data(), from[i].data(), kCopied);
    });
    copied = std::max(copied, 2.0 * kCopied * threads / time);
  }
  std::printf("%.4g %.4g %d\n", flops / 1e9, copied / 1e9, kBytes);
  return 0;
}
