// gRPC, a unary method over a Unix socket. Generic calls carry bytes, without protobuf's cost. Each client waits in a
// completion queue of its own, the server in one. https://grpc.github.io/grpc/cpp/md_doc_cpp_perf_notes.html has a
// queue and a thread for each CPU; on two CPUs that was a third slower for one client, and no faster for 64.
#include "grpc.hpp"

namespace {

using namespace rival::over_grpc;

// One call in the server: asked for, read, answered.
class Call {
  public:
    Call(grpc::AsyncGenericService &service, grpc::ServerCompletionQueue &queue)
        : service(service), queue(queue), stream(&context) {
        service.RequestCall(&context, &stream, &queue, &queue, this);
    }

    // What was begun last has happened, or has failed.
    void go_on(bool ok) {
        if (!ok || state == State::answered) {
            delete this;
        } else if (state == State::requested) {
            new Call(service, queue);
            state = State::reading;
            stream.Read(&message, this);
        } else {
            state = State::answered;
            answer();
        }
    }

  private:
    enum class State { requested, reading, answered };

    void answer() {
        const grpc::Slice request = flat(message);
        rival::FastCodec codec;
        const std::string_view body = codec.answer(view(request));
        // An echo is sent as it came, without a copy.
        if (body.data() != view(request).data())
            message = buffer_of(body);
        stream.WriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK, this);
    }

    grpc::AsyncGenericService &service;
    grpc::ServerCompletionQueue &queue;
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream;
    grpc::ByteBuffer message;
    State state = State::requested;
};

class GrpcServer {
  public:
    explicit GrpcServer(const std::string &address) : path(address + ".sock") {
        grpc::ServerBuilder builder;
        builder.AddListeningPort(target_of(address), grpc::InsecureServerCredentials());
        builder.RegisterAsyncGenericService(&service);
        queue = builder.AddCompletionQueue();
        server = builder.BuildAndStart();
        if (!server)
            throw std::runtime_error("gRPC does not serve at " + path);
    }
    ~GrpcServer() { ::unlink(path.c_str()); }

    void serve() {
        new Call(service, *queue);
        bool ok = false;
        for (void *call = nullptr; queue->Next(&call, &ok);)
            static_cast<Call *>(call)->go_on(ok);
    }
    void stop() {
        // At once: a client may be there still.
        server->Shutdown(std::chrono::system_clock::now());
        queue->Shutdown();
    }

  private:
    std::string path;
    grpc::AsyncGenericService service;
    std::unique_ptr<grpc::ServerCompletionQueue> queue;
    std::unique_ptr<grpc::Server> server;
};

class GrpcClient {
  public:
    explicit GrpcClient(const std::string &address) : stub(connected(address)) {}

    std::string_view call(std::string_view body) {
        grpc::ClientContext context;
        const auto reader = stub.PrepareUnaryCall(&context, "/Rival/Call", buffer_of(body), &queue);
        reader->StartCall();
        grpc::ByteBuffer message;
        grpc::Status status;
        reader->Finish(&message, &status, nullptr);
        void *tag = nullptr;
        bool ok = false;
        queue.Next(&tag, &ok);
        if (!ok || !status.ok())
            throw std::runtime_error("gRPC: " + status.error_message());
        answer = flat(message);
        return view(answer);
    }
    pid_t server() const { return 0; }

  private:
    grpc::CompletionQueue queue;
    grpc::GenericStub stub;
    grpc::Slice answer;
};

struct Grpc {
    using Codec = rival::FastCodec;
    using Server = GrpcServer;
    using Client = GrpcClient;
    static constexpr int clients = 0;
    static constexpr bool sees_death = true;
    static rival::Description describe() { return {"gRPC C++ unary " + grpc::Version(), "rival", "unix", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Grpc>(argc, argv); }
