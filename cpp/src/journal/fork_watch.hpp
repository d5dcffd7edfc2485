// fork() copies an engine's memory and its descriptors, but not its journal's thread: what may not
// go on in the child is told there before anything else runs. Nothing is asked on the way of a
// record.
#pragma once

namespace tickmargin::journal {

class ForkWatch {
 public:
  // `in_child(owner)` is called in the child of a fork, on its only thread: it may set what is its
  // own and close descriptors, not allocate or lock. Last among the members of its owner, so that
  // it goes first.
  ForkWatch(void (*in_child)(void*) noexcept, void* owner);
  ~ForkWatch();
  ForkWatch(const ForkWatch&) = delete;
  ForkWatch& operator=(const ForkWatch&) = delete;

 private:
  friend struct ForkWatches;

  void (*in_child_)(void*) noexcept;
  void* owner_;
  ForkWatch* previous_ = nullptr;
  ForkWatch* next_ = nullptr;
};

}  // namespace tickmargin::journal
