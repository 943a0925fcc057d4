// Result: used as std::optional is, and says what its own call came to, whatever other calls and threads do.
#include "transport_test.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace calc_ipc;
using support::Gate;

namespace {

using Number = Result<std::size_t>;

// What a std::optional is, a result is, too; nothing else converts to or from one.
static_assert(std::is_convertible_v<Result<Response>, std::optional<Response>>);
static_assert(std::is_convertible_v<const Result<Response> &, std::optional<Response>>);
static_assert(std::is_constructible_v<bool, Number> && !std::is_convertible_v<Number, bool>);
static_assert(!std::is_constructible_v<Number, Result<Response>> && !std::is_constructible_v<Result<bool>, Number>);
static_assert(std::is_nothrow_move_constructible_v<Result<Response>> && std::is_copy_assignable_v<Result<Response>>);
static_assert(std::is_same_v<decltype(std::declval<FIFOClient>().call({})), Result<Response>>);
static_assert(std::is_same_v<decltype(std::declval<ShmClient>().call({})), Result<Response>>);
static_assert(std::is_same_v<decltype(std::declval<UDSClient>().call({})), Result<Response>>);
static_assert(std::is_same_v<decltype(std::declval<TCPClient>().call({})), Result<Response>>);
static_assert(std::is_same_v<decltype(std::declval<Client>().call({})), Result<Response>>);
static_assert(std::is_same_v<decltype(std::declval<PipeChannel>().call({})), Result<Response>>);
static_assert(noexcept(std::declval<Client>().call({})) &&noexcept(std::declval<Client>().callBytes("")));

Number failure(bool not_executed = false) { return {Error(CALC_IPC_STATUS_CLOSED, "on purpose"), not_executed}; }

TEST(Results, AreUsedAsAnOptionalIs) {
    Number five(std::size_t{5});
    ASSERT_TRUE(five);
    EXPECT_TRUE(five.has_value());
    EXPECT_EQ(*five, 5U);
    EXPECT_EQ(five.value(), 5U);
    EXPECT_EQ(five.value_or(7), 5U);
    *five = 6;
    EXPECT_EQ(std::as_const(five).value(), 6U);
    const std::optional<std::size_t> copied = five;
    EXPECT_EQ(copied, std::optional<std::size_t>(6));

    const Number none = failure();
    EXPECT_FALSE(none);
    EXPECT_TRUE(!none);
    EXPECT_EQ(none.value_or(7), 7U);
    const std::optional<std::size_t> empty = none;
    EXPECT_EQ(empty, std::nullopt);
}

TEST(Results, CompareAsAnOptionalDoes) {
    const Number five(std::size_t{5});
    const Number none = failure();
    EXPECT_TRUE(five == five && !(five != five) && none == none && five != none && !(none == five));
    EXPECT_TRUE(five == 5U && 5U == five && five != 6U && 6U != five && none != 5U && !(5U == none));
    EXPECT_TRUE(none == std::nullopt && std::nullopt == none && five != std::nullopt && std::nullopt != five);
    const std::optional<std::size_t> same = 5U;
    EXPECT_TRUE(five == same && same == five && none != same && same != none);
    EXPECT_TRUE(none == std::optional<std::size_t>() && five != std::optional<std::size_t>());
}

TEST(Results, GiveTheirValueAway) {
    auto makes = [] { return Result<std::string>(std::string("a text that no small string holds")); };
    const std::string text = makes().value();
    EXPECT_EQ(text, *makes());
    EXPECT_EQ(text, makes().value_or("another"));
    EXPECT_EQ(makes()->size(), text.size());
    const std::optional<std::string> optional = makes();
    EXPECT_EQ(optional, text);
}

TEST(Results, SayWhyThereIsNone) {
    const Number none = failure(true);
    EXPECT_EQ(none.status(), CALC_IPC_STATUS_CLOSED);
    EXPECT_NE(none.message().find("on purpose"), std::string::npos);
    EXPECT_TRUE(none.notExecuted());
    EXPECT_FALSE(failure(false).notExecuted());
    const Number copy = none;
    EXPECT_EQ(copy.message(), none.message());
    EXPECT_TRUE(copy.notExecuted());

    const Number five(std::size_t{5});
    EXPECT_EQ(five.status(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(five.message(), "");
    EXPECT_FALSE(five.notExecuted());
}

TEST(Results, ThrowWhereTheyAreEmpty) {
    EXPECT_EQ(thrownBy([] { (void)failure().value(); }), CALC_IPC_STATUS_CLOSED);
    Number none = failure();
    EXPECT_EQ(thrownBy([&] { (void)none.value(); }), CALC_IPC_STATUS_CLOSED);
    Server server("tcp://127.0.0.1:0");
    Client moved(server.url());
    const Client taken = std::move(moved);
    const auto nobody = moved.call({});
    try {
        (void)nobody.value();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error &error) {
        // The text of the failure, whose kind std::system_error puts at its end.
        EXPECT_EQ(nobody.message(), "invalid argument: the handle is NULL");
        EXPECT_STREQ(error.what(), "the handle is NULL: invalid argument");
    }
}

class ResultsOver : public UrlTest {
  protected:
    Gate entered;
    Gate leave;
};
INSTANTIATE_TEST_SUITE_P(Results, ResultsOver, schemes(), schemeOf);

TEST_P(ResultsOver, HoldWhatTheirCallCameTo) {
    serve([this](const Request &request) {
        entered.open();
        leave.pass();
        return execute(request);
    });
    auto client = this->client();
    std::optional<Result<Response>> sum;
    std::thread first([&] { sum = client.call(add(1, 2)); });
    entered.pass();
    const auto busy = client.call(add(3, 4));
    const auto busy_bytes = client.callBytes("message");
    const auto busy_many = client.callMany({add(1, 1), add(2, 2)});
    leave.open();
    first.join();
    leave.open();
    const auto last = client.call(add(5, 6));

    // Later calls, of other threads too, have changed nothing.
    ASSERT_TRUE(*sum) << sum->message();
    EXPECT_EQ((*sum)->result, 3);
    EXPECT_EQ(sum->status(), CALC_IPC_STATUS_OK);
    EXPECT_FALSE(busy);
    EXPECT_EQ(busy.status(), CALC_IPC_STATUS_BUSY);
    EXPECT_NE(busy.message().find(calc_ipc_status_message(CALC_IPC_STATUS_BUSY)), std::string::npos);
    EXPECT_EQ(busy_bytes.status(), CALC_IPC_STATUS_BUSY);
    EXPECT_EQ(busy_many.status(), CALC_IPC_STATUS_BUSY);
    EXPECT_TRUE(busy.notExecuted() && busy_bytes.notExecuted() && busy_many.notExecuted());
    EXPECT_EQ(last.value().result, 11);
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_OK);
}

TEST_P(ResultsOver, OfThreadsThatShareAClientAreTheirOwn) {
    serve();
    auto client = this->client();
    std::atomic<bool> is_over{false};
    std::atomic<int> wrong{0};
    const auto check = [&](std::int64_t i) {
        const auto response = client.call(add(i, 1));
        const bool is_right = response ? response->result == i + 1 && response.status() == CALC_IPC_STATUS_OK
                                       : response.status() == CALC_IPC_STATUS_BUSY && response.notExecuted();
        if (!is_right) {
            ++wrong;
        }
    };
    std::thread other([&] {
        for (std::int64_t i = 0; !is_over; ++i) {
            check(i);
        }
    });
    for (std::int64_t i = 0; i < 20000; ++i) {
        check(-i);
    }
    is_over = true;
    other.join();
    EXPECT_EQ(wrong, 0);
}

TEST_P(ResultsOver, OfManyAreAVectorThatSaysWhyItIsShort) {
    serve();
    auto client = this->client();
    const std::vector<Response> two = client.callMany({add(1, 2), add(3, 4)});
    EXPECT_EQ(two.size(), 2U);
    const auto all = client.callMany({add(1, 2), add(3, 4)});
    EXPECT_TRUE(all);
    EXPECT_EQ(all.message(), "");
    server->stop();
    (void)client.call({});
    const auto none = client.callMany({add(1, 2)});
    EXPECT_FALSE(none);
    EXPECT_TRUE(none.empty());
    EXPECT_TRUE(isLoss(none.status())) << none.message();
    EXPECT_TRUE(none.notExecuted());
    EXPECT_NE(none.message(), "");
}

} // namespace
