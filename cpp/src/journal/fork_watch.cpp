#include "journal/fork_watch.hpp"

#include <pthread.h>

#include <mutex>
#include <system_error>

namespace tickmargin::journal {

// All of the process. The lock is held across a fork, so that the child finds a whole list.
struct ForkWatches {
  std::mutex mutex;
  ForkWatch* first = nullptr;

  ForkWatches() {
    const int error = ::pthread_atfork([] { all().mutex.lock(); }, [] { all().mutex.unlock(); },
                                       [] { in_child(); });
    if (error != 0) throw std::system_error(error, std::system_category(), "pthread_atfork");
  }

  // Never destroyed: a fork while the process ends finds it as well.
  static ForkWatches& all() {
    static ForkWatches* const watches = new ForkWatches;
    return *watches;
  }

  static void in_child() noexcept {
    for (ForkWatch* watch = all().first; watch != nullptr; watch = watch->next_) {
      watch->in_child_(watch->owner_);
    }
    all().mutex.unlock();
  }
};

ForkWatch::ForkWatch(void (*in_child)(void*) noexcept, void* owner)
    : in_child_(in_child), owner_(owner) {
  ForkWatches& all = ForkWatches::all();
  const std::lock_guard lock(all.mutex);
  next_ = all.first;
  if (next_ != nullptr) next_->previous_ = this;
  all.first = this;
}

ForkWatch::~ForkWatch() {
  ForkWatches& all = ForkWatches::all();
  const std::lock_guard lock(all.mutex);
  (previous_ != nullptr ? previous_->next_ : all.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

}  // namespace tickmargin::journal
