#include <calc_ipc.hpp>
#include <calc_ipc/async.hpp>

#include <chrono>

int main() {
    calc_ipc::Server server("tcp://localhost:0", calc_ipc::execute);
    server.startInBackground();
    calc_ipc::Client client(server.url());
    const auto response = client.call({calc_ipc::Operation::ADD, 10, 20});
    auto later = client.async({calc_ipc::Operation::ADD, 20, 30});
    client.dispatch(std::chrono::milliseconds::max());
    return response && response->result == 30 && later.get().value().result == 50 ? 0 : 1;
}
