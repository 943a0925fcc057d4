// A thread that is cancelled inside the library, or before it, finishes what it does there, and ends behind it.
#include "reverse.h"
#include "urls.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <pthread.h>

namespace {

using namespace calc_ipc;

class Cancel : public UrlTest {
  public:
    /// Destroyed after the server, whose handler uses them.
    support::Gate entered;
    support::Gate mayAnswer;
};
INSTANTIATE_TEST_SUITE_P(Schemes, Cancel, schemes(), schemeOf);

Handler gated(support::Gate &entered, support::Gate &mayAnswer) {
    return [&](const Request &request) {
        if (request.arg1 == 7) {
            entered.open();
            mayAnswer.pass();
        }
        return execute(request);
    };
}

/// What a thread does that is going to be cancelled.
struct Work {
    Client *client = nullptr;
    Server *server = nullptr;
    calc_ipc_client *asked = nullptr;
    calc_ipc_server *served = nullptr;
    std::atomic<bool> isBehind{false};
    std::int64_t answer = 0;
    /// Not the thread's own: AddressSanitizer would take what an unwound frame had around it for there still.
    calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 7, 1};
    calc_ipc_response response = {};
};

void *callOnce(void *argument) {
    auto &work = *static_cast<Work *>(argument);
    const auto response = work.client->call({Operation::ADD, 7, 1});
    work.answer = response ? response->result : -1;
    work.isBehind = true;
    pthread_testcancel(); // A point of the host's own.
    return nullptr;
}

void *serveOnce(void *argument) {
    auto &work = *static_cast<Work *>(argument);
    work.server->run();
    work.isBehind = true;
    pthread_testcancel();
    return nullptr;
}

void *ended(pthread_t thread) {
    void *result = nullptr;
    EXPECT_EQ(pthread_join(thread, &result), 0);
    return result;
}

TEST_P(Cancel, ACallIsFinishedFirst) {
    serve(gated(entered, mayAnswer));
    Client asking = client();
    Work work;
    work.client = &asking;
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, nullptr, callOnce, &work), 0);
    entered.pass();
    ASSERT_EQ(pthread_cancel(thread), 0);
    mayAnswer.open();
    EXPECT_EQ(ended(thread), PTHREAD_CANCELED);
    EXPECT_TRUE(work.isBehind);
    EXPECT_EQ(work.answer, 8);
    // The client is not left in the middle of anything.
    EXPECT_EQ(asking.call({Operation::ADD, 1, 2})->result, 3);
}

TEST_P(Cancel, AServerIsServedOnUntilItStops) {
    Server made(url(), gated(entered, mayAnswer));
    Work work;
    work.server = &made;
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, nullptr, serveOnce, &work), 0);
    Client asking(made.url());
    EXPECT_EQ(asking.call({Operation::ADD, 1, 2})->result, 3); // It serves.
    ASSERT_EQ(pthread_cancel(thread), 0);
    for (std::int64_t number = 10; number < 30; number++) {
        EXPECT_EQ(asking.call({Operation::ADD, number, 2})->result, number + 2);
    }
    EXPECT_FALSE(work.isBehind);
    EXPECT_EQ(made.stop(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(ended(thread), PTHREAD_CANCELED);
    EXPECT_TRUE(work.isBehind);
}

/// The same in a thread that may be cancelled at any instruction, through C alone: C++'s functions let nothing unwind
/// them.
void *callAsynchronously(void *argument) {
    auto &work = *static_cast<Work *>(argument);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    calc_ipc_client_call(work.asked, &work.request, &work.response);
    work.isBehind = true;
    return nullptr;
}

void *serveAsynchronously(void *argument) {
    auto &work = *static_cast<Work *>(argument);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    calc_ipc_server_run(work.served);
    work.isBehind = true;
    return nullptr;
}

void addThem(const calc_ipc_request *request, calc_ipc_response *response, void * /*unused*/) {
    response->success = true;
    response->result = request->arg1 + request->arg2;
}

TEST_P(Cancel, ACallIsFinishedFirstIfAnyInstructionWillDo) {
    serve(gated(entered, mayAnswer));
    Work work;
    ASSERT_EQ(calc_ipc_client_create(server->url().c_str(), nullptr, &work.asked), CALC_IPC_STATUS_OK);
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, nullptr, callAsynchronously, &work), 0);
    entered.pass();
    ASSERT_EQ(pthread_cancel(thread), 0);
    mayAnswer.open();
    ended(thread); // With NULL, where glibc 2.36 acts on cancellation's being turned on again.
    EXPECT_EQ(work.response.result, 8);
    EXPECT_FALSE(work.isBehind); // The call's last instruction was the thread's.
    // The client is not left in the middle of anything.
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1, 2};
    EXPECT_EQ(calc_ipc_client_call(work.asked, &request, &work.response), CALC_IPC_STATUS_OK) << calc_ipc_last_error();
    EXPECT_EQ(work.response.result, 3);
    calc_ipc_client_destroy(work.asked);
}

