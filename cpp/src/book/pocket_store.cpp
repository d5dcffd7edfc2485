#include "book/pocket_store.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace tickmargin::book {
namespace {

constexpr std::uint8_t smallest_power = 2;

// Every segment is rounded up to a power of two, so a pool holds up to twice what was asked for.
std::size_t slots_for(std::size_t rows) {
  return 2 * rows + 4;
}

}  // namespace

SegmentPool::SegmentPool(std::size_t size)
    : size_(static_cast<std::int64_t>(size)), next_free_((size >> smallest_power) + 1, -1) {
  std::fill(std::begin(free_), std::end(free_), -1);
}

std::uint8_t SegmentPool::power_for(std::size_t count) noexcept {
  const auto power = static_cast<std::uint8_t>(std::bit_width(count == 0 ? 0 : count - 1));
  return std::max(power, smallest_power);
}

bool SegmentPool::has(std::uint8_t power) const noexcept {
  return free_[power] >= 0 || used_ + (std::int64_t{1} << power) <= size_;
}

bool SegmentPool::has(const std::array<std::size_t, powers>& wanted) const noexcept {
  std::int64_t fresh = used_;
  for (std::size_t power = smallest_power; power < powers; ++power) {
    std::int64_t first = free_[power];
    for (std::size_t n = 0; n < wanted[power]; ++n) {
      if (first >= 0) {
        first = next_free_[static_cast<std::size_t>(first >> smallest_power)];
      } else {
        fresh += std::int64_t{1} << power;
      }
    }
  }
  return fresh <= size_;
}

std::int64_t SegmentPool::take(std::uint8_t power) noexcept {
  const std::int64_t first = free_[power];
  if (first >= 0) {
    free_[power] = next_free_[static_cast<std::size_t>(first >> smallest_power)];
    return first;
  }
  if (!has(power)) return -1;
  const std::int64_t fresh = used_;
  used_ += std::int64_t{1} << power;
  return fresh;
}

void SegmentPool::give_back(std::int64_t first, std::uint8_t power) noexcept {
  next_free_[static_cast<std::size_t>(first >> smallest_power)] = free_[power];
  free_[power] = first;
}

PocketStore::PocketStore(const Book& book, StoreCapacity capacity)
    : capacity_(capacity),
      account_first_(book.account_count(), -1),
      credit_score_(book.account_credit_score),
      position_pool_(slots_for(capacity.positions)),
      balance_pool_(slots_for(capacity.balances) + 4 * capacity.pockets) {
  TICKMARGIN_ASSERT(capacity.pockets >= book.pocket_count());
  slots_.reserve(capacity.pockets);
  const std::size_t positions = slots_for(capacity.positions);
  instrument_.resize(positions);
  quantity_.resize(positions);
  entry_.resize(positions);
  const std::size_t balances = slots_for(capacity.balances) + 4 * capacity.pockets;
  asset_.resize(balances);
  amount_.resize(balances);
  ScratchPocket scratch;
  for (std::size_t p = 0; p < book.pocket_count(); ++p) {
    const std::int32_t pocket = add(book.pocket_account[p], book.pocket_name[p]);
    scratch.assign(pocket_rows(book, p));
    const bool stored = replace(static_cast<std::size_t>(pocket), scratch);
    TICKMARGIN_ASSERT(stored);
  }
}

std::int32_t PocketStore::find(AccountIndex account, std::int32_t name) const noexcept {
  std::int32_t pocket = account_first_[static_cast<std::size_t>(account)];
  while (pocket >= 0 && slots_[static_cast<std::size_t>(pocket)].name != name) {
    pocket = slots_[static_cast<std::size_t>(pocket)].next;
  }
  return pocket;
}

std::int32_t PocketStore::add(AccountIndex account, std::int32_t name) noexcept {
  if (!can_add()) return -1;
  std::int32_t* link = &account_first_[static_cast<std::size_t>(account)];
  while (*link >= 0 && slots_[static_cast<std::size_t>(*link)].name < name) {
    link = &slots_[static_cast<std::size_t>(*link)].next;
  }
  const auto pocket = static_cast<std::int32_t>(slots_.size());
  const std::int32_t next = *link;
  *link = pocket;
  slots_.push_back({account, name, next, {}, {}});
  return pocket;
}

