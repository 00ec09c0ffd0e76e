// SPDX-License-Identifier: Apache-2.0
#include "zmq_api.hpp"

#include <dlfcn.h>

namespace fastfront {

namespace {

template <typename Function>
bool resolve(void* library, const char* name, Function& target) noexcept {
    void* symbol = dlsym(library, name);
    target = reinterpret_cast<Function>(symbol);
    return symbol != nullptr;
}

}  // namespace

Errc load_zmq_api(const char* path, ZmqApi& api) noexcept {
    void* library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) {
        return Errc::not_found;
    }
    // The handle is kept: pyzmq never unloads its libzmq, and the pump's functions must stay valid until exit.
    const bool complete =
        resolve(library, "zmq_msg_init", api.msg_init) && resolve(library, "zmq_msg_recv", api.msg_recv) &&
        resolve(library, "zmq_msg_close", api.msg_close) && resolve(library, "zmq_msg_data", api.msg_data) &&
        resolve(library, "zmq_msg_size", api.msg_size) && resolve(library, "zmq_msg_more", api.msg_more) &&
        resolve(library, "zmq_poll", api.poll) && resolve(library, "zmq_errno", api.get_errno) &&
        resolve(library, "zmq_strerror", api.get_strerror);
    return complete ? Errc::ok : Errc::not_found;
}

}  // namespace fastfront
