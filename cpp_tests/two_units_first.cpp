#include "two_units.h"

calc_ipc::Handler firstUnit() { return calc_ipc::execute; }
const std::error_category &firstUnitsCategory() { return calc_ipc::category(); }
