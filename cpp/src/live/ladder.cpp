#include "live/ladder.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace tickmargin::live {
namespace {

// Prices up to this many times the first one have buckets of their own; beyond share the last.
constexpr double price_range = 4.0;

}  // namespace

LinkPool::LinkPool(std::size_t capacity) : capacity_(capacity) {
  links_.reserve(capacity);
  proofs_.reserve(capacity);
}

std::int32_t LinkPool::take() noexcept {
  if (free_ < 0) {
    TICKMARGIN_ASSERT(links_.size() < capacity_);
    links_.emplace_back();
    proofs_.emplace_back();
    return static_cast<std::int32_t>(links_.size() - 1);
  }
  const std::int32_t link = free_;
  free_ = (*this)[link].next_of_pocket;
  --free_count_;
  (*this)[link] = Link{};
  return link;
}

void LinkPool::give_back(std::int32_t link) noexcept {
  (*this)[link].next_of_pocket = free_;
  free_ = link;
  ++free_count_;
}

Ladder::Ladder(std::size_t buckets, double reference_price)
    : buckets_per_price_(static_cast<double>(buckets) / (price_range * reference_price)) {
  heads_[lower_side].assign(buckets, -1);
  heads_[upper_side].assign(buckets, -1);
  for (const std::size_t clock : {0, 1}) heads_[wear_side + clock].assign(wear_buckets, -1);
}

std::size_t Ladder::bucket_of(double price) const noexcept {
  const double at = price * buckets_per_price_;
  const std::size_t last = heads_[lower_side].size() - 1;
  if (!(at > 0)) return 0;
  return at < static_cast<double>(last) ? static_cast<std::size_t>(at) : last;
}

std::size_t Ladder::wear_bucket_of(std::size_t clock, double wear) noexcept {
  return static_cast<std::size_t>(wear / wear_bucket[clock]) % wear_buckets;
}

void Ladder::push(LinkPool& pool, std::int32_t link, std::size_t side,
                  std::size_t bucket) noexcept {
  std::int32_t& head = heads_[side][bucket];
  Link& l = pool[link];
  l.bucket[side] = static_cast<std::int32_t>(bucket);
  l.previous[side] = -1;
  l.next[side] = head;
  if (head >= 0) pool[head].previous[side] = link;
  head = link;
}

void Ladder::unlink(LinkPool& pool, std::int32_t link, std::size_t side) noexcept {
  Link& l = pool[link];
  if (l.previous[side] >= 0) {
    pool[l.previous[side]].next[side] = l.next[side];
  } else if (l.watched) {
    watch_ = l.next[side];
  } else {
    heads_[side][static_cast<std::size_t>(l.bucket[side])] = l.next[side];
  }
  if (l.next[side] >= 0) pool[l.next[side]].previous[side] = l.previous[side];
}

void Ladder::watch(LinkPool& pool, std::int32_t link) noexcept {
  Link& l = pool[link];
  l.watched = true;
  l.previous[0] = -1;
  l.next[0] = watch_;
  if (watch_ >= 0) pool[watch_].previous[0] = link;
  watch_ = link;
  ++watched_count_;
}

void Ladder::place(LinkPool& pool, std::int32_t link) noexcept {
  Link& l = pool[link];
  l.watched = false;
  push(pool, link, lower_side, bucket_of(l.lower));
  push(pool, link, upper_side, bucket_of(l.upper));
  for (const std::size_t clock : {0, 1}) {
    push(pool, link, wear_side + clock, wear_bucket_of(clock, l.wear_limit[clock]));
  }
}

void Ladder::remove(LinkPool& pool, std::int32_t link) noexcept {
  Link& l = pool[link];
  if (l.watched) {
    unlink(pool, link, 0);
    --watched_count_;
    return;
  }
  unlink(pool, link, lower_side);
  unlink(pool, link, upper_side);
  for (const std::size_t clock : {0, 1}) unlink(pool, link, wear_side + clock);
}

void Ladder::clear() noexcept {
  for (std::vector<std::int32_t>& side : heads_) std::fill(side.begin(), side.end(), -1);
  watch_ = -1;
  watched_count_ = 0;
}

}  // namespace tickmargin::live
