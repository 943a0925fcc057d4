/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Anonymous pipe: a parent that asks and a child that answers.
#ifndef CALC_IPC_PIPE_HPP
#define CALC_IPC_PIPE_HPP

#include <calc_ipc/service.hpp>

#include <string>
#include <vector>

namespace calc_ipc {

/// A child process that serves, and the pipes to it. Destroying it ends the child.
///
///     auto channel = PipeChannel::createWithServer(handler);         // the handler runs in a forked child
///     auto channel = PipeChannel::spawn({"/usr/lib/calc-server"});   // or: a program that calls servePipe
///     auto response = channel.call({Operation::ADD, 10, 20});
class PipeChannel final : public detail::BasicClient<calc_ipc_pipe, calc_ipc_pipe_call, calc_ipc_pipe_destroy> {
  public:
    /// Forks a child that serves `handler`. In a program with several threads, a lock that another thread holds at this
    /// moment, malloc's included, stays locked in the child, and a handler that takes it waits for ever: use `spawn`.
    [[nodiscard]] static PipeChannel createWithServer(detail::AnyHandler handler = {},
                                                      const ClientOptions &options = {}) {
        // The child serves on its copy of this stack frame and never returns from create.
        return PipeChannel(calc_ipc_pipe_create, options, detail::functionOf(handler), &handler);
    }

    /// Executes `argv`, a program that serves on its standard input and output.
    [[nodiscard]] static PipeChannel spawn(const std::vector<std::string> &argv, const ClientOptions &options = {}) {
        std::vector<const char *> words;
        for (const std::string &word : argv) {
            words.push_back(detail::terminated(word));
        }
        words.push_back(nullptr);
        return PipeChannel(calc_ipc_pipe_spawn, options, words.data());
    }

  private:
    template <class Create, class... Address>
    explicit PipeChannel(Create create, const ClientOptions &options, Address... address)
        : BasicClient(opened(create, options, address...).value()) {}
};

/// Serves one client that writes to `in` and reads from `out`, until it closes `in`. A program that `spawn` starts
/// calls it with 0 and 1.
inline void servePipe(int in, int out, detail::AnyHandler handler = {}, const ServerOptions &options = {}) {
    detail::check(calc_ipc_pipe_serve(in, out, detail::functionOf(handler), &handler, &options));
}

} // namespace calc_ipc

#endif
