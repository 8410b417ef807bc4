// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/observe/observer.hpp"

#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>

#include <utility>

namespace foreshadow {

/// Several observers as one; each hears every event, in the order in which they are given.
template <observer... Observers>
class observers {
  public:
    explicit observers(Observers... all) : all_{std::move(all)...} {}

    void on(const event& e) {
        boost::hana::for_each(all_, [&](auto& one) { one.on(e); });
    }

  private:
    boost::hana::tuple<Observers...> all_;
};

namespace detail {
struct any_observer {
    void on(const event&) {}
};
}  // namespace detail
static_assert(observer<observers<detail::any_observer, detail::any_observer>>);

}  // namespace foreshadow
