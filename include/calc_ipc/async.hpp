/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Calls that are not waited for, by callback, future or coroutine.
///
///     Client client("unix:///run/calc.sock");
///     const Request request{Operation::ADD, 10, 20};
///
///     auto id = client.submit(request, [](Result<Response> response) { use(response); }, 20ms);
///     std::future<Result<Response>> future = client.async(request);
///     Result<Response> response = co_await client.awaitCall(request);      // in a coroutine of C++20
///
///     watch(*client.fd());                       // readable: client.dispatch(0ms)
///     client.dispatch(100ms);                    // or: wait here
///
/// `submitBytes`, `asyncBytes` and `awaitBytes` do the same with messages of your own, and answers of any length within
/// `max_message`.
///
/// All of them are completed inside of Client::dispatch(), and of the client's destructor: no thread is started. Each
/// call is completed exactly once, also if it times out, is cancelled, or the server goes. Any threads may submit and
/// cancel while others dispatch, and a callback may submit the next call. What callbacks and coroutines use has to
/// outlive the client: in a class, let the client be the last member.
#ifndef CALC_IPC_ASYNC_HPP
#define CALC_IPC_ASYNC_HPP

#include <calc_ipc/client.hpp>

#endif
