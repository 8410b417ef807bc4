// SPDX-License-Identifier: BSL-1.0
//
// Makes what was done so far resumable. The order is the publish rule's: segments are sealed before (by the recorder),
// what was read becomes images, the catalog is copied, blocks are flushed, the checkpoint is written, and only then may
// the source forget. A checkpoint names nothing that is not durable; a crash at any point leaves the one before it
// valid.
#pragma once

#include "foreshadow/json/write.hpp"
#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/session.hpp"
#include "foreshadow/store/repository.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace foreshadow {

/// `sources/<source>/running/<backup>/<sequence>`
[[nodiscard]] inline std::string checkpoint_name(const std::string& source, const std::string& backup,
                                                 std::uint64_t sequence) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%010llu", static_cast<unsigned long long>(sequence));
    return "sources/" + source + "/running/" + backup + "/" + digits;
}

/// Stores a checkpoint, its number included, instead of the one before it.
template <class Parts>
task<> store_checkpoint(backup_session<Parts>& s, checkpoint state) {
    state.backup = s.backup;
    state.sequence = s.sequence + 1;
    // Whoever took over goes on with the same backup: its checkpoints are not ours to write or remove.
    if (s.assert_held) co_await s.assert_held();
    const std::string name = checkpoint_name(s.knows.source.id, s.backup, state.sequence);
    std::string text = document_of(state);
    co_await s.with.repository.put(name, object_kind::checkpoint, std::move(text));
    const std::uint64_t before = std::exchange(s.sequence, state.sequence);
    if (before == 0) co_return;
    const std::string old = checkpoint_name(s.knows.source.id, s.backup, before);
    co_await s.with.repository.remove(old);
}

template <class Parts>
class checkpointer {
  public:
    explicit checkpointer(backup_session<Parts>& session) : session_{session}, last_{session.with.clock.seconds()} {}

    [[nodiscard]] bool is_due() const {
        return session_.with.clock.seconds() - last_ >= session_.options.checkpoint_seconds;
    }

    /// Writes a checkpoint of everything up to `knows.followed`. The caller has sealed the journal up to there.
    task<> write() {
        auto& s = session_;
        if (s.close_stretches) co_await s.close_stretches();
        checkpoint state{.backup = {}, .sequence = 0, .knows = s.knows, .figures = s.figures};
        s.keep_learnt(state.knows);
        const position upto = state.knows.followed;
        co_await s.with.storage.flush();
        co_await store_checkpoint(s, std::move(state));
        // Whoever took over may need the log that this one could let go.
        if (s.assert_held) co_await s.assert_held();
        co_await patiently(s, [&s, upto] { return s.with.source.acknowledge(upto); });
        s.knows.acknowledged = upto;
        ++s.figures.checkpoints;
        last_ = s.with.clock.seconds();
        s.tell(checkpointed{.followed = upto, .sequence = s.sequence});
    }

  private:
    backup_session<Parts>& session_;
    double last_;
};

}  // namespace foreshadow
