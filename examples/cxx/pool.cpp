// A pool of threads that ask one server. A client serves one thread at a time, so every thread has its own.
//
//     calc_cxx_pool tcp://localhost:7000 8 10000     (8 threads, 10000 requests; any URL will do)
#include <calc_ipc.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <iostream>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace calc_ipc;

namespace {

class Pool {
  public:
    /// Connects every thread's client here, so that it is the caller who hears that nobody is there.
    Pool(const std::string &url, std::size_t threads) {
        std::vector<Client> clients;
        for (std::size_t i = 0; i < threads; ++i) {
            clients.emplace_back(url);
        }
        for (Client &client : clients) {
            threads_.emplace_back([this, client = std::move(client)]() mutable { work(client); });
        }
    }
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;

    /// Answers what was asked, and ends.
    ~Pool() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            is_closed_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_) {
            thread.join();
        }
    }

    /// The response, once one of the threads has it; or why there is none, as an Error.
    std::future<Response> ask(const Request &request) {
        Job job{request, {}};
        auto response = job.response.get_future();
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            jobs_.push(std::move(job));
        }
        changed_.notify_one();
        return response;
    }

  private:
    struct Job {
        Request request;
        std::promise<Response> response;
    };

    void work(Client &client) {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return is_closed_ || !jobs_.empty(); });
            if (jobs_.empty()) {
                return;
            }
            Job job = std::move(jobs_.front());
            jobs_.pop();
            lock.unlock();
            if (auto response = client.call(job.request)) {
                job.response.set_value(*std::move(response));
            } else {
                job.response.set_exception(std::make_exception_ptr(Error(response.status(), response.message())));
            }
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::queue<Job> jobs_;
    bool is_closed_ = false;
    std::vector<std::thread> threads_;
};

} // namespace

int main(int argc, char **argv) try {
    const std::size_t threads = argc == 4 ? std::stoul(argv[2]) : 0;
    if (threads == 0) {
        std::cerr << "usage: " << argv[0] << " URL THREADS REQUESTS\n";
        return 2;
    }
    Pool pool(argv[1], threads);
    const std::int64_t count = std::stoll(argv[3]);
    std::vector<std::future<Response>> responses;
    for (std::int64_t i = 1; i <= count; ++i) {
        responses.push_back(pool.ask({Operation::MUL, i, i}));
    }
    std::int64_t sum = 0;
    for (auto &response : responses) {
        sum += response.get().result;
    }
    std::cout << "the sum of the squares up to " << count << " is " << sum << '\n';
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
