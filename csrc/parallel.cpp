// parallel.cpp: a pool of threads that spin for a moment and then sleep.
#include "parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define TATAMI_HAS_FORK 1
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace tatami {
namespace {

constexpr double kWorthSharing = 12e3;  // ns of work, when the others are awake
constexpr double kWorthWaking = 200e3;  // ns of work, when they sleep
constexpr double kPiece = 4e3;          // ns of work handed out at a time
constexpr auto kSpin = std::chrono::microseconds(150);

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class Pool {
 public:
  /// Start workers until there are `count`.
  void grow(int count) {
    for (; workers_ < count; ++workers_)
      std::thread(&Pool::work, this).detach();
  }

  /// Share the pieces out. False if another thread is using the pool.
  bool run(long count, long piece, int helpers, bool wake,
           void (*body)(void*, long, long), void* context) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    body_ = body;
    context_ = context;
    count_ = count;
    piece_ = piece;
    helpers_ = helpers;
    next_.store(0, std::memory_order_relaxed);
    open_.store(true);
    generation_.fetch_add(1);
    if (wake) wake_all();
    take_pieces();
    open_.store(false);
    while (inside_.load() != 0) pause();
    busy_.clear(std::memory_order_release);
    return true;
  }

  bool asleep() const { return asleep_.load(std::memory_order_relaxed) != 0; }

 private:
  void wake_all() {
    if (asleep_.load() == 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    awake_.notify_all();
  }

  void take_pieces() {
    while (true) {
      long begin = next_.fetch_add(piece_, std::memory_order_relaxed);
      if (begin >= count_) return;
      long end = begin + piece_;
      body_(context_, begin, end < count_ ? end : count_);
    }
  }

  void work() {
    unsigned long seen = 0;
    while (true) {
      seen = wait_for_work(seen);
      // The order matters: run() closes the door first and counts afterwards.
      if (inside_.fetch_add(1) < helpers_.load() && open_.load()) take_pieces();
      inside_.fetch_sub(1);
    }
  }

  unsigned long wait_for_work(unsigned long seen) {
    auto limit = std::chrono::steady_clock::now() + kSpin;
    while (std::chrono::steady_clock::now() < limit) {
      for (int i = 0; i < 32; ++i) {
        unsigned long now = generation_.load(std::memory_order_acquire);
        if (now != seen) return now;
        pause();
      }
    }
    std::unique_lock<std::mutex> lock(mutex_);
    asleep_.fetch_add(1);
    awake_.wait(lock, [&] { return generation_.load() != seen; });
    asleep_.fetch_sub(1);
    return generation_.load();
  }

  int workers_ = 0;
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  void (*body_)(void*, long, long) = nullptr;
  void* context_ = nullptr;
  long count_ = 0;
  long piece_ = 1;
  std::atomic<int> helpers_{0};
  std::mutex mutex_;
  std::condition_variable awake_;
  std::atomic<int> asleep_{0};
  alignas(64) std::atomic<long> next_{0};
  alignas(64) std::atomic<unsigned long> generation_{0};
  alignas(64) std::atomic<bool> open_{false};
  alignas(64) std::atomic<int> inside_{0};
};

int available_processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  int count = static_cast<int>(std::thread::hardware_concurrency());
  return count > 0 ? count : 1;
}

int initial_thread_count() {
  for (const char* name : {"TATAMI_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(name);
    int count = text ? std::atoi(text) : 0;
    if (count > 0) return count;
  }
  return available_processors();
}

std::atomic<int> threads{0};
std::atomic<Pool*> pool{nullptr};
std::mutex pool_mutex;

#if defined(TATAMI_HAS_FORK)
// Only the forking thread lives on in the child: the old pool is of no use
// there, and its locks may be held for ever, so the child starts another one
// when it needs it.
void after_fork_in_child() {
  pool.store(nullptr);
  new (&pool_mutex) std::mutex();
}
#endif

Pool* the_pool(int workers) {
  std::lock_guard<std::mutex> lock(pool_mutex);
  Pool* current = pool.load();
  if (!current) {
#if defined(TATAMI_HAS_FORK)
    static const int registered =
        pthread_atfork(nullptr, nullptr, after_fork_in_child);
    (void)registered;
#endif
    current = new Pool;
    pool.store(current);
  }
  current->grow(workers);
  return current;
}

/// The buffers of one thread.
struct Buffers {
  static constexpr int kSlots = 11;
  void* memory[kSlots] = {};
  size_t bytes[kSlots] = {};

  ~Buffers() {
    for (void* block : memory) release(block);
  }
  static void release(void* block) {
    ::operator delete(block, std::align_val_t{64});
  }
};

thread_local Buffers buffers;
thread_local bool inside_a_piece = false;

/// Work that one thread did alone because the others slept.
class Missed {
 public:
  /// Whether it comes to so much, without a pause, that waking them had paid.
  bool add(double work_ns) {
    auto now = std::chrono::steady_clock::now();
    if (now - end_ > kSpin) work_ns_ = 0;
    end_ = now + std::chrono::nanoseconds(long(work_ns));
    work_ns_ += work_ns;
    return work_ns_ >= kWorthWaking;
  }
  void clear() { work_ns_ = 0; }

 private:
  double work_ns_ = 0;
  std::chrono::steady_clock::time_point end_{};  // of the last call, about
};

thread_local Missed missed;

}  // namespace

int thread_count() {
  int count = threads.load(std::memory_order_relaxed);
  if (count == 0) threads.store(count = initial_thread_count());
  return count;
}

void set_thread_count(int count) {
  threads.store(count);
}

void* scratch(int slot, size_t bytes) {
  if (buffers.bytes[slot] < bytes) {
    size_t size = bytes + bytes / 4 + 256;
    Buffers::release(buffers.memory[slot]);
    buffers.bytes[slot] = 0;
    buffers.memory[slot] = nullptr;
    buffers.memory[slot] = ::operator new(size, std::align_val_t{64});
    buffers.bytes[slot] = size;
  }
  return buffers.memory[slot];
}

void run_in_parallel(long count, double item_ns,
                     void (*body)(void* context, long begin, long end),
                     void* context) {
  int helpers = thread_count() - 1;
  double total = item_ns * static_cast<double>(count);
  if (count <= 0) return;
  if (helpers < 1 || count < 2 || total < kWorthSharing || inside_a_piece)
    return body(context, 0, count);
  Pool* workers = the_pool(helpers);
  bool wake = total >= kWorthWaking || (workers->asleep() && missed.add(total));
  if (!wake && workers->asleep()) return body(context, 0, count);
  missed.clear();
  long piece = static_cast<long>(kPiece / item_ns);
  long share = (count + 4 * (helpers + 1) - 1) / (4 * (helpers + 1));
  piece = piece > share ? piece : share;
  if (piece * (helpers + 1) > count) piece = (count + helpers) / (helpers + 1);
  struct Inner {
    void (*body)(void*, long, long);
    void* context;
  } inner{body, context};
  auto guarded = [](void* data, long begin, long end) {
    auto* task = static_cast<Inner*>(data);
    inside_a_piece = true;
    task->body(task->context, begin, end);
    inside_a_piece = false;
  };
  if (!workers->run(count, piece, helpers, wake, guarded, &inner))
    body(context, 0, count);
}

}  // namespace tatami
