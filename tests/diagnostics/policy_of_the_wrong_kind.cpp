// SPDX-License-Identifier: BSL-1.0
//
// A policy that does not fill its role is refused at the user's own line, and the compiler names the role's concept.
#include "foreshadow/compose/slots.hpp"
#include "foreshadow/store/directory_store.hpp"

struct nothing_at_all {};

int main() {
    using namespace foreshadow;
    static_cast<void>(keep_in(directory_store{"backups"}));
    // bad: no matching function for call to 'back_up
    // note: satisfaction of 'source<S>'.*nothing_at_all|'nothing_at_all' does not satisfy 'source'
    static_cast<void>(back_up(nothing_at_all{}));
    // bad: no matching function for call to 'keep_in
    // note: satisfaction of 'object_store<S>'.*nothing_at_all|'nothing_at_all' does not satisfy 'object_store'
    static_cast<void>(keep_in(nothing_at_all{}));
    // bad: no matching function for call to 'keep_in
    // note: satisfaction of 'codec<C>'.*nothing_at_all|'nothing_at_all' does not satisfy 'codec'
    static_cast<void>(keep_in(directory_store{"backups"}, nothing_at_all{}));
    // bad: no matching function for call to 'predict_with
    // note: satisfaction of 'predictor<P>'.*nothing_at_all|'nothing_at_all' does not satisfy 'predictor'
    static_cast<void>(predict_with(nothing_at_all{}));
    // bad: no matching function for call to 'pace_by
    // note: satisfaction of 'pace<P>'.*nothing_at_all|'nothing_at_all' does not satisfy 'pace'
    static_cast<void>(pace_by(nothing_at_all{}));
    // bad: no matching function for call to 'observe_with
    // note: satisfaction of 'observer<O>'.*nothing_at_all|'nothing_at_all' does not satisfy 'observer'
    static_cast<void>(observe_with(nothing_at_all{}));
}