TEST_P(Cancel, AServerIsServedOnIfAnyInstructionWillDo) {
    Work work;
    ASSERT_EQ(calc_ipc_server_create(url().c_str(), addThem, nullptr, nullptr, &work.served), CALC_IPC_STATUS_OK);
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, nullptr, serveAsynchronously, &work), 0);
    Client asking(calc_ipc_server_url(work.served));
    EXPECT_EQ(asking.call({Operation::ADD, 1, 2})->result, 3); // It serves.
    ASSERT_EQ(pthread_cancel(thread), 0);
    EXPECT_EQ(asking.call({Operation::ADD, 3, 4})->result, 7);
    EXPECT_EQ(calc_ipc_server_stop(work.served), CALC_IPC_STATUS_OK);
    ended(thread);
    EXPECT_FALSE(work.isBehind);
    calc_ipc_server_destroy(work.served);
}

/// What is to be done by a thread that is cancelled already, which any point of cancellation would end at once.
struct Errand {
    std::function<void()> body;
    bool isDone = false;
};

void *runCancelled(void *argument) {
    auto &errand = *static_cast<Errand *>(argument);
    pthread_cancel(pthread_self());
    errand.body();
    errand.isDone = true;
    pthread_testcancel();
    return nullptr;
}

void cancelled(const std::function<void()> &body) {
    Errand errand{body};
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, nullptr, runCancelled, &errand), 0);
    EXPECT_EQ(ended(thread), PTHREAD_CANCELED);
    EXPECT_TRUE(errand.isDone);
}

class Cancelled : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Schemes, Cancelled, allSchemes(), schemeOf);

TEST_P(Cancelled, AThreadMakesCallsOfEachKind) {
    serve(execute);
    cancelled([&] {
        Client asking = client({}, PIPE_SERVER);
        for (std::int64_t number = 0; number < 100; number++) {
            EXPECT_EQ(resultOf(asking, {Operation::ADD, number, 1}), number + 1);
        }
        EXPECT_FALSE(asking.call({Operation::DIV, 1, 0})->success);
        const std::vector<Request> many(10000, {Operation::MUL, 6, 7});
        EXPECT_EQ(asking.callMany(many).size(), many.size());
    });
}

TEST_P(Cancelled, AThreadSendsMessagesOfAnySize) {
    serveBytes(reverse, withLimit<ServerOptions>(REVERSE_LIMIT));
    cancelled([&] {
        Client asking = client(withLimit<ClientOptions>(REVERSE_LIMIT), REVERSE_SERVER);
        for (const std::size_t size : {0U, 56U, 57U, 65537U, 1U << 20, REVERSE_LIMIT}) {
            EXPECT_EQ(asking.callBytes(std::string(size, 'x'))->size(), size);
        }
        EXPECT_FALSE(asking.callBytes(std::string(REVERSE_LIMIT + 1, 'x')));
    });
}

TEST_P(Cancelled, AThreadIsToldThatItsServerHasGone) {
    serve(execute);
    cancelled([&] {
        Client asking = client({}, "/bin/true");
        if (server) {
            EXPECT_EQ(resultOf(asking, add(1, 2)), 3);
            server.reset();
        }
        EXPECT_FALSE(asking.call(add(1, 2)));
        EXPECT_FALSE(asking.call(add(1, 2)));
    });
}

TEST_P(Cancel, AThreadWaitsNoLongerThanItWants) {
    serve(gated(entered, mayAnswer));
    ClientOptions options;
    options.call_timeout_ms = 1;
    cancelled([&] {
        Client asking = client(options);
        // Both are held: had the first not reached the server in time, another one could be answered.
        EXPECT_FALSE(asking.call({Operation::ADD, 7, 1}));
        EXPECT_FALSE(asking.call({Operation::ADD, 7, 1}));
    });
    mayAnswer.open();
}

TEST_P(Cancel, AThreadMakesAndEndsServers) {
    cancelled([&] {
        Server made(url(), execute);
        made.startInBackground();
        Client asking(made.url());
        EXPECT_EQ(resultOf(asking, add(1, 2)), 3);
        EXPECT_EQ(made.stop(), CALC_IPC_STATUS_OK);
    });
}

} // namespace
