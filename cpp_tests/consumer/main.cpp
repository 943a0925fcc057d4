#include <calc_ipc.hpp>
#include <calc_ipc/async.hpp>

#include <chrono>

int main() {
    auto channel = calc_ipc::PipeChannel::createWithServer(calc_ipc::execute);
    const auto response = channel.call({calc_ipc::Operation::ADD, 10, 20});

    calc_ipc::Server server("tcp://localhost:0");
    server.startInBackground();
    calc_ipc::Client client(server.url());
    auto later = client.async({calc_ipc::Operation::ADD, 20, 30});
    client.dispatch(std::chrono::milliseconds::max());
    return response && response->result == 30 && later.get().value().result == 50 ? 0 : 1;
}
