// What people are told: every failure says what failed, which thing it was, why, and what to do about it.
#include "support.h"
#include "transports.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

using namespace calc_ipc;

namespace {

using Words = std::vector<std::string>;

/// A name that no test has made, in a folder that is there.
struct Place {
    support::TempDir dir;
    std::string path = dir / "name";
    std::string missing = dir / "missing/name";
    std::string file = dir / "file";

    Place() { std::ofstream(file) << "precious"; }
};

struct Case {
    const char *what;
    calc_ipc_status status;
    std::function<void(const Place &)> fail;
    std::function<Words(const Place &)> says;
};

void expectWords(const std::string &what, const std::string &text, const Words &words) {
    for (const std::string &word : words) {
        EXPECT_NE(text.find(word), std::string::npos) << what << ": no '" << word << "' in: " << text;
    }
    for (const char *wrong : {"lock /", ": :", ":: ", "stdio::"}) {
        EXPECT_EQ(text.find(wrong), std::string::npos) << what << ": " << text;
    }
}

Words only(std::initializer_list<std::string> words) { return words; }

const std::string LONG(300, 'x');

TEST(ErrorTexts, OfWhatCannotBeMade) {
    const std::vector<Case> cases = {
        {"server, folder", CALC_IPC_STATUS_SYSTEM, [](auto &at) { UDSServer(at.missing); },
         [](auto &at) {
             return only({at.missing, "there is no folder " + (at.dir / "missing")});
         }},
        {"FIFO, folder", CALC_IPC_STATUS_SYSTEM, [](auto &at) { FIFOServer(at.missing, at.path); },
         [](auto &at) {
             return only({at.missing, "there is no folder " + (at.dir / "missing")});
         }},
        {"server, file", CALC_IPC_STATUS_ADDRESS_IN_USE, [](auto &at) { UDSServer(at.file); },
         [](auto &at) {
             return only({at.file, "regular file", "no socket", "choose another path"});
         }},
        {"FIFO, file", CALC_IPC_STATUS_ADDRESS_IN_USE, [](auto &at) { FIFOServer(at.file, at.path); },
         [](auto &at) {
             return only({at.file, "regular file", "no FIFO", "choose another path"});
         }},
        {"empty path", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { UDSServer(""); },
         [](auto &) { return only({"path of a Unix socket is empty"}); }},
        {"empty FIFO", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { FIFOServer("", ""); },
         [](auto &) { return only({"path of a FIFO is empty"}); }},
        {"long name", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { (void)ShmServer::create(LONG); },
         [](auto &) {
             return only({"300 bytes", "name of shared memory", "98"});
         }},
        {"long path", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { UDSServer("/" + LONG); },
         [](auto &) {
             return only({"301 bytes", "Unix socket", "107"});
         }},
        {"every host", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { TCPServer("*", 7000); },
         [](auto &) {
             return only({"'*' is no host", "0.0.0.0", "allow_remote"});
         }},
        {"every host by URL", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { Server("tcp://*:7000"); },
         [](auto &) {
             return only({"'tcp://*:7000'", "'*' is no host", "0.0.0.0", "allow_remote"});
         }},
        {"port", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { Server("tcp://localhost:99999"); },
         [](auto &) { return only({"port 99999 is not between 0 and 65535"}); }},
        {"server's URL", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { Server("http://x"); },
         [](auto &) {
             return only({"'http://x'", "a server's URL is", "stdio: alone"});
         }},
    };
    for (const Case &each : cases) {
        const Place place;
        try {
            each.fail(place);
            FAIL() << each.what << ": it worked";
        } catch (const Error &error) {
            EXPECT_EQ(error.status(), each.status) << each.what << ": " << error.what();
            expectWords(each.what, error.what(), each.says(place));
        }
    }
}

TEST(ErrorTexts, OfWhatCannotBeReached) {
    const std::vector<Case> cases = {
        {"nothing", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &at) { UDSClient(at.path); },
         [](auto &at) {
             return only({"Unix socket " + at.path, "nothing is there", "start the server"});
         }},
        {"no FIFO", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &at) { FIFOClient(at.path, at.path + "2"); },
         [](auto &at) {
             return only({"FIFO " + at.path, "nothing is there", "start the server"});
         }},
        {"no folder", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &at) { UDSClient(at.missing); },
         [](auto &at) {
             return only({at.missing, "there is no folder"});
         }},
        {"a file", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &at) { UDSClient(at.file); },
         [](auto &at) {
             return only({at.file, "a regular file is there", "no socket"});
         }},
        {"a file for a FIFO", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &at) { FIFOClient(at.file, at.path); },
         [](auto &at) {
             return only({at.file, "a regular file is there", "no FIFO"});
         }},
        {"another user's", CALC_IPC_STATUS_PERMISSION_DENIED,
         [](auto &at) {
             const UDSServer server(at.path);
             ClientOptions options;
             options.server_uid = geteuid() + 1;
             UDSClient(at.path, options);
         },
         [](auto &at) {
             return only({at.path, "run by user " + std::to_string(geteuid()), "server_uid"});
         }},
        {"port", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { Client("tcp://localhost:99999"); },
         [](auto &) { return only({"port 99999 is not between 0 and 65535"}); }},
        {"client's URL", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { Client("http://x"); },
         [](auto &) {
             return only({"'http://x'", "a client's URL is", "exec:///path/to/program"});
         }},
        {"server's URL", CALC_IPC_STATUS_INVALID_ARGUMENT, [](auto &) { Client("stdio:"); },
         [](auto &) {
             return only({"stdio is for servers", "exec:///path/to/program"});
         }},
        {"arguments", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &) { Client("exec:///bin/cat -n"); },
         [](auto &) {
             return only({"/bin/cat -n", "the path alone", "no argument"});
         }},
        {"program", CALC_IPC_STATUS_NOT_CONNECTED, [](auto &at) { (void)PipeChannel::spawn({at.path}); },
         [](auto &at) {
             return only({at.path, "there is no such program"});
         }},
    };
    for (const Case &each : cases) {
        const Place place;
        try {
            each.fail(place);
            FAIL() << each.what << ": it worked";
        } catch (const Error &error) {
            EXPECT_EQ(error.status(), each.status) << each.what << ": " << error.what();
            expectWords(each.what, error.what(), each.says(place));
        }
    }
}

