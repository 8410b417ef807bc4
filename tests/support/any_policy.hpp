// SPDX-License-Identifier: BSL-1.0
//
// Policies behind one type each, so that the machine that the tests drive is compiled once, and not once for each.
#pragma once

#include "foreshadow/observe/observer.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/row/conflict_policy.hpp"
#include "foreshadow/schedule/pace.hpp"
#include "foreshadow/schedule/scan_order.hpp"
#include "foreshadow/source/source.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace fs = foreshadow;

/// Any source behind one type, of those that remember and tell what they leave out.
class any_source {
  public:
    static constexpr fs::source_traits traits{.prefix_snapshots = false};

    template <fs::source S>
        requires(!std::same_as<S, any_source>)
    any_source(S one) : one_{std::make_shared<model<S>>(std::move(one))} {}

    fs::task<fs::source_identity> identity() { return one_->identity(); }
    fs::task<fs::position> hold(std::optional<fs::position> from) { return one_->hold(from); }
    fs::task<> acknowledge(fs::position p) { return one_->acknowledge(p); }
    fs::task<bool> remembers(fs::position p) { return one_->remembers(p); }
    fs::task<> release() { return one_->release(); }
    fs::task<fs::layout> layout() { return one_->layout(); }
    fs::task<std::vector<fs::omission>> omissions() { return one_->omissions(); }
    fs::task<fs::chunk> read(fs::key_range range, fs::read_budget budget, fs::row_batch& rows) {
        return one_->read(std::move(range), budget, rows);
    }
    fs::task<> follow(fs::position after, fs::log_batch& out) { return one_->follow(after, out); }
    fs::task<fs::position> head() { return one_->head(); }
    fs::task<fs::strain> strain() { return one_->strain(); }

  private:
    struct interface {
        interface() = default;
        interface(const interface&) = delete;
        interface& operator=(const interface&) = delete;
        virtual ~interface() = default;
        virtual fs::task<fs::source_identity> identity() = 0;
        virtual fs::task<fs::position> hold(std::optional<fs::position> from) = 0;
        virtual fs::task<> acknowledge(fs::position p) = 0;
        virtual fs::task<bool> remembers(fs::position p) = 0;
        virtual fs::task<> release() = 0;
        virtual fs::task<fs::layout> layout() = 0;
        virtual fs::task<std::vector<fs::omission>> omissions() = 0;
        virtual fs::task<fs::chunk> read(fs::key_range range, fs::read_budget budget, fs::row_batch& rows) = 0;
        virtual fs::task<> follow(fs::position after, fs::log_batch& out) = 0;
        virtual fs::task<fs::position> head() = 0;
        virtual fs::task<fs::strain> strain() = 0;
    };
    template <class S>
    struct model final : interface {
        explicit model(S given) : one{std::move(given)} {}
        fs::task<fs::source_identity> identity() override { return one.identity(); }
        fs::task<fs::position> hold(std::optional<fs::position> from) override { return one.hold(from); }
        fs::task<> acknowledge(fs::position p) override { return one.acknowledge(p); }
        fs::task<bool> remembers(fs::position p) override { return one.remembers(p); }
        fs::task<> release() override { return one.release(); }
        fs::task<fs::layout> layout() override { return one.layout(); }
        fs::task<std::vector<fs::omission>> omissions() override { return one.omissions(); }
        fs::task<fs::chunk> read(fs::key_range range, fs::read_budget budget, fs::row_batch& rows) override {
            return one.read(std::move(range), budget, rows);
        }
        fs::task<> follow(fs::position after, fs::log_batch& out) override { return one.follow(after, out); }
        fs::task<fs::position> head() override { return one.head(); }
        fs::task<fs::strain> strain() override { return one.strain(); }
        S one;
    };
    std::shared_ptr<interface> one_;
};
static_assert(fs::source<any_source>);

/// Any predictor behind one type.
class any_predictor {
  public:
    static constexpr std::string_view name = "any";

    template <fs::predictor P>
        requires(!std::same_as<P, any_predictor>)
    any_predictor(P one) : one_{std::make_unique<model<P>>(std::move(one))} {}

