// What the two units of the link test call of each other.
#pragma once

#include <calc_ipc.hpp>

calc_ipc::Handler firstUnit();
const std::error_category &firstUnitsCategory();
