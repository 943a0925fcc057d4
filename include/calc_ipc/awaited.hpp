/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Coroutines of C++20 that wait for calls. Before C++20 there is nothing here.
#ifndef CALC_IPC_AWAITED_HPP
#define CALC_IPC_AWAITED_HPP

#include <calc_ipc/flight.hpp>

#if defined(__cpp_impl_coroutine)
/// Defined where Client has `awaitCall` and `awaitBytes`.
#define CALC_IPC_COROUTINES 1

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

/// @cond INTERNAL
namespace calc_ipc::detail {

/// What a coroutine awaits: a call that `Send` submits then. It lies in the coroutine's frame, and stays where it is.
template <class Value, class Send> class [[nodiscard]] Awaited {
  public:
    Awaited(std::shared_ptr<Flight> flight, Send send) noexcept : flight_(std::move(flight)), send_(std::move(send)) {}
    Awaited(const Awaited &) = delete;
    Awaited &operator=(const Awaited &) = delete;

    /// The coroutine may be destroyed while it waits.
    ~Awaited() {
        if (waiter_ != nullptr) {
            waiter_->forget();
            (void)flight_->cancel(waiter_->id());
        }
    }

    bool await_ready() const noexcept { return false; }

    /// Whether the coroutine waits. Then nothing here is touched again: another thread may have resumed it.
    bool await_suspend(std::coroutine_handle<> coroutine) noexcept {
        coroutine_ = coroutine;
        const auto wait = [this] {
            auto waiter = std::make_unique<Resumed>(*this);
            waiter_ = waiter.get();
            return waiter;
        };
        const auto flight = flight_;
        auto sent = submitted(flight, wait, send_);
        if (!sent) {
            result_.emplace(Outcome(std::move(sent)));
            return false;
        }
        return true;
    }

    Result<Value> await_resume() noexcept { return *std::move(result_); }

  private:
    class Resumed final : public Waiter {
      public:
        explicit Resumed(Awaited &awaited) noexcept : awaited_(&awaited) {}
        Resumed(const Resumed &) = delete;
        Resumed &operator=(const Resumed &) = delete;

        /// Not told: the call could not be submitted, or this is a forked child.
        ~Resumed() override {
            if (awaited_ != nullptr) {
                awaited_->waiter_ = nullptr;
            }
        }

        void complete(Outcome outcome, BytesView answer) override {
            if (Awaited *awaited = std::exchange(awaited_, nullptr)) {
                awaited->waiter_ = nullptr;
                awaited->result_.emplace(ended<Value>(std::move(outcome), answer));
                awaited->coroutine_.resume();
            }
        }

        void forget() noexcept { awaited_ = nullptr; }

      private:
        Awaited *awaited_;
    };

    std::shared_ptr<Flight> flight_;
    Send send_;
    std::coroutine_handle<> coroutine_;
    Resumed *waiter_ = nullptr;
    std::optional<Result<Value>> result_;
};

/// A call that is submitted once it is awaited.
template <class Value, class Send> Awaited<Value, Send> awaited(std::shared_ptr<Flight> flight, Send send) noexcept {
    return {std::move(flight), std::move(send)};
}

} // namespace calc_ipc::detail
/// @endcond
#endif

#endif