    void start(const fs::layout& now) { one_->start(now); }
    void observe(const fs::log_batch& batch, const fs::layout& now) { one_->observe(batch, now); }
    void learn(const fs::lineage_event& what) { one_->learn(what); }
    void measured(const fs::layout& told) { one_->measured(told); }
    void forecast(fs::wall_time now, double horizon, std::vector<fs::prediction>& out) {
        one_->forecast(now, horizon, out);
    }
    [[nodiscard]] std::string save() const { return one_->save(); }
    void load(std::string_view state) { one_->load(state); }

  private:
    struct interface {
        interface() = default;
        interface(const interface&) = delete;
        interface& operator=(const interface&) = delete;
        virtual ~interface() = default;
        virtual void start(const fs::layout& now) = 0;
        virtual void observe(const fs::log_batch& batch, const fs::layout& now) = 0;
        virtual void learn(const fs::lineage_event& what) = 0;
        virtual void measured(const fs::layout& told) = 0;
        virtual void forecast(fs::wall_time now, double horizon, std::vector<fs::prediction>& out) = 0;
        [[nodiscard]] virtual std::string save() const = 0;
        virtual void load(std::string_view state) = 0;
    };
    template <class P>
    struct model final : interface {
        explicit model(P given) : one{std::move(given)} {}
        void start(const fs::layout& now) override { one.start(now); }
        void observe(const fs::log_batch& batch, const fs::layout& now) override { one.observe(batch, now); }
        void learn(const fs::lineage_event& what) override { one.learn(what); }
        void measured(const fs::layout& told) override {
            if constexpr (fs::takes_measurements<P>) one.measured(told);
        }
        void forecast(fs::wall_time now, double horizon, std::vector<fs::prediction>& out) override {
            one.forecast(now, horizon, out);
        }
        [[nodiscard]] std::string save() const override { return one.save(); }
        void load(std::string_view state) override { one.load(state); }
        P one;
    };
    std::unique_ptr<interface> one_;
};
static_assert(fs::predictor<any_predictor>);

/// Any conflict policy behind one type; the policy stays where it is.
class any_conflict_policy {
  public:
    template <fs::conflict_policy P>
        requires(!std::same_as<P, any_conflict_policy>)
    any_conflict_policy(P& one) : settle_{[&one](const fs::conflict& c) { one.settle(c); }} {}
    void settle(const fs::conflict& c) { settle_(c); }

  private:
    std::function<void(const fs::conflict&)> settle_;
};
static_assert(fs::conflict_policy<any_conflict_policy>);

/// Any scan order behind one type.
class any_scan_order {
  public:
    template <fs::scan_order O>
        requires(!std::same_as<O, any_scan_order>)
    any_scan_order(O one)
        : arrange_{[one](std::span<fs::piece> pieces, std::span<const fs::prediction> live) mutable {
              one.arrange(pieces, live);
          }} {}
    void arrange(std::span<fs::piece> pieces, std::span<const fs::prediction> live) { arrange_(pieces, live); }

  private:
    std::function<void(std::span<fs::piece>, std::span<const fs::prediction>)> arrange_;
};
static_assert(fs::scan_order<any_scan_order>);

/// Any pace behind one type.
class any_pace {
  public:
    template <fs::pace P>
        requires(!std::same_as<P, any_pace>)
    any_pace(P one) : decide_{[one](const fs::pace_input& input) mutable { return one.decide(input); }} {}
    fs::pace_decision decide(const fs::pace_input& input) { return decide_(input); }

  private:
    std::function<fs::pace_decision(const fs::pace_input&)> decide_;
};
static_assert(fs::pace<any_pace>);

/// An observer that hands on to whoever listens.
class listener {
  public:
    using hearing = std::function<void(const fs::event&)>;
    listener() = default;
    explicit listener(hearing who) : who_{std::move(who)} {}
    void on(const fs::event& what) {
        if (who_) who_(what);
    }

  private:
    hearing who_;
};
static_assert(fs::observer<listener>);

}  // namespace support
