// Boost.Interprocess message queues: one of all requests, and one for the answers to each client.
// https://www.boost.org/doc/libs/release/doc/html/interprocess/synchronization_mechanisms.html#interprocess.synchronization_mechanisms.message_queue
#include "contestant.hpp"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/version.hpp>
#include <map>

namespace {

using boost::interprocess::create_only;
using boost::interprocess::message_queue;
using boost::interprocess::open_only;

// Whose request it is, in front of its body.
using ClientId = std::uint64_t;
constexpr std::size_t max_message = sizeof(ClientId) + rival::max_body;
constexpr std::size_t requests_at_once = 8;

std::string answers_of(const std::string &name, ClientId client) { return name + "." + std::to_string(client); }

// Buffers of the largest size, since a queue refuses a smaller one.
struct Message {
    std::vector<char> bytes = std::vector<char>(max_message);
    std::size_t size = 0;

    std::string_view receive_from(message_queue &queue) {
        unsigned priority = 0;
        queue.receive(bytes.data(), bytes.size(), size, priority);
        return {bytes.data(), size};
    }
};

class BoostServer {
  public:
    explicit BoostServer(const std::string &address)
        : name(rival::name_of(address)), requests(create_only, name.c_str(), requests_at_once, max_message) {}
    ~BoostServer() {
        message_queue::remove(name.c_str());
        // Clients remove their own, unless they were killed.
        for (const auto &client : answers)
            message_queue::remove(answers_of(name, client.first).c_str());
    }

    void serve() {
        rival::FastCodec codec;
        for (Message message;;) {
            const std::string_view request = message.receive_from(requests);
            if (request.empty())
                return;
            ClientId client = 0;
            std::memcpy(&client, request.data(), sizeof client);
            const std::string_view answer = codec.answer(request.substr(sizeof client));
            queue_of(client).send(answer.data(), answer.size(), 0);
        }
    }
    void stop() { requests.send(nullptr, 0, 0); }

  private:
    message_queue &queue_of(ClientId client) {
        const auto found = answers.find(client);
        if (found != answers.end())
            return found->second;
        return answers.try_emplace(client, open_only, answers_of(name, client).c_str()).first->second;
    }

    std::string name;
    message_queue requests;
    std::map<ClientId, message_queue> answers;
};

class BoostClient {
  public:
    explicit BoostClient(const std::string &address)
        : name(rival::name_of(address)), requests(open_only, name.c_str()),
          answers(create_only, answers_of(name, id).c_str(), 1, rival::max_body) {}
    ~BoostClient() { message_queue::remove(answers_of(name, id).c_str()); }

    std::string_view call(std::string_view body) {
        std::memcpy(request.bytes.data(), &id, sizeof id);
        body.copy(request.bytes.data() + sizeof id, body.size());
        requests.send(request.bytes.data(), sizeof id + body.size(), 0);
        return answer.receive_from(answers);
    }
    pid_t server() const { return 0; }

  private:
    // Unique among the clients of all processes.
    static ClientId next_id() {
        static std::uint32_t number = 0;
        return (static_cast<ClientId>(::getpid()) << 32) | number++;
    }

    std::string name;
    ClientId id = next_id();
    message_queue requests, answers;
    Message request, answer;
};

struct Boost {
    using Codec = rival::FastCodec;
    using Server = BoostServer;
    using Client = BoostClient;
    static constexpr int clients = 0;
    static constexpr bool sees_death = false;
    static rival::Description describe() {
        const std::string version =
            std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000);
        return {"Boost.Interprocess message_queue " + version, "rival", "shm", "blocking"};
    }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Boost>(argc, argv); }