std::span<const std::uint32_t> PocketStore::instruments(std::size_t pocket) const noexcept {
  const Segment& s = slots_[pocket].positions;
  return {instrument_.data() + std::max<std::int64_t>(s.first, 0),
          static_cast<std::size_t>(s.count)};
}

std::span<const double> PocketStore::quantities(std::size_t pocket) const noexcept {
  const Segment& s = slots_[pocket].positions;
  return {quantity_.data() + std::max<std::int64_t>(s.first, 0), static_cast<std::size_t>(s.count)};
}

std::span<const double> PocketStore::entries(std::size_t pocket) const noexcept {
  const Segment& s = slots_[pocket].positions;
  return {entry_.data() + std::max<std::int64_t>(s.first, 0), static_cast<std::size_t>(s.count)};
}

std::span<const std::int32_t> PocketStore::assets(std::size_t pocket) const noexcept {
  const Segment& s = slots_[pocket].balances;
  return {asset_.data() + std::max<std::int64_t>(s.first, 0), static_cast<std::size_t>(s.count)};
}

std::span<const double> PocketStore::amounts(std::size_t pocket) const noexcept {
  const Segment& s = slots_[pocket].balances;
  return {amount_.data() + std::max<std::int64_t>(s.first, 0), static_cast<std::size_t>(s.count)};
}

PocketRows PocketStore::rows(std::size_t pocket, const InstrumentColumns& instruments_of,
                             UnitScratch& scratch) const noexcept {
  const std::span<const std::uint32_t> held = instruments(pocket);
  const std::int64_t first = std::max<std::int64_t>(slots_[pocket].positions.first, 0);
  scratch.underlying.clear();
  scratch.positions.clear();
  std::int32_t last = -1;
  for (std::size_t k = 0; k < held.size(); ++k) {
    const std::int32_t underlying = instruments_of.underlying[held[k]];
    if (underlying == last) continue;
    last = underlying;
    scratch.underlying.push_back(underlying);
    scratch.positions.push_back(first + static_cast<std::int64_t>(k));
  }
  scratch.positions.push_back(first + static_cast<std::int64_t>(held.size()));
  return {scratch.underlying,
          scratch.positions,
          instrument_.data(),
          quantity_.data(),
          entry_.data(),
          assets(pocket),
          amounts(pocket),
          {},
          credit_score(static_cast<std::size_t>(slots_[pocket].account))};
}

bool PocketStore::room(const Segment& segment, std::size_t count,
                       const SegmentPool& pool) noexcept {
  if (count == 0) return true;
  if (segment.first >= 0 && count <= (std::size_t{1} << segment.power)) return true;
  return pool.has(SegmentPool::power_for(count));
}

bool PocketStore::resize(Segment& segment, std::size_t count, SegmentPool& pool) noexcept {
  const std::uint8_t power = SegmentPool::power_for(count);
  if (count != 0 && (segment.first < 0 || count > (std::size_t{1} << segment.power))) {
    const std::int64_t first = pool.take(power);
    if (first < 0) return false;
    if (segment.first >= 0) pool.give_back(segment.first, segment.power);
    segment.first = first;
    segment.power = power;
  }
  segment.count = static_cast<std::int32_t>(count);
  return true;
}

bool PocketStore::fits(std::size_t pocket, const ScratchPocket& rows) const noexcept {
  const Slot slot = pocket < pocket_count() ? slots_[pocket] : Slot{};
  return room(slot.positions, rows.positions().size(), position_pool_) &&
         room(slot.balances, rows.balance_asset().size(), balance_pool_);
}

