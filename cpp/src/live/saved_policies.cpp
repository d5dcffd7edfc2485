// Policies as bytes: compiled where their rules are known, staged where only the engine is.
#include "live/saved_policies.hpp"

#include <cstring>
#include <stdexcept>

#include "base/float_state.hpp"
#include "base/hash.hpp"
#include "live/fields.hpp"

namespace tickmargin {
namespace {

constexpr char magic[8] = {'T', 'M', 'P', 'O', 'L', 'I', 'C', 'Y'};

// The rows that the columns of a policy are by: as many here and there, or they say nothing.
struct Shape {
  std::uint64_t accounts = 0, assets = 0, underlyings = 0;
  bool operator==(const Shape&) const = default;
};

template <class State>
Shape shape_of(const State& s) {
  return {s.accounts.size(), s.world.reval.market.asset_count(), s.underlyings.size()};
}

template <class Archive>
void fields(Archive& f, Shape& shape) {
  f(shape.accounts), f(shape.assets), f(shape.underlyings);
}

std::string counts(const Shape& s) {
  return std::to_string(s.accounts) + " accounts, " + std::to_string(s.assets) + " assets and " +
         std::to_string(s.underlyings) + " underlyings";
}

// Magic, version, checksum of the rest; the checksum is looked at before anything is made of it.
PolicySet read(std::span<const std::byte> bytes, const Shape& here) {
  const auto refuse = [](const std::string& why) { throw std::invalid_argument(why); };
  if (!is_saved_policies(bytes)) refuse("no saved policies");
  base::BytesReader head(bytes.subspan(sizeof magic));
  std::uint32_t version = 0;
  std::uint64_t checksum = 0;
  head(version), head(checksum);
  if (!head.ok()) refuse("saved policies that are damaged");
  if (version != live::format_version) refuse("saved policies of another version");
  const auto rest = bytes.subspan(sizeof magic + sizeof version + sizeof checksum);
  if (base::hash64(rest.data(), rest.size()) != checksum) refuse("saved policies that are damaged");
  base::BytesReader reader(rest);
  Shape shape;
  PolicySet set;
  fields(reader, shape);
  live::fields(reader, set);
  if (!reader.ok() || !reader.at_end()) refuse("saved policies that are damaged");
  if (shape != here) {
    refuse("saved policies for " + counts(shape) + "; this engine has " + counts(here));
  }
  return set;
}

std::vector<std::byte> bytes_of(PolicySet set) {
  base::BytesWriter writer;
  live::fields(writer, set);
  return writer.take();
}

void check_accounts(const PolicySet& set, std::size_t accounts) {
  if (set.account_policy.size() != accounts) {
    throw std::invalid_argument("account_policy: one for each account");
  }
  for (const std::int32_t policy : set.account_policy) {
    if (policy < 0 || static_cast<std::size_t>(policy) >= set.policies.size()) {
      throw std::invalid_argument("account_policy: no such policy");
    }
  }
}

}  // namespace

bool is_saved_policies(std::span<const std::byte> bytes) noexcept {
  return bytes.size() >= sizeof magic && std::memcmp(bytes.data(), magic, sizeof magic) == 0;
}

std::vector<std::byte> LiveEngine::save_policies(PolicySet policies) const {
  Shape shape = shape_of(*state_);
  check_accounts(policies, shape.accounts);
  base::BytesWriter rest;
  fields(rest, shape);
  live::fields(rest, policies);
  base::BytesWriter writer;
  writer.raw(magic, sizeof magic);
  writer(live::format_version);
  writer(base::hash64(rest.bytes().data(), rest.bytes().size()));
  writer.raw(rest.bytes().data(), rest.bytes().size());
  return writer.take();
}

// A number stands for the same policies for ever: given again with the same ones it is staged
// again, as after a rollback; with others it is refused.
void LiveEngine::stage_saved(std::uint64_t epoch, std::span<const std::byte> saved) {
  const base::FloatState standard;
  State& s = *state_;
  PolicySet set = read(saved, shape_of(s));
  check_accounts(set, s.accounts.size());
  s.check_policies(epoch, set);
  const auto taken = [&](const std::unique_ptr<live::PolicyWorld>& world) {
    return world && world->epoch == epoch && bytes_of(world->set) != bytes_of(set);
  };
  bool conflicting = epoch == s.policies->epoch || taken(s.previous_policies);
  for (const auto& waiting : s.staged) conflicting = conflicting || taken(waiting);
  if (conflicting) {
    throw std::invalid_argument("the epoch's number has been given to policies already");
  }
  s.stage(epoch, std::move(set));
}

std::vector<PolicyDifference> LiveEngine::dry_run(std::span<const std::byte> saved) {
  const base::FloatState standard;
  const PolicySet set = read(saved, shape_of(*state_));
  check_accounts(set, state_->accounts.size());
  const Engine frozen = freeze();
  const AccountRows before = frozen.recompute().accounts;
  RecomputeOptions options;
  options.candidate = &set;
  const AccountRows after = frozen.recompute(options).accounts;
  std::vector<PolicyDifference> rows;
  rows.reserve(set.account_policy.size());
  for (std::size_t a = 0; a < set.account_policy.size(); ++a) {
    rows.push_back({before.policy[a], after.policy[a], before.state[a], after.state[a],
                    before.status[a], after.status[a], 0, before.equity[a], after.equity[a],
                    before.initial_margin[a], after.initial_margin[a], before.maintenance_margin[a],
                    after.maintenance_margin[a]});
  }
  return rows;
}

}  // namespace tickmargin
