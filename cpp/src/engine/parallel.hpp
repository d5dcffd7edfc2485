#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

#include "base/float_state.hpp"

namespace tickmargin::engine {

// Runs job(block, worker) for every block of a fixed size on `threads` workers. Which worker takes
// which block changes from run to run, so a job writes only to places that its block owns: results
// are then the same bits for any number of threads.
template <class Job>
void for_each_block(std::size_t block_count, int threads, Job job) {
  const std::size_t workers = std::clamp<std::size_t>(static_cast<std::size_t>(threads), 1,
                                                      std::max<std::size_t>(block_count, 1));
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> failures(workers);
  auto run = [&](std::size_t worker) {
    const base::FloatState standard;
    try {
      for (std::size_t block; (block = next.fetch_add(1)) < block_count;) job(block, worker);
    } catch (...) {
      failures[worker] = std::current_exception();
      next.store(block_count);
    }
  };
  std::vector<std::thread> pool;
  for (std::size_t worker = 1; worker < workers; ++worker) pool.emplace_back(run, worker);
  run(0);
  for (std::thread& thread : pool) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace tickmargin::engine
