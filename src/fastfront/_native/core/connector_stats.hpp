// SPDX-License-Identifier: Apache-2.0
// What engines' KV connectors tell of themselves, from the pump thread to the loop: raw MessagePack, in order, for what
// each connector tells has a form of its own. Bounded; the loop is woken only when much has gathered. Knows no form.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace fastfront {

class ConnectorStats {
  public:
    struct Told {
        std::int64_t engine = 0;
        std::string bytes;  // the map kv_connector_stats of one step
    };

    /// So many bytes are worth a turn of the loop by themselves; a reading of /metrics takes what there is.
    static constexpr std::size_t kEnough = std::size_t{64} << 10;
    /// A loop that does not come loses what is beyond.
    static constexpr std::size_t kMost = std::size_t{16} << 20;

    /// Pump thread. True: the loop should take now.
    [[nodiscard]] bool push(std::int64_t engine, std::span<const std::uint8_t> bytes) {
        const std::lock_guard lock(mutex_);
        if (size_ + bytes.size() > kMost) {
            return false;
        }
        waiting_.push_back({engine, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
        size_ += bytes.size();
        const bool tells = size_ >= kEnough && !told_;
        told_ = told_ || tells;
        return tells;
    }

    /// Loop thread: what has come since the last call.
    [[nodiscard]] std::vector<Told> take() {
        const std::lock_guard lock(mutex_);
        size_ = 0;
        told_ = false;
        std::vector<Told> taken;
        taken.swap(waiting_);
        return taken;
    }

  private:
    std::mutex mutex_;
    std::vector<Told> waiting_;
    std::size_t size_ = 0;
    bool told_ = false;  // the loop has been woken for what waits
};

}  // namespace fastfront