bool PocketStore::fits_balance(std::span<const std::int32_t> pockets,
                               std::int32_t asset) const noexcept {
  std::array<std::size_t, SegmentPool::powers> wanted{};
  for (const std::int32_t p : pockets) {
    const auto pocket = static_cast<std::size_t>(p);
    const std::span<const std::int32_t> held = assets(pocket);
    if (std::find(held.begin(), held.end(), asset) != held.end()) continue;
    const Segment& segment = slots_[pocket].balances;
    const auto count = static_cast<std::size_t>(segment.count) + 1;
    if (segment.first >= 0 && count <= (std::size_t{1} << segment.power)) continue;
    ++wanted[SegmentPool::power_for(count)];
  }
  return balance_pool_.has(wanted);
}

bool PocketStore::replace(std::size_t pocket, const ScratchPocket& rows) noexcept {
  if (!fits(pocket, rows)) return false;
  Slot& slot = slots_[pocket];
  if (!resize(slot.positions, rows.positions().size(), position_pool_)) return false;
  if (!resize(slot.balances, rows.balance_asset().size(), balance_pool_)) return false;
  auto k = static_cast<std::size_t>(std::max<std::int64_t>(slot.positions.first, 0));
  for (const PositionRow& row : rows.positions()) {
    instrument_[k] = row.instrument;
    quantity_[k] = row.quantity;
    entry_[k] = row.entry;
    ++k;
  }
  const auto first = static_cast<std::size_t>(std::max<std::int64_t>(slot.balances.first, 0));
  std::size_t j = first;
  for (std::size_t b = 0; b < rows.balance_asset().size(); ++b) {
    if (rows.balance_amount()[b] == 0) continue;
    asset_[j] = rows.balance_asset()[b];
    amount_[j] = rows.balance_amount()[b];
    ++j;
  }
  slot.balances.count = static_cast<std::int32_t>(j - first);
  return true;
}

Book PocketStore::to_book(const InstrumentColumns& instruments_of) const {
  Book book;
  book.account_credit_score = credit_score_;
  UnitScratch units;
  std::size_t most = 0;  // rows() does not allocate
  for (std::size_t p = 0; p < pocket_count(); ++p) most = std::max(most, instruments(p).size());
  units.underlying.reserve(most);
  units.positions.reserve(most + 1);
  for (std::size_t account = 0; account < account_count(); ++account) {
    book.account_pockets.push_back(static_cast<std::int64_t>(book.pocket_account.size()));
    for (std::int32_t p = account_first_[account]; p >= 0;) {
      const auto pocket = static_cast<std::size_t>(p);
      p = slots_[pocket].next;
      if (is_nothing(pocket)) continue;
      book.pocket_account.push_back(slots_[pocket].account);
      book.pocket_name.push_back(slots_[pocket].name);
      book.pocket_units.push_back(static_cast<std::int64_t>(book.unit_underlying.size()));
      book.pocket_balances.push_back(static_cast<std::int64_t>(book.balance_asset.size()));
      const PocketRows held = rows(pocket, instruments_of, units);
      const std::int64_t shift =
          static_cast<std::int64_t>(book.position_instrument.size()) - held.first_position();
      for (std::size_t u = 0; u < units.underlying.size(); ++u) {
        book.unit_underlying.push_back(units.underlying[u]);
        book.unit_positions.push_back(units.positions[u] + shift);
      }
      for (std::int64_t k = held.first_position(); k < held.end_position(); ++k) {
        book.position_instrument.push_back(held.instrument[k]);
        book.position_quantity.push_back(held.quantity[k]);
        book.position_entry.push_back(held.entry[k]);
      }
      book.balance_asset.insert(book.balance_asset.end(), held.balance_asset.begin(),
                                held.balance_asset.end());
      book.balance_amount.insert(book.balance_amount.end(), held.balance_amount.begin(),
                                 held.balance_amount.end());
    }
  }
  book.account_pockets.push_back(static_cast<std::int64_t>(book.pocket_account.size()));
  book.pocket_units.push_back(static_cast<std::int64_t>(book.unit_underlying.size()));
  book.pocket_balances.push_back(static_cast<std::int64_t>(book.balance_asset.size()));
  book.unit_positions.push_back(static_cast<std::int64_t>(book.position_instrument.size()));
  return book;
}

}  // namespace tickmargin::book