TEST(ErrorTexts, OfProgramsThatEnd) {
    for (const auto &[script, how] :
         {std::pair("exit 3", "exited with status 3"), std::pair("kill -9 $$", "was killed by SIGKILL"),
          std::pair("head -c 4 >/dev/null; exit 4", "exited with status 4")}) {
        auto channel = PipeChannel::spawn({"/bin/sh", "-c", script});
        EXPECT_FALSE(channel.call({Operation::ADD, 1, 2}));
        EXPECT_EQ(channel.status(), CALC_IPC_STATUS_CLOSED);
        expectWords(script, calc_ipc_last_error(), {"program /bin/sh (process ", how});
    }
}

/// Every transport's server of messages that come back, and what its clients are told.
class TextsOfCalls : public testing::TestWithParam<const char *> {
  protected:
    support::TempDir dir;
    std::string word = std::filesystem::path(dir / ".").parent_path().filename().string();
    std::string url = urlOf(GetParam());

    std::string urlOf(const std::string &scheme) const {
        if (scheme == "tcp") {
            return "tcp://" + Tcp().host + ":0";
        }
        return scheme == "shm" ? "shm://" + word : scheme + "://" + dir / word.c_str();
    }

    /// What the server is called in every text.
    std::string nameOf(const Server &server) const {
        const std::string scheme = GetParam();
        return scheme == "tcp" ? server.url().substr(6) : word;
    }
};

std::size_t echo(BytesView request, BytesRoom response) {
    std::copy(request.begin(), request.end(), response.begin());
    return request.size();
}

TEST_P(TextsOfCalls, ToAServerOfOtherMessages) {
    auto server = Server::bytes(url, echo);
    server.startInBackground();
    Client client(server.url());
    EXPECT_FALSE(client.call({Operation::ADD, 1, 2}));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_MALFORMED);
    expectWords(url, calc_ipc_last_error(), {nameOf(server), "'ADD 1 2' of 7 bytes", "call_bytes"});
}

TEST_P(TextsOfCalls, OverALimit) {
    auto server = Server::bytes(url, echo);
    server.startInBackground();
    const std::string message(70000, 'x');
    Client narrow(server.url());
    EXPECT_FALSE(narrow.callBytes(message));
    EXPECT_EQ(narrow.status(), CALC_IPC_STATUS_TOO_LARGE);
    expectWords(url, calc_ipc_last_error(), {nameOf(server), "70000 bytes", "client's max_message is 65536"});
    ClientOptions options;
    options.max_message = 100000;
    Client wide(server.url(), options);
    EXPECT_FALSE(wide.callBytes(message));
    EXPECT_EQ(wide.status(), CALC_IPC_STATUS_TOO_LARGE);
    expectWords(url, calc_ipc_last_error(), {nameOf(server), "70000 bytes", "server's max_message"});
}

TEST_P(TextsOfCalls, TooLate) {
    support::Gate gate;
    Server server(url, [&](const Request &) {
        gate.pass();
        return Response{true, 0, ""};
    });
    server.startInBackground();
    ClientOptions options;
    options.call_timeout_ms = 30;
    Client client(server.url(), options);
    EXPECT_FALSE(client.call({Operation::ADD, 1, 2}));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_TIMED_OUT);
    expectWords(url, calc_ipc_last_error(), {nameOf(server), "within 30ms", "call_timeout_ms"});
    gate.open();
}

INSTANTIATE_TEST_SUITE_P(Over, TextsOfCalls, testing::Values("unix", "seqpacket", "fifo", "shm", "tcp"),
                         [](const auto &scheme) { return std::string(scheme.param); });

} // namespace
