#include <calc_ipc.hpp>

int main() {
    auto channel = calc_ipc::PipeChannel::createWithServer(calc_ipc::execute);
    const auto response = channel.call({calc_ipc::Operation::ADD, 10, 20});
    return response && response->result == 30 ? 0 : 1;
}
