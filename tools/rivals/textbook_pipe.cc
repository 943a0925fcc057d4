// Two pipes to a forked child that serves: Stevens, UNIX Network Programming, volume 2, section 4.3.
#include "textbook.hpp"

#include <array>
#include <sys/wait.h>

namespace {

using namespace textbook;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
        in = Descriptor(ends[0]);
        out = Descriptor(ends[1]);
    }
    Descriptor in, out;
};

class PipeClient {
  public:
    explicit PipeClient(const std::string &) : PipeClient(Pipe(), Pipe()) {}
    ~PipeClient() {
        // The end of the child's stream is the end of the child.
        stream.reset();
        ::waitpid(child, nullptr, 0);
    }

    std::string_view call(std::string_view request) { return stream->call(request); }
    pid_t server() const { return child; }

  private:
    PipeClient(Pipe requests, Pipe answers) : child(checked(::fork(), "fork")) {
        if (child == 0) {
            Descriptor(std::move(requests.out));
            Descriptor(std::move(answers.in));
            std::_Exit(rival::or_status([&] { serve_stream(requests.in.get(), answers.out.get()); }));
        }
        stream = std::make_unique<StreamClient>(std::move(answers.in), std::move(requests.out));
    }

    pid_t child;
    std::unique_ptr<StreamClient> stream;
};

struct TextbookPipe {
    using Codec = rival::StreamCodec;
    using Server = rival::NoServer;
    using Client = PipeClient;
    static constexpr int clients = 1;
    static constexpr bool sees_death = true;
    static rival::Description describe() { return {"textbook pipes", "textbook", "pipe", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<TextbookPipe>(argc, argv); }
