// instruction.h: kernel calls that run at once, or are kept to be made again.
//
// A binding ends in `launch`. Usually that runs the kernel. While a program is
// being made it keeps the call instead: its parameters and the addresses of its
// operands, which the program may move.
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tatami {

/// A kept kernel call.
class Instruction {
 public:
  virtual ~Instruction() = default;
  /// False if the kernel refused its operands' values.
  virtual bool run() const = 0;
  /// Where the addresses of the operands are kept.
  virtual void places(std::vector<void*>& out) = 0;
};

/// Parameters, operands, and a function of both without captures.
template <class Parameters, class Body, class... Operands>
struct Call {
  Parameters parameters;
  Body body;
  std::tuple<Operands*...> operands;

  bool operator()() const {
    return std::apply(
        [&](Operands*... pointers) {
          if constexpr (std::is_void_v<decltype(body(parameters,
                                                     pointers...))>) {
            body(parameters, pointers...);
            return true;
          } else {
            return bool(body(parameters, pointers...));
          }
        },
        operands);
  }
  void places(std::vector<void*>& out) {
    std::apply([&](Operands*&... pointers) { (out.push_back(&pointers), ...); },
               operands);
  }
};

/// A call whose operands are the pointers in a list of steps.
template <class Step, class Body, class Visit>
struct ListCall {
  std::vector<Step> steps;
  Body body;
  Visit visit;  // calls its second argument on each pointer of a step

  bool operator()() const {
    for (const Step& step : steps) body(step);
    return true;
  }
  void places(std::vector<void*>& out) {
    for (Step& step : steps)
      visit(step, [&](auto*& pointer) { out.push_back(&pointer); });
  }
};

template <class C>
class Kept final : public Instruction {
 public:
  explicit Kept(C call) : call_(std::move(call)) {}
  bool run() const override { return call_(); }
  void places(std::vector<void*>& out) override { call_.places(out); }

 private:
  C call_;
};

}  // namespace tatami
