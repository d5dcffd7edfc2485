// Policies as bytes through the C table: staged, looked at, refused.
#include <unistd.h>
#include <bit>
#include <cstring>
#include <filesystem>
#include <string>

#include "capi/handle.hpp"
#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

constexpr std::int32_t accounts = 12;

const tickmargin_api& api() {
  return *tickmargin_api_get(TICKMARGIN_ABI_VERSION);
}

PolicySet doubled(std::int32_t of) {
  PolicySet set = make_policies(of);
  for (Policy& policy : set.policies) {
    policy.safety_factor_ratio = 2;
  }
  return set;
}

std::int32_t enforce(tickmargin_engine* engine, std::uint64_t epoch) {
  tickmargin_record record{};
  record.type = TICKMARGIN_POLICY_EPOCH;
  record.ts_ns = start_ns;
  record.sequence = epoch;
  return api().apply(engine, &record);
}

}  // namespace

TEST(staged_bytes_are_staged_policies) {
  LiveEngine engine(make_inputs(accounts, 3)), direct(make_inputs(accounts, 3));
  tickmargin_engine* const e = capi::handle_of(&engine);
  const std::vector<std::byte> bytes = direct.save_policies(doubled(accounts));
  std::vector<tickmargin_difference> rows(accounts);
  tickmargin_message message{};
  const std::uint64_t hash = engine.state_hash();
  CHECK_EQ(api().dry_run(e, bytes.data(), bytes.size(), nullptr, 0, &message),
           std::int64_t{accounts});
  CHECK_EQ(api().dry_run(e, bytes.data(), bytes.size(), rows.data(), accounts, &message),
           std::int64_t{accounts});
  CHECK_EQ(engine.state_hash(), hash);
  CHECK_EQ(api().stage_policies(e, 7, bytes.data(), bytes.size(), &message), 0);
  direct.stage_policies(7, doubled(accounts));
  CHECK_EQ(engine.state_hash(), direct.state_hash());

  const AccountRows before = engine.freeze().recompute().accounts;
  CHECK_EQ(enforce(e, 7), std::int32_t{TICKMARGIN_OK});
  const AccountRows after = engine.freeze().recompute().accounts;
  bool moved = false;
  for (std::size_t a = 0; a < rows.size(); ++a) {
    const auto same = [](double x, double y) {
      return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
    };
    CHECK(same(rows[a].initial_margin_before, before.initial_margin[a]));
    CHECK(same(rows[a].initial_margin_after, after.initial_margin[a]));
    CHECK(same(rows[a].maintenance_margin_after, after.maintenance_margin[a]));
    CHECK(same(rows[a].equity_after, after.equity[a]));
    CHECK_EQ(rows[a].state_after, static_cast<std::uint8_t>(after.state[a]));
    moved = moved || before.initial_margin[a] != after.initial_margin[a];
  }
  CHECK(moved);
}

TEST(a_short_buffer_is_not_overrun) {
  LiveEngine engine(make_inputs(accounts, 3));
  const std::vector<std::byte> bytes = engine.save_policies(doubled(accounts));
  std::vector<tickmargin_difference> rows(accounts);
  std::memset(rows.data(), 0x5a, rows.size() * sizeof rows[0]);
  const tickmargin_difference untouched = rows[3];
  CHECK_EQ(
      api().dry_run(capi::handle_of(&engine), bytes.data(), bytes.size(), rows.data(), 3, nullptr),
      std::int64_t{accounts});
  CHECK_EQ(std::memcmp(&rows[3], &untouched, sizeof untouched), 0);
  CHECK(std::memcmp(&rows[2], &untouched, sizeof untouched) != 0);
}

TEST(no_flipped_bit_and_no_cut_passes) {
  LiveEngine engine(make_inputs(accounts, 3));
  tickmargin_engine* const e = capi::handle_of(&engine);
  std::vector<std::byte> bytes = engine.save_policies(doubled(accounts));
  const std::uint64_t hash = engine.state_hash();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto flipped = static_cast<std::byte>(1 << (at % 8));
    bytes[at] ^= flipped;
    CHECK_EQ(api().stage_policies(e, 7, bytes.data(), bytes.size(), nullptr),
             std::int32_t{TICKMARGIN_FAULT_REFUSED});
    bytes[at] ^= flipped;
    CHECK_EQ(api().stage_policies(e, 7, bytes.data(), at, nullptr),
             std::int32_t{TICKMARGIN_FAULT_REFUSED});
  }
  CHECK_EQ(engine.state_hash(), hash);
  CHECK_EQ(enforce(e, 7), static_cast<std::int32_t>(RecordStatus::unknown_epoch));
}

TEST(faults_have_a_reason) {
  LiveEngine engine(make_inputs(accounts, 3)), larger(make_inputs(accounts + 1, 3));
  tickmargin_engine* const e = capi::handle_of(&engine);
  const std::vector<std::byte> bytes = engine.save_policies(doubled(accounts));
  const std::vector<std::byte> others = larger.save_policies(doubled(accounts + 1));
  tickmargin_message message{};
  tickmargin_difference row{};
  CHECK_EQ(api().stage_policies(nullptr, 7, bytes.data(), bytes.size(), &message),
           TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().stage_policies(e, 7, nullptr, 0, nullptr), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().dry_run(nullptr, bytes.data(), bytes.size(), &row, 1, nullptr),
           std::int64_t{TICKMARGIN_FAULT_NULL});
  CHECK_EQ(api().dry_run(e, bytes.data(), bytes.size(), nullptr, 1, nullptr),
           std::int64_t{TICKMARGIN_FAULT_NULL});
  CHECK_EQ(api().dry_run(e, bytes.data(), bytes.size(), &row, -1, &message),
           std::int64_t{TICKMARGIN_FAULT_COUNT});
  CHECK_EQ(api().dry_run(e, others.data(), others.size(), &row, 1, &message),
           std::int64_t{TICKMARGIN_FAULT_REFUSED});
  CHECK(std::string(message.text).find("13 accounts") != std::string::npos);
  for (const std::uint64_t epoch : {std::uint64_t{0}, UINT64_MAX}) {
    CHECK_EQ(api().stage_policies(e, epoch, bytes.data(), bytes.size(), &message),
             TICKMARGIN_FAULT_REFUSED);
    CHECK(std::string(message.text) != "");
  }
}

TEST(what_was_staged_while_recording_comes_back) {
  char path[] = "/tmp/tickmargin_policies_XXXXXX";
  CHECK(::mkdtemp(path) != nullptr);
  std::uint64_t hash = 0;
  {
    LiveEngine engine(make_inputs(accounts, 3));
    tickmargin_engine* const e = capi::handle_of(&engine);
    CHECK_EQ(api().record_to(e, path, nullptr, nullptr), 0);
    const std::vector<std::byte> bytes = engine.save_policies(doubled(accounts));
    CHECK_EQ(api().stage_policies(e, 7, bytes.data(), bytes.size(), nullptr), 0);
    CHECK_EQ(enforce(e, 7), std::int32_t{TICKMARGIN_OK});
    CHECK_EQ(api().flush(e, nullptr), 0);
    hash = engine.state_hash();
  }
  tickmargin_engine* back = nullptr;
  CHECK_EQ(api().recover(path, &back, nullptr), 0);
  CHECK_EQ(capi::engine_of(back)->state_hash(), hash);
  CHECK_EQ(capi::engine_of(back)->epoch(), std::uint64_t{7});
  api().close(back);
  std::filesystem::remove_all(path);
}

CHECK_MAIN()
