// What the tests let PipeChannel::spawn execute.
#include <calc_ipc.hpp>

int main() { calc_ipc::servePipe(0, 1); }
