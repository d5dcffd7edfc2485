#include "live/record_check.hpp"

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
  positive = 16384,  // the first value
  nonzero = 32768,   // the first value
  holder = 65536,    // account and pocket say other things (listing)
};

struct Shape {
  RecordType type;
  std::uint32_t used;
};

constexpr Shape shapes[] = {
    {RecordType::index_tick, source | underlying | sequence | one_value},
    {RecordType::forward, underlying | node | two_values},
    {RecordType::mark, instrument | one_value | positive},
    {RecordType::volatility, instrument | one_value},
    {RecordType::surface_stage, instrument | one_value},
    {RecordType::surface_commit, underlying | detail},
    {RecordType::realised_vol, underlying | one_value | positive},
    {RecordType::depth, underlying | two_values},
    {RecordType::trade_flow, underlying | one_value | nonzero},
    {RecordType::fill, instrument | sequence | account | pocket | two_values | nonzero},
    {RecordType::order, instrument | sequence | account | pocket | flags | two_values | nonzero},
    {RecordType::cancel, sequence},
    {RecordType::deposit, asset | sequence | account | pocket | one_value | positive},
    {RecordType::deposit_reversed, sequence},
    {RecordType::withdrawal, asset | sequence | account | pocket | one_value | positive},
    {RecordType::chain_halt, subject | flags},
    {RecordType::policy_epoch, sequence | flags | one_value},
    {RecordType::clock, 0},
    {RecordType::instrument_listing, subject | sequence | holder | detail | three_values},
    {RecordType::instrument_expiry, instrument | one_value},
    {RecordType::operator_release, underlying | one_value},
};

bool outside(std::int32_t handle, std::size_t count) noexcept {
  return handle < 0 || static_cast<std::size_t>(handle) >= count;
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
            zero(pocket | holder, r.pocket) && zero(node | detail, r.detail) &&
            zero(flags, r.flags) && (r.flags & ~std::uint32_t{1}) == 0;
  for (std::size_t v = values_used(used); v < 3; ++v) ok = ok && r.value[v] == 0;
  return ok;
}

}  // namespace

RecordStatus check_fields(const Record& r, const Bounds& bounds) noexcept {
  const auto t = static_cast<std::size_t>(r.type);
  if (t < 1 || t > std::size(shapes)) return RecordStatus::unknown_type;
  const std::uint32_t used = shapes[t - 1].used;
  if (!reserved_is_zero(r, used)) return RecordStatus::reserved_not_zero;
  if ((used & underlying) && outside(r.subject, bounds.underlyings)) {
    return RecordStatus::unknown_underlying;
  }
  if ((used & instrument) && outside(r.subject, bounds.instruments)) {
    return RecordStatus::unknown_instrument;
  }
  if ((used & account) && outside(r.account, bounds.accounts)) {
    return RecordStatus::unknown_account;
  }
  if ((used & asset) && outside(r.subject, bounds.assets)) return RecordStatus::unknown_asset;
  if ((used & source) && r.source >= bounds.sources) return RecordStatus::unknown_source;
  if ((used & node) && outside(r.detail, bounds.nodes)) return RecordStatus::unknown_node;
  // A listing without a volatility or mark carries NaN as its third value.
  const std::size_t finite = used & three_values ? 2 : values_used(used);
  for (std::size_t v = 0; v < finite; ++v) {
    if (!std::isfinite(r.value[v])) return RecordStatus::not_finite;
  }
  if ((used & positive) && !(r.value[0] > 0)) return RecordStatus::not_positive;
  if ((used & nonzero) && r.value[0] == 0) return RecordStatus::not_positive;
  if ((used & pocket) && r.pocket < 0) return RecordStatus::out_of_range;
  return RecordStatus::ok;
}

}  // namespace tickmargin::live
