// Two units that both include the whole C++ header link into one program, and share what has to be one.
#include "two_units.h"

#include <cstdio>

int main() {
    const calc_ipc::Response response = firstUnit()({calc_ipc::Operation::ADD, 10, 20});
    if (response.result != 30 || firstUnitsCategory() != calc_ipc::category()) {
        return 1;
    }
    std::puts("passed"); // which run.cmd looks for
    return 0;
}
