// Step 7: what client and server say to each other, each a struct that can be copied byte by byte.
#pragma once
#include <array>
#include <cstdint>

struct Readings {
    std::uint64_t count; // how many of the values there are
    std::array<double, 1000> values;
};

struct Summary {
    double lowest, highest, mean;
};
