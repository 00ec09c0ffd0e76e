// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace fastfront {

namespace {

/// Asked for, and cut by the kernel to net.core.wmem_max: the request of a long prompt leaves in one piece. TCP finds
/// its sizes by itself.
constexpr int kUnixSendBuffer = 4 * 1024 * 1024;

}  // namespace

Errc Listener::open(int fd) noexcept {
    close();
    fd_ = fd;
    int domain = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) {
        return Errc::system;
    }
    tcp_ = domain != AF_UNIX;
    return Errc::ok;
}

Listener::Accepted Listener::accept(int& fd) noexcept {
    while (true) {
        fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            const int on = 1;
            if (tcp_) {
                ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            } else {
                ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kUnixSendBuffer, sizeof kUnixSendBuffer);
            }
            return Accepted::connection;
        }
        switch (errno) {
            case EAGAIN: return Accepted::nothing;
            case EMFILE:
            case ENFILE:
            case ENOBUFS:
            case ENOMEM: return Accepted::exhausted;
            case EBADF:
            case EINVAL:
            case ENOTSOCK: return Accepted::closed;
            default: break;  // the one connection was gone before it was accepted
        }
    }
}

void Listener::close() noexcept {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

}  // namespace fastfront
