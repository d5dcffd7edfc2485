// Records with two faults: of several reasons the first in the order of RecordStatus is given,
// within what a record has to be looked at for: fields alone, then time, then state. Every pair of
// faults that one record can have is made.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "live_small.hpp"

using namespace live_book;

namespace {

constexpr TimeNs later_ns = start_ns + 3'600'000'000'000;

// One thing wrong with a record, and the answer to it alone. Faults of one field exclude each
// other.
struct Fault {
  const char* field;
  RecordStatus answer;
  void (*make)(Record&);
  bool of_state = false;  // what the engine holds is looked at last
};

// In which order it is looked for.
auto order_of(const Fault& fault) {
  const int stage = fault.of_state ? 2 : fault.answer == RecordStatus::time_reversed ? 1 : 0;
  return std::pair(stage, fault.answer);
}

void no_type(Record& r) {
  r.type = RecordType{99};
}
void late(Record& r) {
  r.ts_ns = start_ns - 1;
}
void bad_subject(Record& r) {
  r.subject = 9'999;
}
void bad_account(Record& r) {
  r.account = 9'999;
}
void bad_pocket(Record& r) {
  r.pocket = -1;
}
void bad_detail(Record& r) {
  r.detail = 9'999;
}
void negative_detail(Record& r) {
  r.detail = -1;
}
void bad_flags(Record& r) {
  r.flags = 2;
}
void bad_source(Record& r) {
  r.source = 77;
}
void no_sequence(Record& r) {
  r.sequence = 0;
}
void unknown_sequence(Record& r) {
  r.sequence = 777;
}
void not_finite(Record& r) {
  r.value[0] = missing;
}
void second_not_finite(Record& r) {
  r.value[1] = missing;
}
void zero(Record& r) {
  r.value[0] = 0;
}
void negative(Record& r) {
  r.value[0] = -1;
}
void second_negative(Record& r) {
  r.value[1] = -1;
}
void too_large(Record& r) {
  r.value[0] = 1e9;
}
void third_value(Record& r) {
  r.value[2] = 1;
}

using S = RecordStatus;
constexpr Fault type_unknown = {"type", S::unknown_type, no_type};
constexpr Fault time_back = {"ts_ns", S::time_reversed, late};
constexpr Fault flags_reserved = {"flags", S::reserved_not_zero, bad_flags};
constexpr Fault source_reserved = {"source", S::reserved_not_zero, bad_source};
constexpr Fault number_below = {"detail", S::out_of_range, negative_detail};
constexpr Fault detail_reserved = {"detail", S::reserved_not_zero, bad_detail};
constexpr Fault account_reserved = {"account", S::reserved_not_zero, bad_account};
constexpr Fault third_reserved = {"third", S::reserved_not_zero, third_value};

struct Case {
  Record good;
  std::vector<Fault> faults;
};

Record with(RecordType type, std::int32_t subject, double a = 0, double b = 0,
            std::uint64_t sequence = 0) {
  Record r = make_record(type, subject, later_ns);
  r.value[0] = a;
  r.value[1] = b;
  r.sequence = sequence;
  return r;
}

std::vector<Case> cases() {
  const Fault underlying = {"subject", S::unknown_underlying, bad_subject};
  const Fault instrument = {"subject", S::unknown_instrument, bad_subject};
  const Fault asset = {"subject", S::unknown_asset, bad_subject};
  const Fault chain = {"subject", S::unknown_chain, bad_subject};
  const Fault account = {"account", S::unknown_account, bad_account};
  const Fault source = {"source", S::unknown_source, bad_source};
  const Fault node = {"detail", S::unknown_node, bad_detail};
  const Fault pocket = {"pocket", S::out_of_range, bad_pocket};
  const Fault nan = {"value", S::not_finite, not_finite};
  const Fault nan_2 = {"second", S::not_finite, second_not_finite};
  const Fault none = {"value", S::not_positive, zero};
  const Fault below = {"value", S::not_positive, negative};
  const Fault below_2 = {"second", S::not_positive, second_negative};
  const Fault depth_below = {"value", S::out_of_range, negative};
  const Fault vast_vol = {"value", S::out_of_range, too_large};
  const Fault no_order = {"sequence", S::unknown_order, no_sequence};
  const Fault no_transfer = {"sequence", S::unknown_transfer, no_sequence};
  const Fault other_order = {"sequence", S::unknown_order, unknown_sequence, true};
  const Fault other_transfer = {"sequence", S::unknown_transfer, unknown_sequence, true};
  const Fault other_epoch = {"sequence", S::unknown_epoch, unknown_sequence, true};
  const Fault grace = {"value", S::out_of_range, too_large};
  using T = RecordType;
  std::vector<Case> all = {
      {with(T::index_tick, 0, 6e4, 0, 9), {underlying, source, nan, none, below}},
      {with(T::forward, 0, 6e4), {underlying, node, nan, none, nan_2, time_back}},
      {with(T::mark, 0, 6e4), {instrument, nan, none, time_back}},
      {with(T::volatility, 3, 0.5), {instrument, nan, none, vast_vol, time_back}},
      {with(T::surface_stage, 3, 0.5), {instrument, nan, none, vast_vol, time_back}},
      {with(T::surface_commit, 0), {underlying, time_back}},
      {with(T::realised_vol, 0, 0.5), {underlying, nan, none, time_back}},
      {with(T::depth, 0, 1e6, 1e6), {underlying, nan, nan_2, depth_below, time_back}},
      {with(T::trade_flow, 0, 1e3), {underlying, nan, none, time_back}},
      {with(T::fill, 0, 1, 6e4),
       {instrument, account, pocket, nan, none, nan_2, below_2, other_order, time_back}},
      {with(T::order, 0, 1, 6e4, 9),
       {instrument, account, pocket, nan, none, nan_2, below_2, no_order, time_back}},
      {with(T::deposit, 0, 10, 0, 9), {asset, account, pocket, nan, none, no_transfer, time_back}},
      {with(T::withdrawal, 0, 1e-3), {asset, account, pocket, nan, none, below, time_back}},
      {with(T::chain_halt, 0), {chain, time_back}},
      {with(T::policy_epoch, 0, 0, 0, 1), {other_epoch, nan, grace, time_back}},
      {with(T::clock, 0), {time_back}},
      {with(T::instrument_expiry, 9, 6e4), {instrument, nan, below, time_back}},
      {with(T::operator_release, 0, 6e4), {underlying, nan, below, time_back}},
  };
  Record cancel = with(T::cancel, 0, 0, 0, 5), reversal = with(T::deposit_reversed, 0, 0, 0, 5);
  cancel.ts_ns = reversal.ts_ns = 0;
  all.push_back({cancel, {other_order}});
  all.push_back({reversal, {other_transfer}});
  for (Case& of : all) {
    of.faults.push_back(type_unknown);
    of.faults.push_back(flags_reserved);
    of.faults.push_back(third_reserved);
    const bool of_account = of.good.type == T::fill || of.good.type == T::order ||
                            of.good.type == T::deposit || of.good.type == T::withdrawal;
    if (!of_account) of.faults.push_back(account_reserved);
    if (of.good.type != T::index_tick) of.faults.push_back(source_reserved);
    const bool numbered = of_account && of.good.type != T::deposit;
    if (numbered) {
      of.faults.push_back(number_below);
    } else if (of.good.type != T::forward && of.good.type != T::surface_commit &&
               of.good.type != T::operator_release) {
      of.faults.push_back(detail_reserved);
    }
  }
  return all;
}

TEST(of_two_reasons_the_first_is_given) {
  LiveEngine engine(small_inputs(1));
  engine.stage_policies(1, small_policies(1));
  const std::uint64_t hash = engine.state_hash();
  int pairs = 0;
  for (const Case& of : cases()) {
    for (const Fault& one : of.faults) {
      Record bad = of.good;
      one.make(bad);
      const std::string what = "type " + std::to_string(static_cast<int>(of.good.type)) + ", ";
      const std::string alone = what + one.field + ": ";
      CHECK_EQ(alone + record_status_name(engine.apply(bad).status),
               alone + record_status_name(one.answer));
      for (const Fault& other : of.faults) {
        if (std::string(one.field) == other.field) continue;
        Record both = bad;
        other.make(both);
        const RecordStatus first = std::min(order_of(one), order_of(other)).second;
        const std::string pair = what + one.field + " and " + other.field + ": ";
        CHECK_EQ(pair + record_status_name(engine.apply(both).status),
                 pair + record_status_name(first));
        ++pairs;
      }
    }
  }
  CHECK(pairs > 500);
  CHECK_EQ(engine.state_hash(), hash);
}

}  // namespace

CHECK_MAIN()
