// in_place: gRPC C++ that calculates right where it is asked, without a gateway: what the gateway is measured against.
#include "calculation.h"

#include <grpcpp/grpcpp.h>

#include <cstdio>

namespace {

using namespace calc_ipc::v1;
using grpc::CallbackServerContext;
using grpc::Status;

class Stream : public grpc::ServerBidiReactor<ExecuteRequest, ExecuteResponse> {
  public:
    Stream() { StartRead(&request_); }

    void OnReadDone(bool ok) override {
        if (!ok) {
            Finish(Status::OK);
            return;
        }
        response_ = interop::calculate(request_);
        StartWrite(&response_);
    }

    void OnWriteDone(bool ok) override {
        if (ok) {
            StartRead(&request_);
        } else {
            Finish(Status::CANCELLED);
        }
    }

    void OnDone() override { delete this; }

  private:
    ExecuteRequest request_;
    ExecuteResponse response_;
};

class InPlace : public Calculator::CallbackService {
    grpc::ServerUnaryReactor *Execute(CallbackServerContext *context, const ExecuteRequest *request,
                                      ExecuteResponse *response) override {
        *response = interop::calculate(*request);
        auto *reactor = context->DefaultReactor();
        reactor->Finish(Status::OK);
        return reactor;
    }

    grpc::ServerUnaryReactor *ExecuteBatch(CallbackServerContext *context, const ExecuteBatchRequest *batch,
                                           ExecuteBatchResponse *responses) override {
        for (const auto &request : batch->requests()) {
            *responses->add_responses() = interop::calculate(request);
        }
        auto *reactor = context->DefaultReactor();
        reactor->Finish(Status::OK);
        return reactor;
    }

    grpc::ServerBidiReactor<ExecuteRequest, ExecuteResponse> *ExecuteStream(CallbackServerContext *) override {
        return new Stream;
    }
};

} // namespace

int main() {
    InPlace service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    std::printf("listening on 127.0.0.1:%d\n", port);
    std::fflush(stdout);
    server->Wait();
}
