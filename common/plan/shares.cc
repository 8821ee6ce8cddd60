#include "common/plan/shares.h"

#include <algorithm>
#include <numeric>

#include "common/base/check.h"

namespace sfp::plan {

namespace {

std::uint64_t TotalWeight(std::span<const Share> shares) {
  std::uint64_t total = 0;
  for (const Share& share : shares) total += share.weight;
  return total;
}

// `seats` shared by weight, largest remainders first, on top of what each has already: nobody gives
// up any.
std::vector<std::uint64_t> Apportion(std::uint64_t seats, std::span<const Share> shares,
                                     std::span<const std::uint64_t> have) {
  const std::uint64_t all = std::accumulate(have.begin(), have.end(), seats);  // when all is shared
  const std::uint64_t weight = TotalWeight(shares);
  std::vector<std::uint64_t> more(shares.size(), 0);
  // One at a time to whoever lacks most; a table has about a thousand entries and at most as many
  // workers.
  for (; seats > 0; --seats) {
    std::size_t neediest = 0;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const std::int64_t lacks = static_cast<std::int64_t>(all * shares[i].weight) -
                                 static_cast<std::int64_t>((have[i] + more[i]) * weight);
      if (i == 0 || lacks > most) {
        neediest = i;
        most = lacks;
      }
    }
    ++more[neediest];
  }
  return more;
}

// An order of the members, member i quotas[i] times, in which each is served as evenly as possible.
// The j-th turn of i lies in the window [floor(j/p), ceil((j+1)/p)) with p = quotas[i]/sum; serving
// the earliest end of the open windows meets them all, and then nobody is ever a whole turn ahead
// or behind (Baruah et al. 1996).
std::vector<std::size_t> Interleave(std::span<const std::uint64_t> quotas) {
  const std::uint64_t sum = std::accumulate(quotas.begin(), quotas.end(), std::uint64_t{0});
  std::vector<std::uint64_t> served(quotas.size(), 0);
  std::vector<std::size_t> order;
  order.reserve(sum);
  for (std::uint64_t turn = 0; turn < sum; ++turn) {
    std::size_t next = quotas.size();
    std::uint64_t earliest = 0;
    for (std::size_t i = 0; i < quotas.size(); ++i) {
      if (served[i] == quotas[i] || served[i] * sum / quotas[i] > turn) continue;
      const std::uint64_t end = ((served[i] + 1) * sum + quotas[i] - 1) / quotas[i];
      if (next == quotas.size() || end < earliest) {
        next = i;
        earliest = end;
      }
    }
    SFP_CHECK(next < quotas.size());
    ++served[next];
    order.push_back(next);
  }
  return order;
}

std::size_t SizeFor(std::span<const Share> shares) {
  std::uint64_t divisor = 0;
  for (const Share& share : shares) divisor = std::gcd(divisor, std::uint64_t{share.weight});
  const std::uint64_t weight = TotalWeight(shares) / divisor;
  if (kFewestOwners % weight == 0) return kFewestOwners;
  const std::uint64_t multiple = (kFewestOwners + weight - 1) / weight * weight;
  if (multiple <= kMostOwners) return multiple;
  return std::max(kMostOwners, shares.size());
}

}  // namespace

Owners BuildOwners(std::span<const Share> shares) {
  SFP_CHECK(!shares.empty());
  for (const Share& share : shares) SFP_CHECK(share.weight > 0);
  // Everybody gets one entry, however small its weight.
  const std::vector<std::uint64_t> one(shares.size(), 1);
  std::vector<std::uint64_t> quotas = Apportion(SizeFor(shares) - shares.size(), shares, one);
  for (std::uint64_t& quota : quotas) ++quota;
  Owners owners;
  for (const std::size_t i : Interleave(quotas)) owners.push_back(shares[i].worker);
  return owners;
}

void Reassign(Owners& owners, std::uint32_t lost, std::span<const Share> alive) {
  SFP_CHECK(!alive.empty());
  std::vector<std::uint64_t> have;
  for (const Share& share : alive) {
    SFP_CHECK(share.worker != lost);
    have.push_back(CountOf(owners, share.worker));
  }
  const std::vector<std::size_t> order = Interleave(Apportion(CountOf(owners, lost), alive, have));
  auto next = order.begin();
  for (std::uint32_t& owner : owners) {
    if (owner == lost) owner = alive[*next++].worker;
  }
}

void Join(Owners& owners, std::uint32_t newcomer, std::span<const Share> shares) {
  SFP_CHECK(CountOf(owners, newcomer) == 0);
  // What each should have: the entries of `shares` shared anew.
  std::vector<std::uint64_t> have;
  for (const Share& share : shares) have.push_back(CountOf(owners, share.worker));
  const std::uint64_t all = std::accumulate(have.begin(), have.end(), std::uint64_t{0});
  const std::vector<std::uint64_t> none(shares.size(), 0);
  const std::vector<std::uint64_t> target = Apportion(all, shares, none);
  std::uint64_t wanted = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].worker == newcomer) wanted = target[i];
  }
  for (; wanted > 0; --wanted) {
    std::size_t richest = 0;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const std::int64_t over =
          static_cast<std::int64_t>(have[i]) - static_cast<std::int64_t>(target[i]);
      if (shares[i].worker != newcomer && over > most) {
        richest = i;
        most = over;
      }
    }
    if (most == 0) break;
    --have[richest];
  }
  // Of an owner's c entries the newcomer takes g, evenly spaced; owners begin at different phases.
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].worker == newcomer) continue;
    const std::uint64_t c = CountOf(owners, shares[i].worker);
    const std::uint64_t g = c - have[i];
    std::uint64_t sum = c * i / shares.size();
    for (std::uint32_t& owner : owners) {
      if (owner != shares[i].worker) continue;
      sum += g;
      if (sum >= c) {
        sum -= c;
        owner = newcomer;
      }
    }
  }
}

std::size_t CountOf(const Owners& owners, std::uint32_t worker) {
  return static_cast<std::size_t>(std::count(owners.begin(), owners.end(), worker));
}

}  // namespace sfp::plan
