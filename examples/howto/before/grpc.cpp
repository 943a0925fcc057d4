// Texts in capitals by gRPC C++: a unary method, over a Unix socket.
//
//     before_grpc serve unix:/tmp/upper.sock
//     before_grpc ask unix:/tmp/upper.sock hello
#include "upper.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iostream>
#include <string>

namespace {

class Upper final : public upper::Upper::Service {
    grpc::Status ToUpper(grpc::ServerContext *, const upper::Text *request, upper::Text *response) override {
        std::string text = request->text();
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char byte) { return static_cast<char>(std::toupper(byte)); });
        response->set_text(text);
        return grpc::Status::OK;
    }
};

int serve(const std::string &address) {
    Upper service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    if (server == nullptr) {
        return 1;
    }
    server->Wait();
    return 0;
}

int ask(const std::string &address, const std::string &text) {
    const auto stub = upper::Upper::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    upper::Text request, response;
    request.set_text(text);
    const auto status = stub->ToUpper(&context, request, &response);
    if (!status.ok()) {
        std::cerr << status.error_message() << '\n';
        return 1;
    }
    std::cout << response.text() << '\n';
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    const std::string what = argc > 2 ? argv[1] : "";
    if (what == "serve") {
        return serve(argv[2]);
    }
    return what == "ask" && argc == 4 ? ask(argv[2], argv[3]) : 2;
}
