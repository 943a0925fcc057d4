// Calculates for whoever asks, over the transport of your choice, until SIGINT or SIGTERM, and counts the requests.
//
//     calc_cxx_server uds  /run/calc.sock
//     calc_cxx_server fifo /run/calc           (makes the pair /run/calc.request and /run/calc.response)
//     calc_cxx_server shm  /calc
#include <calc_ipc.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <pthread.h>
#include <signal.h>

using namespace calc_ipc;

namespace {

// SIGINT and SIGTERM, blocked before any thread begins, so that sigwait gets them.
class Signals {
  public:
    Signals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }

    void wait() const {
        int received = 0;
        sigwait(&set_, &received);
    }

  private:
    sigset_t set_{};
};

// Any server: it is live since its constructor; now it is served, until the program is asked to end.
template <class Server> void serve(Server server, const Signals &signals) {
    server.startInBackground();
    std::cout << "serving" << std::endl;
    signals.wait();
    server.stop();
}

void serve(const std::string &transport, const std::string &address, const Handler &handler, const Signals &signals) {
    if (transport == "uds") {
        serve(UDSServer(address, handler), signals);
    } else if (transport == "fifo") {
        serve(FIFOServer(address + ".request", address + ".response", handler), signals);
    } else if (transport == "shm") {
        serve(ShmServer::create(address, handler), signals);
    } else {
        throw std::invalid_argument(transport + " is no transport");
    }
}

} // namespace

int main(int argc, char **argv) try {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " uds|fifo|shm ADDRESS\n";
        return 2;
    }
    const Signals signals;
    // A handler of one's own. It runs in one thread at a time, so it needs no lock. What it throws is answered as an
    // error.
    long count = 0;
    const Handler handler = [&count](const Request &request) {
        ++count;
        return execute(request);
    };
    serve(argv[1], argv[2], handler, signals);
    std::cout << "answered " << count << " requests\n";
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
