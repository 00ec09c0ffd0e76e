// SPDX-License-Identifier: Apache-2.0
// Blocks all signals while it lives, for threads that are made meanwhile: signals are the main thread's business, and
// no other must be the one that a handler interrupts. Knows no thread.
#pragma once

#include <csignal>

namespace fastfront {

class BlockedSignals {
  public:
    BlockedSignals() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

  private:
    sigset_t before_;
};

}  // namespace fastfront
