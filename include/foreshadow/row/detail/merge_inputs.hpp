// SPDX-License-Identifier: BSL-1.0
//
// What a merge reads from: the base, and several streams of changes with a small heap over their heads. Both say
// when they have to be refilled; until then everything is synchronous and views stay valid.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

/// Replaces the batch by the next one; false, and empty, at the end.
using row_stream = std::function<task<bool>(row_batch&)>;
/// Replaces the batch by the next one; false, and empty, at the end.
using change_stream = std::function<task<bool>(change_batch&)>;

namespace detail {

[[nodiscard]] inline error out_of_order(const char* what, key_view k) {
    return error{errc::internal, std::string{what} + " are out of order"}.with("key", printable(k));
}

/// The base of a merge. The first row of a key stands; one that comes again is looked at and passed over.
class base_input {
  public:
    explicit base_input(row_stream stream) : stream_{std::move(stream)}, has_ended_{!stream_} {}

    [[nodiscard]] bool wants_refill() const noexcept { return !has_ended_ && next_ == batch_.size(); }
    [[nodiscard]] bool is_done() const noexcept { return has_ended_; }
    [[nodiscard]] row_view row() const noexcept { return batch_[next_]; }
    [[nodiscard]] key_view last_key() const noexcept { return batch_[batch_.size() - 1].key; }

    /// Whether the batch may be handed over as it is: nothing taken from it yet, each key above the one before.
    [[nodiscard]] bool is_whole_and_ordered() const {
        if (next_ != 0) return false;
        for (std::size_t i = 1; i < batch_.size(); ++i)
            if (batch_[i].key <= batch_[i - 1].key) return false;
        return true;
    }

    /// Hands the batch over, whole, for one that is empty.
    void swap_out(row_batch& out) {
        remember(batch_[batch_.size() - 1]);
        std::swap(out, batch_);
    }

    /// Goes to the next row of another key; `on_conflict(key)` for each one passed over that has other bytes.
    template <class OnConflict>
    void advance(OnConflict&& on_conflict) {
        const row_view taken = batch_[next_];
        ++next_;
        pass_repeats(taken, on_conflict);
    }

    /// After a refill: passes over what repeats the last row of the batch before.
    template <class OnConflict>
    void begin_batch(OnConflict&& on_conflict) {
        if (has_last_) pass_repeats({last_key_, last_value_}, on_conflict);
    }

    [[nodiscard]] task<> refill() {
        if (!batch_.empty()) remember(batch_[batch_.size() - 1]);
        next_ = 0;
        batch_.clear();
        while (batch_.empty() && !has_ended_) {
            const bool has_more = co_await stream_(batch_);
            has_ended_ = !has_more;
        }
        if (has_ended_) batch_.clear();
    }

    /// Whatever else there is does not matter.
    void finish() noexcept { has_ended_ = true; }

  private:
    template <class OnConflict>
    void pass_repeats(row_view taken, OnConflict& on_conflict) {
        for (; next_ < batch_.size() && batch_[next_].key <= taken.key; ++next_) {
            if (batch_[next_].key < taken.key) throw out_of_order("the rows of an image", batch_[next_].key);
            if (batch_[next_].value != taken.value) on_conflict(taken.key);
        }
    }

    void remember(row_view row) {
        last_key_.assign(row.key);
        last_value_.assign(row.value);
        has_last_ = true;
    }

    row_stream stream_;
    bool has_ended_;
    row_batch batch_;
    std::size_t next_ = 0;
    bool has_last_ = false;
    key last_key_;
    std::string last_value_;
};

/// Streams of changes, read as one in the order of (key, version); of one version, rows come before patches onto them.
class change_inputs {
  public:
    explicit change_inputs(std::vector<change_stream> streams) {
        inputs_.resize(streams.size());
        for (std::size_t i = 0; i < streams.size(); ++i) {
            inputs_[i].stream = std::move(streams[i]);
            if (inputs_[i].stream) hungry_.push_back(i);
        }
    }

    [[nodiscard]] bool wants_refill() const noexcept { return !hungry_.empty(); }
    /// Whether no change is left, once nothing wants a refill.
    [[nodiscard]] bool is_done() const noexcept { return heap_.empty(); }
    [[nodiscard]] const change_view& top() const noexcept { return inputs_[heap_.front()].head; }

    void advance() {
        const std::size_t i = heap_.front();
        input& from = inputs_[i];
        std::pop_heap(heap_.begin(), heap_.end(), later_);
        if (++from.next == from.batch.size()) {
            heap_.pop_back();
            hungry_.push_back(i);
            return;
        }
        const change_view next = from.batch[from.next];
        check_order(from.head.key, from.head.at, next);
        from.head = next;
        std::push_heap(heap_.begin(), heap_.end(), later_);
    }

    /// Refills one of the streams that want it.
    [[nodiscard]] task<> refill() {
        const std::size_t i = hungry_.back();
        input& from = inputs_[i];
        if (!from.batch.empty()) {
            from.last_key.assign(from.head.key);
            from.last_at = from.head.at;
        }
        from.batch.clear();
        bool has_more = true;
        while (has_more && from.batch.empty()) has_more = co_await from.stream(from.batch);
        hungry_.pop_back();
        if (!has_more) co_return;
        from.next = 0;
        from.head = from.batch[0];
        check_order(from.last_key, from.last_at, from.head);
        heap_.push_back(i);
        std::push_heap(heap_.begin(), heap_.end(), later_);
    }

    /// Whatever else there is does not matter. Not while a refill is wanted.
    void finish() noexcept { heap_.clear(); }

  private:
    struct input {
        change_stream stream;
        change_batch batch;
        std::size_t next = 0;
        change_view head;
        key last_key;  ///< of the batch before; the least of all keys and versions where there was none
        version last_at;
    };

    static void check_order(key_view last_key, version last_at, const change_view& next) {
        const int order = last_key.compare(next.key);
        if (order > 0 || (order == 0 && next.at < last_at)) throw out_of_order("the changes of a stream", next.key);
    }

    struct later {
        const std::vector<input>* inputs;
        bool operator()(std::size_t a, std::size_t b) const {
            const change_view& x = (*inputs)[a].head;
            const change_view& y = (*inputs)[b].head;
            const int order = x.key.compare(y.key);
            if (order != 0) return order > 0;
            if (x.at != y.at) return x.at > y.at;
            return x.kind != y.kind ? x.kind > y.kind : a > b;
        }
    };

    std::vector<input> inputs_;
    std::vector<std::size_t> heap_;
    std::vector<std::size_t> hungry_;
    later later_{&inputs_};
};

}  // namespace detail
}  // namespace foreshadow
