// Texts in capitals by Boost.Interprocess: a queue of requests, and one of answers. One client at a time.
//
//     before_boost_interprocess serve upper
//     before_boost_interprocess ask upper hello
//     before_boost_interprocess stop upper
#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <string>

namespace ipc = boost::interprocess;

namespace {

constexpr std::size_t longest = 65536;

std::string receive(ipc::message_queue &queue) {
    std::string text(longest, '\0');
    std::size_t size = 0;
    unsigned priority = 0;
    const auto patience = boost::posix_time::microsec_clock::universal_time() + boost::posix_time::seconds(30);
    if (!queue.timed_receive(text.data(), text.size(), size, priority, patience)) {
        throw std::runtime_error("no answer");
    }
    text.resize(size);
    return text;
}

void serve(const std::string &name) {
    const std::string answers_name = name + ".answers";
    ipc::message_queue::remove(name.c_str()); // what a server that was killed left, or what another one uses
    ipc::message_queue::remove(answers_name.c_str());
    ipc::message_queue requests(ipc::create_only, name.c_str(), 8, longest);
    ipc::message_queue answers(ipc::create_only, answers_name.c_str(), 8, longest);
    std::string text(longest, '\0');
    for (std::size_t size = 1; size > 0;) {
        unsigned priority = 0;
        requests.receive(text.data(), text.size(), size, priority);
        std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), text.begin(),
                       [](unsigned char byte) { return static_cast<char>(std::toupper(byte)); });
        answers.send(text.data(), size, 0);
    }
    ipc::message_queue::remove(name.c_str());
    ipc::message_queue::remove(answers_name.c_str());
}

void ask(const std::string &name, const std::string &text) {
    ipc::message_queue requests(ipc::open_only, name.c_str());
    ipc::message_queue answers(ipc::open_only, (name + ".answers").c_str());
    requests.send(text.data(), text.size(), 0);
    std::cout << receive(answers) << '\n';
}

} // namespace

int main(int argc, char **argv) {
    const std::string what = argc > 2 ? argv[1] : "";
    try {
        if (what == "serve") {
            serve(argv[2]);
        } else if (what == "ask" && argc == 4) {
            ask(argv[2], argv[3]);
        } else if (what == "stop") {
            ask(argv[2], "");
        } else {
            return 2;
        }
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
