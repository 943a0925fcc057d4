// interop HOST:PORT CALLS ROUTE_HOST:PORT: asks the gateway by every method, and compares each answer. The second
// gateway has a route to examples/c/bytes_server.c.
#include "calculation.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace calc_ipc::v1;
using grpc::Status;

// Ends the program, since nothing after a wrong answer is worth anything.
void require(bool holds, const std::string &what) {
    if (!holds) {
        std::fprintf(stderr, "FAILED: %s\n", what.c_str());
        std::exit(1);
    }
}

void require(const Status &status, const std::string &what) {
    require(status.ok(), what + ": " + std::to_string(status.error_code()) + " " + status.error_message());
}

class Requests {
  public:
    ExecuteRequest next() {
        ExecuteRequest request;
        request.set_operation(static_cast<Operation>(1 + random_() % 4));
        request.set_arg1(argument());
        request.set_arg2(argument());
        return request;
    }

    std::size_t upTo(std::size_t most) { return 1 + random_() % most; }

  private:
    std::int64_t argument() {
        constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
        constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
        constexpr std::int64_t extremes[] = {least, least + 1, -1, 0, 1, most - 1, most};
        const auto kind = random_() % 10;
        return kind < 7 ? extremes[kind] : static_cast<std::int64_t>(random_());
    }

    std::mt19937_64 random_{20240607};
};

void bound(grpc::ClientContext &context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    context.set_wait_for_ready(true);
}

void one(Calculator::Stub &stub, const ExecuteRequest &request) {
    grpc::ClientContext context;
    bound(context);
    ExecuteResponse response;
    require(stub.Execute(&context, request, &response), "Execute");
    require(interop::same(response, interop::calculate(request)),
            request.ShortDebugString() + ": " + response.ShortDebugString());
}

void batch(Calculator::Stub &stub, const std::vector<ExecuteRequest> &requests) {
    grpc::ClientContext context;
    bound(context);
    ExecuteBatchRequest all;
    for (const auto &request : requests) {
        *all.add_requests() = request;
    }
    ExecuteBatchResponse responses;
    require(stub.ExecuteBatch(&context, all, &responses), "ExecuteBatch");
    require(responses.responses_size() == all.requests_size(), "a batch is answered to its end");
    for (int i = 0; i < all.requests_size(); ++i) {
        require(interop::same(responses.responses(i), interop::calculate(all.requests(i))),
                all.requests(i).ShortDebugString());
    }
}

void stream(Calculator::Stub &stub, const std::vector<ExecuteRequest> &requests) {
    grpc::ClientContext context;
    bound(context);
    auto calls = stub.ExecuteStream(&context);
    std::thread writer([&] {
        for (const auto &request : requests) {
            calls->Write(request);
        }
        calls->WritesDone();
    });
    ExecuteResponse response;
    std::size_t count = 0;
    for (; calls->Read(&response); ++count) {
        require(count < requests.size() && interop::same(response, interop::calculate(requests[count])),
                "answer " + std::to_string(count) + " of a stream");
    }
    writer.join();
    require(calls->Finish(), "ExecuteStream");
    require(count == requests.size(), "a stream is answered to its end");
}

void calculator(const std::shared_ptr<grpc::Channel> &channel, std::size_t calls) {
    auto stub = Calculator::NewStub(channel);
    Requests requests;
    const auto some = [&](std::size_t most) {
        std::vector<ExecuteRequest> all(requests.upTo(most));
        for (auto &request : all) {
            request = requests.next();
        }
        return all;
    };
    batch(*stub, {});
    stream(*stub, {});
    batch(*stub, std::vector<ExecuteRequest>(4096, requests.next()));
    for (std::size_t asked = 0; asked < calls;) {
        const auto together = some(100);
        const auto after = some(1000);
        one(*stub, requests.next());
        batch(*stub, together);
        stream(*stub, after);
        asked += 1 + together.size() + after.size();
    }
    grpc::ClientContext context;
    ExecuteResponse response;
    const auto status = stub->Execute(&context, ExecuteRequest(), &response);
    require(status.error_code() == grpc::INVALID_ARGUMENT, "a request without an operation");
}

void bytes(const std::shared_ptr<grpc::Channel> &channel) {
    auto stub = Bytes::NewStub(channel);
    for (const std::size_t length : {0, 1, 1000, 60000}) {
        grpc::ClientContext context;
        bound(context);
        CallRequest request;
        request.set_body("echo" + std::string(length, '\0'));
        CallResponse response;
        require(stub->Call(&context, request, &response), "Call");
        require(response.body() == request.body(), "a body of " + std::to_string(length));
    }
}

// What a method without a stub answers: the bytes of its message are what the handler was given, and gave.
Status route(const std::shared_ptr<grpc::Channel> &channel, const std::string &message, std::string *answer) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    bound(context);
    grpc::CompletionQueue queue;
    const grpc::Slice slice(message);
    const grpc::ByteBuffer request(&slice, 1);
    auto call = stub.PrepareUnaryCall(&context, "/values.v1.Values/Ask", request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    Status status;
    int tag = 0;
    call->Finish(&response, &status, &tag);
    void *got = nullptr;
    bool ok = false;
    require(queue.Next(&got, &ok) && got == &tag, "the call ends");
    std::vector<grpc::Slice> slices;
    response.Dump(&slices);
    for (const auto &part : slices) {
        answer->append(reinterpret_cast<const char *>(part.begin()), part.size());
    }
    return status;
}

void values(const std::shared_ptr<grpc::Channel> &channel) {
    const std::string value("\0\xff\n value", 9);
    std::string answer;
    require(route(channel, "set cxx " + value, &answer), "set");
    require(answer == "ok", "set: " + answer);
    answer.clear();
    require(route(channel, "get cxx", &answer), "get");
    require(answer == value, "get: " + answer);
    const auto status = route(channel, "get nothing", &answer);
    require(status.error_code() == grpc::ABORTED, "what the handler does not know");
}

} // namespace

int main(int argc, char **argv) {
    require(argc == 4, "interop HOST:PORT CALLS ROUTE_HOST:PORT");
    const auto to = [](const char *address) {
        return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    };
    // The backend of the first gateway calculates, that of the second remembers values.
    calculator(to(argv[1]), std::strtoul(argv[2], nullptr, 10));
    bytes(to(argv[3]));
    values(to(argv[3]));
}
