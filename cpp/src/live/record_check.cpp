#include "live/record_check.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tickmargin::live {
namespace {

enum Field : std::uint32_t {
  source = 1,
  underlying = 2,
  instrument = 4,
  asset = 8,
  sequence = 16,
  account = 32,
  pocket = 64,
  node = 128,    // detail: a node of a forward curve
  detail = 256,  // detail: a count, or the packed kinds of a listing
  flags = 512,
  subject = 1024,  // any other meaning of subject
  one_value = 2048,
  two_values = 4096,
  three_values = 8192,
  positive = 16384,       // the first value
  nonzero = 32768,        // the first value
  not_negative = 131072,  // the first value
  holder = 65536,         // account and pocket say other things (listing)
  number = 262144,        // detail: the record's number within its account
};

struct Shape {
  RecordType type;
  std::uint32_t used;
};

constexpr Shape shapes[] = {
    {RecordType::index_tick, source | underlying | sequence | one_value},
    {RecordType::forward, underlying | node | two_values | positive},
    {RecordType::mark, instrument | one_value | positive},
    {RecordType::volatility, instrument | one_value},
    {RecordType::surface_stage, instrument | one_value},
    {RecordType::surface_commit, underlying | detail},
    {RecordType::realised_vol, underlying | one_value | positive},
    {RecordType::depth, underlying | two_values},
    {RecordType::trade_flow, underlying | one_value | nonzero},
    {RecordType::fill, instrument | sequence | account | pocket | number | two_values | nonzero},
    {RecordType::order,
     instrument | sequence | account | pocket | number | flags | two_values | nonzero},
    {RecordType::cancel, sequence},
    {RecordType::deposit, asset | sequence | account | pocket | one_value | positive},
    {RecordType::deposit_reversed, sequence},
    {RecordType::withdrawal, asset | sequence | account | pocket | number | one_value | positive},
    {RecordType::chain_halt, subject | flags},
    {RecordType::policy_epoch, sequence | flags | one_value},
    {RecordType::clock, 0},
    {RecordType::instrument_listing, subject | sequence | holder | detail | three_values},
    {RecordType::instrument_expiry, instrument | one_value | not_negative},
    {RecordType::operator_release, source | underlying | detail | one_value | not_negative},
};

bool outside(std::int32_t handle, std::size_t count) noexcept {
  return handle < 0 || static_cast<std::size_t>(handle) >= count;
}

bool is_option(const Record& r, const Names& names) noexcept {
  return names.instruments.kind[static_cast<std::size_t>(r.subject)] == Kind::option;
}

std::size_t values_used(std::uint32_t used) noexcept {
  if (used & three_values) return 3;
  if (used & two_values) return 2;
  return used & one_value ? 1 : 0;
}

bool reserved_is_zero(const Record& r, std::uint32_t used) noexcept {
  const auto zero = [used](std::uint32_t fields, auto x) { return (used & fields) != 0 || x == 0; };
  bool ok = zero(source, r.source) && zero(underlying | instrument | asset | subject, r.subject) &&
            zero(sequence, r.sequence) && zero(account | holder, r.account) &&
            zero(pocket | holder, r.pocket) && zero(node | detail | number, r.detail) &&
            zero(flags, r.flags) && (r.flags & ~std::uint32_t{1}) == 0;
  for (std::size_t v = values_used(used); v < 3; ++v) ok = ok && r.value[v] == 0;
  if (r.type == RecordType::operator_release) {
    ok = ok && (r.source == 0 || r.detail == release_source) &&
         (r.value[0] == 0 || r.detail == release_price);
  }
  return ok;
}

// A listing names its underlying and asset in fields of other meaning, and the row it is to have.
RecordStatus check_listing_names(const Record& r, const Names& names) noexcept {
  if (outside(r.account, names.market.index_price.size())) return RecordStatus::unknown_underlying;
  if (outside(r.subject, names.instruments.size() + 1)) return RecordStatus::unknown_instrument;
  if (outside(r.pocket, names.market.asset_price.size())) return RecordStatus::unknown_asset;
  return RecordStatus::ok;
}

RecordStatus check_names(const Record& r, std::uint32_t used, const Names& names) noexcept {
  if ((used & underlying) && outside(r.subject, names.market.index_price.size())) {
    return RecordStatus::unknown_underlying;
  }
  if ((used & instrument) && outside(r.subject, names.instruments.size())) {
    return RecordStatus::unknown_instrument;
  }
  const bool of_option = r.type == RecordType::volatility || r.type == RecordType::surface_stage;
  if ((of_option && !is_option(r, names)) || (r.type == RecordType::mark && is_option(r, names))) {
    return RecordStatus::unknown_instrument;
  }
  if ((used & account) && outside(r.account, names.accounts)) return RecordStatus::unknown_account;
  if ((used & asset) && outside(r.subject, names.market.asset_price.size())) {
    return RecordStatus::unknown_asset;
  }
  if ((used & source) && r.source >= names.sources) return RecordStatus::unknown_source;
  if ((used & node) &&
      (outside(r.detail, names.market.forward_price.size()) ||
       names.market.forward_underlying[static_cast<std::size_t>(r.detail)] != r.subject)) {
    return RecordStatus::unknown_node;
  }
  // Id 0 is none.
  if (r.type == RecordType::order && r.sequence == 0) return RecordStatus::unknown_order;
  if (r.type == RecordType::deposit && r.sequence == 0) return RecordStatus::unknown_transfer;
  if (r.type == RecordType::chain_halt && outside(r.subject, names.chains)) {
    return RecordStatus::unknown_chain;
  }
  return r.type == RecordType::instrument_listing ? check_listing_names(r, names)
                                                  : RecordStatus::ok;
}

RecordStatus check_listing(const Record& r) noexcept {
  const auto packed = static_cast<std::uint32_t>(r.detail);
  const auto kind = packed & 0xff, payoff = packed >> 8 & 0xff, is_call = packed >> 16 & 0xff;
  const auto bachelier = packed >> 24 & 0xff;
  const bool option = kind == static_cast<std::uint32_t>(Kind::option);
  const bool dated = option || kind == static_cast<std::uint32_t>(Kind::future);
  if (std::isinf(r.value[2])) return RecordStatus::not_finite;
  if (!(r.value[0] > 0) || (option && !(r.value[1] > 0))) return RecordStatus::not_positive;
  const bool in_range = kind <= 3 && payoff <= 3 && is_call <= 1 && bachelier <= 1 &&
                        dated == (r.sequence != 0) && r.sequence <= INT64_MAX &&
                        !(r.value[2] < 0) &&
                        (option || (r.value[1] == 0 && is_call == 0 && bachelier == 0));
  return in_range ? RecordStatus::ok : RecordStatus::out_of_range;
}

RecordStatus check_numbers(const Record& r, std::uint32_t used, const Names& names) noexcept {
  // A listing without a volatility or mark carries NaN as its third value.
  const std::size_t finite = used & three_values ? 2 : values_used(used);
  for (std::size_t v = 0; v < finite; ++v) {
    if (!std::isfinite(r.value[v])) return RecordStatus::not_finite;
  }
  if ((used & positive) && !(r.value[0] > 0)) return RecordStatus::not_positive;
  if ((used & nonzero) && r.value[0] == 0) return RecordStatus::not_positive;
  if ((used & not_negative) && r.value[0] < 0) return RecordStatus::not_positive;
  if (r.type == RecordType::fill || r.type == RecordType::order) {
    const bool premium = is_option(r, names);
    if (premium ? r.value[1] < 0 : !(r.value[1] > 0)) return RecordStatus::not_positive;
  }
  if ((used & pocket) && r.pocket < 0) return RecordStatus::out_of_range;
  if (r.type == RecordType::operator_release &&
      (r.detail < release_price || r.detail > release_volatilities)) {
    return RecordStatus::out_of_range;
  }
  if ((used & number) && r.detail < 0) return RecordStatus::out_of_range;
  if ((used & asset) && r.value[0] >= ledger_end) return RecordStatus::out_of_range;
  if ((r.type == RecordType::fill || r.type == RecordType::order) &&
      !(contract_units(r, names.instruments) < ledger_end &&
        settlement_units(r, names.instruments) < ledger_end)) {
    return RecordStatus::out_of_range;
  }
  if (r.type == RecordType::depth && std::min(r.value[0], r.value[1]) < 0) {
    return RecordStatus::out_of_range;
  }
  // A rollback is at once.
  if (r.type == RecordType::policy_epoch &&
      (r.value[0] < 0 || r.value[0] > (r.flags & flag_rollback ? 0.0 : grace_max_seconds))) {
    return RecordStatus::out_of_range;
  }
  if (r.type == RecordType::volatility || r.type == RecordType::surface_stage) {
    return market::check_vol(names.vols, r.value[0]);
  }
  return r.type == RecordType::instrument_listing ? check_listing(r) : RecordStatus::ok;
}

}  // namespace

double contract_units(const Record& r, const InstrumentColumns& instruments) noexcept {
  return std::fabs(r.value[0]) * instruments.multiplier[static_cast<std::size_t>(r.subject)];
}

double settlement_units(const Record& r, const InstrumentColumns& instruments) noexcept {
  const double units = contract_units(r, instruments);
  const bool inverse = instruments.payoff[static_cast<std::size_t>(r.subject)] == Payoff::inverse;
  return inverse ? units / r.value[1] : units * r.value[1];
}

RecordStatus check_fields(const Record& r, const Names& names) noexcept {
  const auto t = static_cast<std::size_t>(r.type);
  if (t < 1 || t > std::size(shapes)) return RecordStatus::unknown_type;
  const std::uint32_t used = shapes[t - 1].used;
  if (!reserved_is_zero(r, used)) return RecordStatus::reserved_not_zero;
  const RecordStatus named = check_names(r, used, names);
  return named != RecordStatus::ok ? named : check_numbers(r, used, names);
}

}  // namespace tickmargin::live
