// load HOST:PORT unary|stream|batch CLIENTS SECONDS [CALLS]: asks without end, for so long, or until CALLS are
// answered; compares every answer, and prints answers a second and the median of a round trip in microseconds. Each
// client has a channel of its own.
#include "calculation.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace calc_ipc::v1;
using Clock = std::chrono::steady_clock;

constexpr int TOGETHER = 64;

struct Load {
    std::string address;
    std::string kind;
    Clock::time_point end;
    long most;
    std::atomic<long> answered{0};
    std::mutex lock;
    std::vector<double> microseconds;

    bool goesOn() const { return Clock::now() < end && answered < most; }
};

[[noreturn]] void fail(const std::string &what) {
    std::fprintf(stderr, "FAILED: %s\n", what.c_str());
    std::_Exit(1);
}

void require(const grpc::Status &status) {
    if (!status.ok()) {
        fail(std::to_string(status.error_code()) + " " + status.error_message());
    }
}

void compare(const ExecuteRequest &request, const ExecuteResponse &response) {
    if (!interop::same(response, interop::calculate(request))) {
        fail(request.ShortDebugString() + ": " + response.ShortDebugString());
    }
}

class Client {
  public:
    Client(Load &load, std::int64_t first) : load_(load), next_(first) {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        const auto credentials = grpc::InsecureChannelCredentials();
        channel_ = grpc::CreateCustomChannel(load.address, credentials, arguments);
        if (!channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30))) {
            fail("no connection to " + load.address);
        }
        stub_ = Calculator::NewStub(channel_);
    }

    void run() {
        if (load_.kind == "stream") {
            stream();
        } else {
            while (load_.goesOn()) {
                timed(load_.kind == "batch" ? TOGETHER : 1, [&] { load_.kind == "batch" ? batch() : one(); });
            }
        }
        const std::lock_guard<std::mutex> guard(load_.lock);
        load_.microseconds.insert(load_.microseconds.end(), times_.begin(), times_.end());
    }

  private:
    template <class F> void timed(int calls, F ask) {
        const auto began = Clock::now();
        ask();
        times_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
        load_.answered += calls;
    }

    ExecuteRequest request() {
        ExecuteRequest request;
        request.set_operation(OPERATION_ADD);
        request.set_arg1(next_++);
        request.set_arg2(-7);
        return request;
    }

    void one() {
        grpc::ClientContext context;
        const auto asked = request();
        ExecuteResponse response;
        require(stub_->Execute(&context, asked, &response));
        compare(asked, response);
    }

    void batch() {
        grpc::ClientContext context;
        ExecuteBatchRequest asked;
        for (int i = 0; i < TOGETHER; ++i) {
            *asked.add_requests() = request();
        }
        ExecuteBatchResponse responses;
        require(stub_->ExecuteBatch(&context, asked, &responses));
        if (responses.responses_size() != TOGETHER) {
            fail("a batch is not answered to its end");
        }
        for (int i = 0; i < TOGETHER; ++i) {
            compare(asked.requests(i), responses.responses(i));
        }
    }

    void stream() {
        grpc::ClientContext context;
        auto calls = stub_->ExecuteStream(&context);
        while (load_.goesOn()) {
            timed(TOGETHER, [&] { together(*calls); });
        }
        calls->WritesDone();
        require(calls->Finish());
    }

    void together(grpc::ClientReaderWriter<ExecuteRequest, ExecuteResponse> &calls) {
        std::vector<ExecuteRequest> asked(TOGETHER);
        for (int i = 0; i < TOGETHER; ++i) {
            grpc::WriteOptions options;
            if (i + 1 < TOGETHER) {
                options.set_buffer_hint();
            }
            asked[static_cast<std::size_t>(i)] = request();
            calls.Write(asked[static_cast<std::size_t>(i)], options);
        }
        for (const auto &request : asked) {
            ExecuteResponse response;
            if (!calls.Read(&response)) {
                fail("a stream ends early");
            }
            compare(request, response);
        }
    }

    Load &load_;
    std::int64_t next_;
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<Calculator::Stub> stub_;
    std::vector<double> times_;
};

} // namespace

int main(int argc, char **argv) {
    if (argc < 5) {
        fail("load HOST:PORT unary|stream|batch CLIENTS SECONDS [CALLS]");
    }
    Load load;
    load.address = argv[1];
    load.kind = argv[2];
    const long count = std::strtol(argv[3], nullptr, 10);
    load.most = argc > 5 ? std::strtol(argv[5], nullptr, 10) : 1L << 60;
    std::vector<std::unique_ptr<Client>> clients;
    for (long i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<Client>(load, i << 32));
    }
    const auto began = Clock::now();
    const std::chrono::duration<double> length(std::strtod(argv[4], nullptr));
    load.end = began + std::chrono::duration_cast<Clock::duration>(length);
    std::vector<std::thread> threads;
    for (auto &client : clients) {
        threads.emplace_back([&client] { client->run(); });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    auto &times = load.microseconds;
    if (times.empty()) {
        fail("no time for a single call");
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    std::printf("%ld %.0f %.1f\n", load.answered.load(), static_cast<double>(load.answered) / took.count(), *middle);
}
