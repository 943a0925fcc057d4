/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// The C++17 interface of calc_ipc: RAII over calc_ipc.h, header-only.
///
///     calc_ipc::UDSServer server("/run/calc.sock");    // one process
///     server.startInBackground();
///
///     calc_ipc::UDSClient client("/run/calc.sock");    // another
///     if (auto response = client.call({calc_ipc::Operation::ADD, 10, 20})) {
///         std::cout << response->result << '\n';       // 30
///     }
///
/// Said once, for every class here:
///
/// - Constructors, factories, `run` and `startInBackground` throw calc_ipc::Error; calls never throw: they give a
///   calc_ipc::Result, which says why there was no response, and whether asking again can do anything twice.
/// - Where exceptions are off, what would throw ends the process; the clients' `connect` gives a Result, too.
/// - Everything is move-only. What was moved from may be assigned to or destroyed; its calls are empty, with
///   INVALID_ARGUMENT.
/// - One client serves one thread at a time: a second thread's call is empty at once, with BUSY. Calls that are not
///   waited for, see <calc_ipc/async.hpp>, are for any threads. The other rules of threads and forks are those of
///   calc_ipc.h.
#ifndef CALC_IPC_HPP
#define CALC_IPC_HPP

#include <calc_ipc/async.hpp>
#include <calc_ipc/bytes.hpp>
#include <calc_ipc/client.hpp>
#include <calc_ipc/error.hpp>
#include <calc_ipc/event.hpp>
#include <calc_ipc/fifo.hpp>
#include <calc_ipc/handler.hpp>
#include <calc_ipc/loan.hpp>
#include <calc_ipc/named_pipe.hpp>
#include <calc_ipc/peer.hpp>
#include <calc_ipc/pipe.hpp>
#include <calc_ipc/protocol.hpp>
#include <calc_ipc/reply.hpp>
#include <calc_ipc/result.hpp>
#include <calc_ipc/seqpacket.hpp>
#include <calc_ipc/service.hpp>
#include <calc_ipc/shm.hpp>
#include <calc_ipc/tcp.hpp>
#include <calc_ipc/uds.hpp>
#include <calc_ipc/url.hpp>

#endif
