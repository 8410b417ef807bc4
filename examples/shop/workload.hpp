// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "routed_table.hpp"
#include "words.hpp"

#include <cstdint>

namespace shop {

/// What the shop's customers and clerks do, a transaction at a time.
class workload {
  public:
    workload(connection& db, dimensions size);

    /// One transaction, with its lines of the ledger.
    void step(std::int64_t now);

    [[nodiscard]] routed_table& orders_table() { return orders_; }
    [[nodiscard]] routed_table& users_table() { return users_; }
    [[nodiscard]] routed_table& sessions_table() { return sessions_; }
    [[nodiscard]] routed_table& stock_table() { return stock_; }

  private:
    void place_order();
    void sign_up();
    void log_in(std::int64_t now);
    void expire_sessions(std::int64_t now);
    void restock();
    void sell_out();

    connection* db_;
    dimensions size_;
    words some_;
    routed_table orders_;
    routed_table users_;
    routed_table sessions_;
    routed_table stock_;
    std::int64_t next_order_;
    std::int64_t next_user_;
    std::int64_t last_session_ = 0;
    std::int64_t steps_ = 0;
    std::int64_t hot_ = 0;  ///< where the hot range of items begins
};

}  // namespace shop
