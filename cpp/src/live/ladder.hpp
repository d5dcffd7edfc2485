// Which pockets a tick must look at. A link stands between a pocket and an underlying it depends on
// and says between which prices of that index the pocket's state is proven not to change; links
// whose proof holds wait in the ladder, the others on the watch list of the underlying.
#pragma once

#include <cstdint>
#include <vector>

#include "margin/wear.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::live {

struct Link {
  std::int32_t pocket = -1;
  UnderlyingIndex underlying = -1;
  std::int32_t next_of_pocket = -1;
  bool watched = true;
  double lower = 0, upper = 0;    // the proof holds for lower <= index <= upper
  std::int64_t step = 0;          // cell of the index when it was drawn
  double wear_limit[2] = {0, 0};  // and while the underlying's clocks stand at most here
  // Places in the lists: of lower bounds, of upper bounds, of the clocks of volatility and of the
  // curve; on the watch list the first.
  std::int32_t previous[4] = {-1, -1, -1, -1};
  std::int32_t next[4] = {-1, -1, -1, -1};
  std::int32_t bucket[4] = {-1, -1, -1, -1};
};

// What a placed link's bounds were drawn from: how far the index alone, or a clock alone, may go
// from where the pocket was last evaluated before the whole of its gap is used up (ease.cpp).
struct Proof {
  double index = 0;             // at the evaluation
  margin::Wear wear;            // of the underlying then
  double below = 0, above = 0;  // distances
  margin::Wear whole;
  double cell_lower = 0, cell_upper = 0;  // no further, whatever is left
  double curve_wear_max = 0;
  double share = 0;         // of what is left of the gap
  margin::Wear wear_share;  // and of that the clocks'
};

// All links. Memory is taken once, for the most there can be. Most books need a small part of it:
// none is touched before a link first stands there.
class LinkPool {
 public:
  explicit LinkPool(std::size_t capacity);
  bool has(std::size_t count) const noexcept {
    return free_count_ + (capacity_ - links_.size()) >= count;
  }
  std::int32_t take() noexcept;  // has(1) is the caller's
  void give_back(std::int32_t link) noexcept;
  Link& operator[](std::int32_t link) noexcept { return links_[static_cast<std::size_t>(link)]; }
  const Link& operator[](std::int32_t link) const noexcept {
    return links_[static_cast<std::size_t>(link)];
  }
  // Kept apart: most that is done with links has no use for it.
  Proof& proof(std::int32_t link) noexcept { return proofs_[static_cast<std::size_t>(link)]; }
  const Proof& proof(std::int32_t link) const noexcept {
    return proofs_[static_cast<std::size_t>(link)];
  }

 private:
  std::size_t capacity_;
  std::vector<Link> links_;
  std::vector<Proof> proofs_;
  std::int32_t free_ = -1;  // of those given back
  std::size_t free_count_ = 0;
};

// The ladder of one underlying: buckets of prices, one list for lower and one for upper bounds; a
// wheel for each clock of wear; the watch list.
class Ladder {
 public:
  Ladder(std::size_t buckets, double reference_price);

  void watch(LinkPool& pool, std::int32_t link) noexcept;
  // Takes bounds and wear limits from the link.
  void place(LinkPool& pool, std::int32_t link) noexcept;
  void remove(LinkPool& pool, std::int32_t link) noexcept;
  // Forgets every link; each is then watched or placed anew.
  void clear() noexcept;

  // Calls `found(link)` for every link whose proof ends where the index goes from `from` to `to`.
  template <class Found>
  void crossed(const LinkPool& pool, double from, double to, Found found) const {
    const bool down = to < from;
    const std::size_t side = down ? lower_side : upper_side;
    const std::size_t first = bucket_of(down ? to : from);
    const std::size_t last = bucket_of(down ? from : to);
    for (std::size_t b = first; b <= last; ++b) {
      for (std::int32_t l = heads_[side][b]; l >= 0; l = pool[l].next[side]) {
        if (down ? pool[l].lower > to : pool[l].upper < to) found(l);
      }
    }
  }
  template <class Found>
  void worn(const LinkPool& pool, margin::Wear from, margin::Wear to, Found found) const {
    turn(pool, 0, from.vol, to.vol, found);
    turn(pool, 1, from.curve, to.curve, found);
  }
  // Whether a clock runs on over so much of its wheel that every link is looked at sooner than
  // worn() finds those that end.
  static bool wears_most(margin::Wear from, margin::Wear to) noexcept {
    constexpr double buckets = wear_buckets / 4;
    return to.vol - from.vol > buckets * wear_bucket[0] ||
           to.curve - from.curve > buckets * wear_bucket[1];
  }
  template <class Found>
  void watched(const LinkPool& pool, Found found) const {
    for (std::int32_t l = watch_; l >= 0; l = pool[l].next[0]) found(l);
  }
  std::size_t watched_count() const noexcept { return watched_count_; }

 private:
  enum : std::size_t { lower_side = 0, upper_side = 1, wear_side = 2 };
  static constexpr std::size_t wear_buckets = 1 << 12;
  static constexpr double wear_bucket[2] = {2.5e-5, 2.5e-6};  // a turn holds the largest limit

  template <class Found>
  void turn(const LinkPool& pool, std::size_t clock, double from, double to, Found found) const {
    const std::size_t side = wear_side + clock;
    const double passed = (to - from) / wear_bucket[clock];
    const std::size_t count = passed < static_cast<double>(wear_buckets)
                                  ? static_cast<std::size_t>(passed) + 2
                                  : wear_buckets;
    std::size_t b = wear_bucket_of(clock, from);
    for (std::size_t n = 0; n < count && n < wear_buckets; ++n) {
      for (std::int32_t l = heads_[side][b]; l >= 0; l = pool[l].next[side]) {
        if (pool[l].wear_limit[clock] < to) found(l);
      }
      b = (b + 1) % wear_buckets;
    }
  }

  std::size_t bucket_of(double price) const noexcept;
  static std::size_t wear_bucket_of(std::size_t clock, double wear) noexcept;
  void push(LinkPool& pool, std::int32_t link, std::size_t side, std::size_t bucket) noexcept;
  void unlink(LinkPool& pool, std::int32_t link, std::size_t side) noexcept;

  double buckets_per_price_;
  std::vector<std::int32_t> heads_[4];
  std::int32_t watch_ = -1;
  std::size_t watched_count_ = 0;
};

}  // namespace tickmargin::live
