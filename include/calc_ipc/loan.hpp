/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Large messages without copies: memory that a client lends, where the transport reads it.
#ifndef CALC_IPC_LOAN_HPP
#define CALC_IPC_LOAN_HPP

#include <calc_ipc/bytes.hpp>
#include <calc_ipc/flight.hpp>
#include <calc_ipc/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace calc_ipc {

class Client;

/// Memory for a message, with one connection of the client's, both given back when it is destroyed.
///
///     auto loan = client.loan(sizeof(Frame)).value();
///     capture(*loan.as<Frame>());                      // right where the server reads it
///     if (const auto answer = loan.call()) {           // any number of times
///         use(*answer);                                // there until the next call, or the end of the loan
///     }
///
/// Over shared memory a client with `server_uid` CALC_IPC_SERVER_UID_OWN reads large answers where the server wrote
/// them; elsewhere everything is the same, only slower. The rules are those of calc_ipc_client_loan(). A client that is
/// destroyed takes the memory with it: then the loan may be destroyed, and its calls are empty.
class Loan final {
  public:
    /// The time limit of a call: at least a millisecond, or none, which is `call_timeout_ms` of the options.
    using Limit = std::optional<std::chrono::milliseconds>;

    /// What was moved from lends nothing.
    Loan(Loan &&other) noexcept
        : client_(std::move(other.client_)), data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}

    /// The same; what was lent before is given back.
    Loan &operator=(Loan &&other) noexcept {
        if (this != &other) {
            giveBack();
            client_ = std::move(other.client_);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }

    /// Gives the memory back.
    ~Loan() { giveBack(); }

    std::uint8_t *data() const noexcept { return data_; } ///< Where the message goes: at a multiple of 64.
    std::size_t size() const noexcept { return size_; }   ///< How many bytes were asked for.

    /// The start of the memory as a T, which has to be trivially copyable; NULL if it is too short for one.
    template <class T> T *as() const noexcept { return BytesRoom(data_, size_).as<T>(); }

    /// Sends all of it, and gives the answer, where it lies: it is there until the next call, or the end of the loan.
    ///
    /// After TIMED_OUT, CLOSED, PEER_DIED or CANCELLED, unless `notExecuted()`, the loan is spent: its calls are empty,
    /// with INVALID_ARGUMENT, and nothing is to be written to it.
    Result<BytesView> call(Limit limit = std::nullopt) noexcept { return call(size_, limit); }

    /// Sends its first `length` bytes.
    Result<BytesView> call(std::size_t length, Limit limit = std::nullopt) noexcept {
        const calc_ipc_client *client = client_ != nullptr ? client_->client() : nullptr;
        const std::uint8_t *answer = nullptr;
        std::size_t size = 0;
        const calc_ipc_status failure =
            calc_ipc_client_call_loaned(client, detail::timeoutOf(limit), data_, length, &answer, &size);
        return failure == CALC_IPC_STATUS_OK ? Result<BytesView>(BytesView(answer, size))
                                             : Result<BytesView>(detail::Outcome::ofLastCall(failure));
    }

  private:
    friend class Client;

    Loan(std::shared_ptr<detail::Flight> client, std::uint8_t *data, std::size_t size) noexcept
        : client_(std::move(client)), data_(data), size_(size) {}

    void giveBack() noexcept {
        if (client_ != nullptr) {
            calc_ipc_client_give_back(client_->client(), data_);
        }
    }

    std::shared_ptr<detail::Flight> client_;
    std::uint8_t *data_;
    std::size_t size_;
};

} // namespace calc_ipc

#endif
