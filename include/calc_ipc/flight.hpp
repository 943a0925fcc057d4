/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Who waits for calls that were submitted, and how they hear.
#ifndef CALC_IPC_FLIGHT_HPP
#define CALC_IPC_FLIGHT_HPP

#include <calc_ipc/bytes.hpp>
#include <calc_ipc/service.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

/// @cond INTERNAL
namespace calc_ipc::detail {

class Waiter;

/// Waiters, each in a node of its own, so that they move from list to list without memory.
using Waiters = std::list<std::unique_ptr<Waiter>>;

/// Who waits for one call.
class Waiter {
  public:
    Waiter() = default;
    Waiter(const Waiter &) = delete;
    Waiter &operator=(const Waiter &) = delete;
    virtual ~Waiter() = default;

    /// Hears once how the call ended. The bytes of `answer`, which there are after a success, end with this.
    virtual void complete(Outcome outcome, BytesView answer) = 0;

    /// The number of the call.
    std::uint64_t id() const noexcept { return id_; }

  private:
    friend class Flight;
    Waiters::iterator place_;
    std::uint64_t id_ = 0;
};

/// What a call that was submitted came to.
template <class Value> Result<Value> ended(Outcome outcome, BytesView answer) noexcept;

template <> inline Result<BytesView> ended<BytesView>(Outcome outcome, BytesView answer) noexcept {
    return outcome.status() == CALC_IPC_STATUS_OK ? Result<BytesView>(answer) : Result<BytesView>(std::move(outcome));
}

template <>
inline Result<std::vector<std::uint8_t>> ended<std::vector<std::uint8_t>>(Outcome outcome, BytesView answer) noexcept {
    using Bytes = Result<std::vector<std::uint8_t>>;
    if (outcome.status() != CALC_IPC_STATUS_OK) {
        return Bytes(std::move(outcome));
    }
    return unlessThrown([&] { return Bytes(std::vector<std::uint8_t>(answer.begin(), answer.end())); },
                        [](const char *) { return Bytes(withoutMemory(false)); });
}

template <> inline Result<Response> ended<Response>(Outcome outcome, BytesView answer) noexcept {
    if (outcome.status() != CALC_IPC_STATUS_OK) {
        return Result<Response>(std::move(outcome));
    }
    calc_ipc_response out;
    if (const calc_ipc_status failure = calc_ipc_response_parse(answer.data(), answer.size(), &out)) {
        return Result<Response>(Outcome(failure, calc_ipc_last_error(), false)); // it was answered
    }
    return unlessThrown([&] { return Result<Response>(fromC(out)); },
                        [](const char *) { return Result<Response>(withoutMemory(false)); });
}

/// A time limit as calc_ipc.h has it; what is longer than it counts to, 49 days, is none.
inline std::uint32_t timeoutOf(std::chrono::milliseconds timeout) noexcept {
    if (timeout <= std::chrono::milliseconds::zero()) {
        return 0;
    }
    return timeout.count() < CALC_IPC_TIMEOUT_DEFAULT ? static_cast<std::uint32_t>(timeout.count())
                                                      : CALC_IPC_TIMEOUT_NONE;
}

/// That of one call, or that of the client's options.
inline std::uint32_t timeoutOf(std::optional<std::chrono::milliseconds> timeout) noexcept {
    return timeout ? timeoutOf(*timeout) : CALC_IPC_TIMEOUT_DEFAULT;
}

/// Calls a function when its call ends, if there is one.
template <class Value> class Called final : public Waiter {
  public:
    explicit Called(Callable<void(Result<Value>)> then) noexcept : then_(std::move(then)) {}

    void complete(Outcome outcome, BytesView answer) override {
        if (then_) {
            then_(ended<Value>(std::move(outcome), answer));
        }
    }

  private:
    Callable<void(Result<Value>)> then_;
};

/// The calls of a client that were submitted. It is the client's, and outlives it where a callback destroys that.
class Flight : public std::enable_shared_from_this<Flight> {
  public:
    explicit Flight(const calc_ipc_client *client) noexcept : client_(client) {}
    Flight(const Flight &) = delete;
    Flight &operator=(const Flight &) = delete;
    ~Flight() = default;

    /// Submits a call by `send`, a function of calc_ipc.h but for the client, the tag and the id. `waiter` hears how it
    /// ends, from another thread perhaps before this returns, unless this gives no number.
    template <class Send> Result<std::uint64_t> submit(std::unique_ptr<Waiter> waiter, Send send) {
        Waiters one;
        one.push_back(std::move(waiter));
        Waiter &listed = *one.front();
        listed.place_ = one.begin();
        // Held, so that who takes the completion finds the waiter listed, and its number there.
        std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
        if (!lock.owns_lock() && !isForked()) {
            lock.lock();
        }
        if (client_ == nullptr) {
            return Result<std::uint64_t>(cancelled(true));
        }
        if (const calc_ipc_status failure = send(client_, reinterpret_cast<std::uintptr_t>(&listed), &listed.id_)) {
            return Result<std::uint64_t>(Outcome::ofLastCall(failure));
        }
        waiting_.splice(waiting_.end(), one);
        return listed.id_;
    }

    /// The client; NULL once it is being destroyed.
    const calc_ipc_client *client() const noexcept { return client_; }

    /// Ends a call, which its waiter hears in `dispatch`.
    calc_ipc_status cancel(std::uint64_t id) const noexcept { return calc_ipc_client_cancel(client_, id); }

