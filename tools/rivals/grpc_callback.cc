// gRPC, a unary method over a Unix socket by the callback API, which its documentation recommends to who begins:
// reactors in the server, a function for each call's end in the client, on threads of the library's.
// https://grpc.io/docs/languages/cpp/callback/, https://github.com/grpc/proposal/blob/master/L67-cpp-callback-api.md
#include "grpc.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

namespace {

using namespace rival::over_grpc;

// One call in the server, which deletes itself at its end.
class Answering : public grpc::ServerGenericBidiReactor {
  public:
    Answering() { StartRead(&message); }

    void OnReadDone(bool ok) override {
        if (!ok)
            return Finish(grpc::Status::CANCELLED);
        const grpc::Slice request = flat(message);
        rival::FastCodec codec;
        const std::string_view body = codec.answer(view(request));
        // An echo is sent as it came, without a copy.
        if (body.data() != view(request).data())
            message = buffer_of(body);
        StartWriteAndFinish(&message, grpc::WriteOptions(), grpc::Status::OK);
    }
    void OnDone() override { delete this; }

  private:
    grpc::ByteBuffer message;
};

class Service : public grpc::CallbackGenericService {
  public:
    grpc::ServerGenericBidiReactor *CreateReactor(grpc::GenericCallbackServerContext *) override {
        return new Answering;
    }
};

class GrpcServer {
  public:
    explicit GrpcServer(const std::string &address) : path(address + ".sock") {
        grpc::ServerBuilder builder;
        builder.AddListeningPort(target_of(address), grpc::InsecureServerCredentials());
        builder.RegisterCallbackGenericService(&service);
        server = builder.BuildAndStart();
        if (!server)
            throw std::runtime_error("gRPC does not serve at " + path);
    }
    ~GrpcServer() { ::unlink(path.c_str()); }

    void serve() { server->Wait(); }
    // At once: a client may be there still.
    void stop() { server->Shutdown(std::chrono::system_clock::now()); }

  private:
    std::string path;
    Service service;
    std::unique_ptr<grpc::Server> server;
};

// A request that is under way.
class Call {
  public:
    Call(grpc::GenericStub &stub, std::string_view body) : request(buffer_of(body)) {
        stub.UnaryCall(&context, "/Rival/Call", grpc::StubOptions(), &request, &message, [this](grpc::Status status) {
            // What waits may free this once it has the lock.
            const std::lock_guard<std::mutex> lock(mutex);
            end = std::move(status);
            has_ended = true;
            ended.notify_one();
        });
    }
    Call(const Call &) = delete;
    ~Call() {
        context.TryCancel();
        wait();
    }

    grpc::Slice answer() {
        wait();
        if (!end.ok())
            throw std::runtime_error("gRPC: " + end.error_message());
        return flat(message);
    }

  private:
    void wait() {
        std::unique_lock<std::mutex> lock(mutex);
        ended.wait(lock, [this] { return has_ended; });
    }

    grpc::ClientContext context;
    grpc::ByteBuffer request, message;
    std::mutex mutex;
    std::condition_variable ended;
    bool has_ended = false;
    grpc::Status end;
};

class GrpcClient {
  public:
    explicit GrpcClient(const std::string &address) : stub(connected(address)) {}

    void submit(std::string_view body) { calls.emplace_back(stub, body); }
    std::string_view take() {
        answer = calls.front().answer();
        calls.pop_front();
        return view(answer);
    }
    std::string_view call(std::string_view body) {
        submit(body);
        return take();
    }
    pid_t server() const { return 0; }

  private:
    grpc::GenericStub stub;
    std::deque<Call> calls;
    grpc::Slice answer;
};

struct Grpc {
    using Codec = rival::FastCodec;
    using Server = GrpcServer;
    using Client = GrpcClient;
    static constexpr int clients = 0;
    static constexpr std::size_t depth = 64;
    static constexpr bool sees_death = true;
    static rival::Description describe() {
        return {"gRPC C++ callback " + grpc::Version(), "rival", "unix", "blocking"};
    }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Grpc>(argc, argv); }
