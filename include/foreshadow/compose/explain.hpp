// SPDX-License-Identifier: BSL-1.0
//
// `explain<roles::store, my_store>()` lists everything that a type lacks for a role, each with what to write: a concept
// alone stops at its first gap. The list is made at compile time and read at run time, in a test or a main.
#pragma once

#include "foreshadow/compose/slots.hpp"
#include "foreshadow/observe/observer.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/store/object_store.hpp"

#include <string>
#include <string_view>

namespace foreshadow {

namespace detail {

class gaps {
  public:
    gaps& need(bool there, std::string_view what) {
        if (!there) text_.append("- lacks ").append(what).append("\n");
        return *this;
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
};

template <class T>
[[nodiscard]] std::string lacking(roles::source) {
    return gaps{}
        .need(
            requires {
                { T::traits } -> std::convertible_to<source_traits>;
            }, "static constexpr source_traits traits")
        .need(
            requires(T& t) {
                { t.identity() } -> std::same_as<task<source_identity>>;
            }, "task<source_identity> identity()")
        .need(
            requires(T& t, std::optional<position> p) {
                { t.hold(p) } -> std::same_as<task<position>>;
            }, "task<position> hold(std::optional<position> from)")
        .need(
            requires(T& t, position p) {
                { t.acknowledge(p) } -> std::same_as<task<>>;
            }, "task<> acknowledge(position upto)")
        .need(
            requires(T& t) {
                { t.release() } -> std::same_as<task<>>;
            }, "task<> release()")
        .need(tells_layout<T>, "task<layout> layout()")
        .need(reads_ranges<T>, "task<chunk> read(key_range, read_budget, row_batch&)")
        .need(
            requires(T& t, position p, log_batch& out) {
                { t.follow(p, out) } -> std::same_as<task<>>;
            }, "task<> follow(position after, log_batch& out)")
        .need(
            requires(T& t) {
                { t.head() } -> std::same_as<task<position>>;
            }, "task<position> head()")
        .need(feels_strain<T>, "task<foreshadow::strain> strain()")
        .text();
}

template <class T>
[[nodiscard]] std::string lacking(roles::store) {
    return gaps{}
        .need(
            requires(T& t, std::string name, std::string_view b) {
                { t.put(name, b) } -> std::same_as<task<>>;
            }, "task<> put(std::string name, std::string_view bytes)")
        .need(
            requires(T& t, std::string name, byte_range r) {
                { t.get(name, r) } -> std::same_as<task<std::string>>;
            }, "task<std::string> get(std::string name, byte_range range)")
        .need(
            requires(T& t, std::string p) {
                { t.list(p) } -> std::same_as<task<std::vector<object_info>>>;
            }, "task<std::vector<object_info>> list(std::string prefix)")
        .need(
            requires(T& t, std::string name) {
                { t.remove(name) } -> std::same_as<task<>>;
            }, "task<> remove(std::string name)")
        .text();
}

template <class T>
[[nodiscard]] std::string lacking(roles::predictor) {
    return gaps{}
        .need(
            requires {
                { T::name } -> std::convertible_to<std::string_view>;
            }, "static constexpr std::string_view name")
        .need(
            requires(T& t, const layout& l) {
                { t.start(l) } -> std::same_as<void>;
            }, "void start(const layout&)")
        .need(
            requires(T& t, const log_batch& b, const layout& l) {
                { t.observe(b, l) } -> std::same_as<void>;
            }, "void observe(const log_batch&, const layout&)")
        .need(
            requires(T& t, const lineage_event& e) {
                { t.learn(e) } -> std::same_as<void>;
            }, "void learn(const lineage_event&)")
        .need(
            requires(T& t, wall_time now, double h, std::vector<prediction>& out) {
                { t.forecast(now, h, out) } -> std::same_as<void>;
            }, "void forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out)")
        .need(
            requires(const T& t) {
                { t.save() } -> std::same_as<std::string>;
            }, "std::string save() const")
        .need(
            requires(T& t, std::string_view s) {
                { t.load(s) } -> std::same_as<void>;
            }, "void load(std::string_view state)")
        .text();
}

template <class T>
[[nodiscard]] std::string lacking(roles::scan_order) {
    return gaps{}.need(scan_order<T>, "void arrange(std::span<piece>, std::span<const prediction>)").text();
}
template <class T>
[[nodiscard]] std::string lacking(roles::pace) {
    return gaps{}.need(pace<T>, "pace_decision decide(const pace_input&)").text();
}
template <class T>
[[nodiscard]] std::string lacking(roles::conflict_policy) {
    return gaps{}.need(conflict_policy<T>, "void settle(const conflict&)").text();
}
template <class T>
[[nodiscard]] std::string lacking(roles::observer) {
    return gaps{}.need(observer<T>, "void on(const event&)").text();
}
template <class T>
[[nodiscard]] std::string lacking(roles::clock) {
    return gaps{}
        .need(
            requires(T& t) {
                { t.now() } -> std::same_as<wall_time>;
            }, "wall_time now()")
        .need(
            requires(T& t) {
                { t.seconds() } -> std::same_as<double>;
            }, "double seconds()")
        .need(
            requires(T& t, double s) {
                { t.sleep(s) } -> std::same_as<task<>>;
            }, "task<> sleep(double seconds)")
        .text();
}

}  // namespace detail

/// Everything that `T` lacks for `Role`, a line each; empty when it lacks nothing.
template <class Role, class T>
[[nodiscard]] std::string explain() {
    return detail::lacking<T>(Role{});
}

}  // namespace foreshadow
