// The calculator's job: the request `ADD i i+1`, formatted, parsed and executed, answered `OK n`, parsed and checked.
// FastCodec formats and parses with <charconv>, as somebody does who cares; StreamCodec with streams, as a textbook
// does. What is not such a request is sent back unchanged.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace rival {

using Number = std::int64_t;

inline bool is_calculation(std::string_view request) {
    // The echo's bodies begin with a number in binary that is never as large as that of a letter.
    return !request.empty() && request[0] >= 'A' && request[0] <= 'Z';
}

// The four operations, by their first letter: ADD, SUB, MUL, DIV. False if there is no such number.
inline bool calculate(std::string_view operation, Number a, Number b, Number &result) {
    if (operation == "ADD")
        return !__builtin_add_overflow(a, b, &result);
    if (operation == "SUB")
        return !__builtin_sub_overflow(a, b, &result);
    if (operation == "MUL")
        return !__builtin_mul_overflow(a, b, &result);
    if (operation != "DIV" || b == 0 || (b == -1 && __builtin_sub_overflow(Number{0}, a, &result)))
        return false;
    result = a / b;
    return true;
}

inline void check_sum(bool understood, Number sum, std::uint64_t number) {
    if (!understood || sum != static_cast<Number>(2 * number + 1))
        throw std::runtime_error("a wrong answer");
}

class FastCodec {
  public:
    std::string_view request(std::uint64_t number) {
        char *end = put(room, "ADD ");
        end = put(end, static_cast<Number>(number));
        *end++ = ' ';
        end = put(end, static_cast<Number>(number + 1));
        return {room, static_cast<std::size_t>(end - room)};
    }

    // Valid until the next call; what is to be echoed, as long as the request.
    std::string_view answer(std::string_view request) {
        if (!is_calculation(request))
            return request;
        Number a = 0, b = 0, result = 0;
        std::string_view rest = request.substr(std::min<std::size_t>(3, request.size()));
        const bool understood = get(rest, a) && get(rest, b) && rest.empty();
        if (!understood || !calculate(request.substr(0, 3), a, b, result))
            return "ERR";
        const char *const end = put(put(room, "OK "), result);
        return {room, static_cast<std::size_t>(end - room)};
    }

    void check(std::string_view answer, std::uint64_t number) {
        Number sum = 0;
        std::string_view rest = answer.substr(std::min<std::size_t>(2, answer.size()));
        const bool understood = answer.substr(0, 2) == "OK" && get(rest, sum) && rest.empty();
        check_sum(understood, sum, number);
    }

  private:
    char *put(char *to, std::string_view text) { return to + text.copy(to, text.size()); }
    char *put(char *to, Number number) { return std::to_chars(to, room + sizeof room, number).ptr; }

    // A space and a number.
    static bool get(std::string_view &from, Number &number) {
        if (from.empty() || from[0] != ' ')
            return false;
        const char *const end = from.data() + from.size();
        const auto [rest, error] = std::from_chars(from.data() + 1, end, number);
        from = {rest, static_cast<std::size_t>(end - rest)};
        return error == std::errc();
    }

    char room[64];
};

class StreamCodec {
  public:
    std::string_view request(std::uint64_t number) {
        std::ostringstream text;
        text << "ADD " << number << ' ' << number + 1;
        return keep(text);
    }

    std::string_view answer(std::string_view request) {
        if (!is_calculation(request))
            return request;
        std::istringstream words{std::string(request)};
        std::string operation;
        Number a = 0, b = 0, result = 0;
        if (!(words >> operation >> a >> b) || !calculate(operation, a, b, result))
            return "ERR";
        std::ostringstream text;
        text << "OK " << result;
        return keep(text);
    }

    void check(std::string_view answer, std::uint64_t number) {
        std::istringstream words{std::string(answer)};
        std::string status;
        Number sum = 0;
        const bool understood = (words >> status >> sum) && status == "OK";
        check_sum(understood, sum, number);
    }

  private:
    std::string_view keep(const std::ostringstream &text) { return kept = text.str(); }

    std::string kept;
};

} // namespace rival
