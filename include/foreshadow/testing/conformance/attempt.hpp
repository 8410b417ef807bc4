// SPDX-License-Identifier: BSL-1.0
//
// How a kit calls what may fail: the outcome of a call is a value, to be looked at.
#pragma once

#include "foreshadow/error.hpp"

#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace foreshadow::testing {

/// What a call came to: a value, or what it threw.
template <class T = void>
struct attempt {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
    std::exception_ptr thrown;

    [[nodiscard]] bool returned() const noexcept { return value.has_value(); }
    /// Whether it threw a `foreshadow::error` of this code.
    [[nodiscard]] bool failed_with(errc code) const {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const error& e) {
            return e.code() == code;
        } catch (...) {
            return false;
        }
        return false;
    }
    /// In a few words, for a report.
    [[nodiscard]] std::string text() const {
        if (returned()) return "it returned";
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const error& e) {
            return std::string{"it threw "} + name_of(e.code()) + ": " + e.line();
        } catch (const std::exception& e) {
            return std::string{"it threw "} + e.what();
        } catch (...) {
            return "it threw something that is no exception";
        }
        return "it did not end";
    }
};

/// Calls `f`; never throws.
template <class F>
[[nodiscard]] attempt<std::invoke_result_t<F>> attempt_call(F&& f) {
    attempt<std::invoke_result_t<F>> made;
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            std::forward<F>(f)();
            made.value.emplace();
        } else {
            made.value.emplace(std::forward<F>(f)());
        }
    } catch (...) {
        made.thrown = std::current_exception();
    }
    return made;
}

}  // namespace foreshadow::testing