    /// Waits for a call to end, and tells the waiters of those that have, as many as one connection holds.
    calc_ipc_status dispatch(std::uint32_t timeout) {
        const auto kept = shared_from_this();
        Room room;
        const calc_ipc_status first = tellOne(timeout, room);
        bool is_more = first == CALC_IPC_STATUS_OK;
        for (unsigned told = 1; is_more && told < CALC_IPC_IN_FLIGHT_MAX; ++told) {
            is_more = tellOne(0, room) == CALC_IPC_STATUS_OK; // it is not where a callback has destroyed the client
        }
        return first;
    }

    /// Tells all waiters that their calls are cancelled, before the client is destroyed. Nobody can be told what one
    /// throws. A forked child tells nobody: the calls are its parent's.
    void close() noexcept {
        const bool is_forked = !waiting_.empty() && isForked();
        client_ = nullptr;
        for (Waiters left = std::move(waiting_); !left.empty() && !is_forked; left.pop_front()) {
            unlessThrown([&] { left.front()->complete(cancelled(false), {}); }, [](const char *) {});
        }
    }

  private:
    /// Room for answers, as long as they turn out to be.
    class Room {
      public:
        BytesRoom get() noexcept { return more_ ? BytesRoom(more_.get(), size_) : BytesRoom(first_); }

        void grow(std::size_t size) {
            more_.reset(new std::uint8_t[size]); // not a vector, which would write zeros over all of it
            size_ = size;
        }

      private:
        alignas(CALC_IPC_ALIGNMENT) std::uint8_t first_[4096];
        std::unique_ptr<std::uint8_t[]> more_;
        std::size_t size_ = 0;
    };

    static Outcome cancelled(bool not_executed) noexcept {
        return {CALC_IPC_STATUS_CANCELLED, "cancelled: the client was destroyed", not_executed};
    }

    /// Whether this is a forked child, in which a lock may be held by a thread that only its parent has.
    bool isForked() const noexcept { return calc_ipc_client_cancel(client_, 0) == CALC_IPC_STATUS_FORKED; }

    /// Takes one completion, and tells its waiter.
    calc_ipc_status tellOne(std::uint32_t timeout, Room &room) {
        calc_ipc_completion done{};
        done.size = sizeof done;
        calc_ipc_status status = CALC_IPC_STATUS_OK;
        const auto next = [&] {
            const BytesRoom bytes = room.get();
            return status = calc_ipc_client_next(client_, timeout, bytes.data(), bytes.size(), &done);
        };
        while (next() == CALC_IPC_STATUS_BUFFER_TOO_SMALL) {
            room.grow(static_cast<std::size_t>(done.length)); // and the next one may be another, longer one
        }
        if (status == CALC_IPC_STATUS_OK) {
            Outcome outcome;
            if (done.status != CALC_IPC_STATUS_OK) {
                const bool not_executed = (done.flags & CALC_IPC_COMPLETION_NOT_EXECUTED) != 0;
                outcome = Outcome(done.status, calc_ipc_last_error(), not_executed);
            }
            const Waiters one = taken(done.tag);
            one.front()->complete(std::move(outcome), {room.get().data(), static_cast<std::size_t>(done.length)});
        }
        return status;
    }

    /// The waiter of a call that has ended.
    Waiters taken(std::uint64_t tag) {
        Waiters one;
        const std::lock_guard<std::mutex> lock(mutex_);
        one.splice(one.begin(), waiting_, reinterpret_cast<Waiter *>(static_cast<std::uintptr_t>(tag))->place_);
        return one;
    }

    std::mutex mutex_;
    Waiters waiting_;
    const calc_ipc_client *client_;
};

/// Submits a call by `send` of a client whose calls these are, if it was not moved from; `wait` makes who waits for it.
template <class Wait, class Send>
Result<std::uint64_t> submitted(const std::shared_ptr<Flight> &flight, Wait wait, const Send &send) noexcept {
    if (flight == nullptr) {
        return Result<std::uint64_t>(Outcome::ofLastCall(send(nullptr, 0, nullptr)));
    }
    return unlessThrown([&] { return flight->submit(wait(), send); },
                        [](const char *) { return Result<std::uint64_t>(withoutMemory(true)); });
}

/// The same, for a function to be called.
template <class Value, class Send>
Result<std::uint64_t> calling(const std::shared_ptr<Flight> &flight, Callable<void(Result<Value>)> then,
                              const Send &send) noexcept {
    return submitted(
        flight, [&] { return std::make_unique<Called<Value>>(std::move(then)); }, send);
}

/// The same, for a future.
template <class Value, class Send>
std::future<Result<Value>> promised(const std::shared_ptr<Flight> &flight, const Send &send) {
    std::promise<Result<Value>> promise;
    auto future = promise.get_future();
    auto keep = [promise = std::move(promise)](Result<Value> result) mutable { promise.set_value(std::move(result)); };
    if (auto sent = calling<Value>(flight, std::move(keep), send); !sent) {
        std::promise<Result<Value>> failed;
        failed.set_value(Result<Value>(Outcome(std::move(sent))));
        return failed.get_future();
    }
    return future;
}

/// How a request is submitted.
inline auto sending(const Request &request, std::uint32_t timeout) noexcept {
    return [in = toC(request), timeout](const calc_ipc_client *client, std::uint64_t tag, std::uint64_t *id) {
        return calc_ipc_client_submit_request(client, timeout, &in, tag, id);
    };
}

/// How a message is, which has to be there until then.
inline auto sending(BytesView message, std::uint32_t timeout) noexcept {
    return [message, timeout](const calc_ipc_client *client, std::uint64_t tag, std::uint64_t *id) {
        return calc_ipc_client_submit(client, timeout, message.data(), message.size(), tag, id);
    };
}

} // namespace calc_ipc::detail
/// @endcond

#endif
