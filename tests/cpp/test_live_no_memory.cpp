// Memory runs out at every single allocation of what may allocate: the answer is an error, and the
// engine that was running is as it was. What runs record by record allocates nothing at all
// (test_live_hot_path).
#include <cstdlib>
#include <new>

#include "capi/handle.hpp"
#include "check.hpp"
#include "live_small.hpp"

using namespace live_book;

namespace {

// Allocations left until one fails; below 0 none does.
thread_local long left = -1;

[[gnu::noinline]] void* taken(std::size_t size, std::size_t alignment) {
  if (left == 0) throw std::bad_alloc();
  if (left > 0) --left;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Not inlined: the compiler would see free() meet a new that it knows nothing of.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return taken(size, 16);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return taken(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

// Runs it with the first allocation failing, then the second, ... until it runs through: how many
// failed. `same` looks at what must not have changed.
template <class Call, class Same>
long starve(Call call, Same same) {
  for (long k = 0;; ++k) {
    bool failed = false;
    left = k;
    try {
      call();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    left = -1;
    same(failed);
    if (!failed) return k;
  }
}

LiveEngine running() {
  LiveEngine engine(small_inputs(1));
  for (std::int32_t u = 0; u < underlyings; ++u) {
    for (std::uint16_t s = 0; s < 3; ++s) {
      engine.apply(index_tick(u, 1, index_at_start[u], start_ns, s));
    }
  }
  return engine;
}

TEST(an_engine_is_made_whole_or_not_at_all) {
  const LiveInputs inputs = small_inputs(1);
  const long failed = starve([&] { LiveEngine made(inputs); }, [](bool) {});
  CHECK(failed > 100);
}

TEST(a_saved_engine_comes_back_whole_or_not_at_all) {
  const std::vector<std::byte> bytes = running().save();
  const long failed = starve([&] { LiveEngine::load(bytes); }, [](bool) {});
  CHECK(failed > 100);
}

TEST(policies_are_staged_whole_or_not_at_all) {
  LiveEngine engine = running(), other = running();
  const std::uint64_t hash = engine.state_hash(), seq = engine.applied_seq();
  const PolicySet set = small_policies(1);
  other.stage_policies(7, set);
  const std::uint64_t staged = other.state_hash();
  const long failed = starve([&] { engine.stage_policies(7, set); },
                             [&](bool out) {
                               CHECK_EQ(engine.state_hash(), out ? hash : staged);
                               CHECK_EQ(engine.applied_seq(), out ? seq : other.applied_seq());
                             });
  CHECK(failed > 10);
  Record epoch = make_record(RecordType::policy_epoch, 0, start_ns);
  epoch.sequence = 7;
  CHECK_EQ(engine.apply(epoch).status, RecordStatus::ok);
  CHECK_EQ(engine.audit(), std::size_t{0});
}

TEST(what_reads_changes_nothing) {
  LiveEngine engine = running();
  const std::uint64_t hash = engine.state_hash();
  const auto same = [&](bool) { CHECK_EQ(engine.state_hash(), hash); };
  CHECK(starve([&] { engine.save(); }, same) > 5);
  CHECK(starve([&] { engine.freeze(); }, same) > 5);
  CHECK_EQ(engine.audit(), std::size_t{0});
}

TEST(the_c_table_answers_a_fault) {
  const tickmargin_api& api = *tickmargin_api_get(TICKMARGIN_ABI_VERSION);
  LiveEngine engine = running();
  tickmargin_engine* const handle = capi::handle_of(&engine);
  const std::uint64_t hash = engine.state_hash();
  const std::vector<std::byte> bytes = engine.save();
  std::vector<std::byte> again(bytes.size());
  std::uint64_t count = 0;
  std::int32_t answer = 0;
  const auto told = [&](std::int32_t said) {
    if (said != 0) throw std::bad_alloc();
  };
  starve([&] { told(answer = api.save(handle, again.data(), again.size(), &count)); },
         [&](bool failed) {
           CHECK_EQ(answer, failed ? TICKMARGIN_FAULT_MEMORY : 0);
           CHECK_EQ(engine.state_hash(), hash);
         });
  CHECK(again == bytes);
  tickmargin_engine* opened = nullptr;
  tickmargin_message message;
  starve([&] { told(answer = api.open_bytes(bytes.data(), bytes.size(), &opened, &message)); },
         [&](bool failed) {
           CHECK_EQ(answer, failed ? TICKMARGIN_FAULT_MEMORY : 0);
           CHECK_EQ(opened == nullptr, failed);
           api.close(opened);
           opened = nullptr;
         });
}

// The thread that steps beside the engine's allocates nothing either while memory is out.
TEST(records_go_on_without_memory) {
  LiveEngine engine = running(), other = running();
  std::vector<Event> events(64);
  for (int n = 0; n < 200; ++n) {
    const Record tick =
        index_tick(n % underlyings, static_cast<std::uint64_t>(n + 2),
                   index_at_start[n % underlyings] * (1 - 1e-4 * n), start_ns + n, 1);
    other.apply(tick);
    other.events(events);
    left = 0;
    engine.apply(tick);
    engine.check({n % small_accounts, 0, 0, 1.0, 6e4});
    engine.events(events);
    left = -1;
  }
  CHECK_EQ(engine.state_hash(), other.state_hash());
}

}  // namespace

CHECK_MAIN()
