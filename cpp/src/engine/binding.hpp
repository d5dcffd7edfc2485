// Which of an account's pockets binds: the one that its row names and whose slack it has.
#pragma once

#include "book/book.hpp"
#include "monitor/state.hpp"

namespace tickmargin::engine {

// Of the pockets that carry most the one with the smallest slack. What is not known carries more
// than any risk; mere balances never fall short.
struct Binding {
  int carried = -1;
  Ticks slack = 0;

  bool takes(book::Holds holds, const monitor::Decision& pocket) noexcept {
    const bool known = pocket.state != State::undecidable;
    const int carries = known ? static_cast<int>(holds) : static_cast<int>(book::Holds::risk) + 1;
    if (carries < carried || (carries == carried && pocket.slack >= slack)) return false;
    carried = carries;
    slack = pocket.slack;
    return true;
  }
};

}  // namespace tickmargin::engine
