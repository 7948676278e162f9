#include "tests/report/browser.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

#include "runtime/core/base64.h"
#include "runtime/core/text.h"

namespace evalrun::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kPatience = 60'000;  // milliseconds, on a machine that does much else

std::pair<Fd, Fd> pipe_pair() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Browser::Browser() {
  auto [commands, to] = pipe_pair();
  auto [from, answers] = pipe_pair();
  const std::string profile = "--user-data-dir=" + profile_.path().string();
  process_ = ::fork();
  if (process_ == 0) {
    ::setpgid(0, 0);
    // Past 4, so that neither dup2() closes the other's source.
    const int input = ::fcntl(commands.get(), F_DUPFD, 10);
    const int output = ::fcntl(answers.get(), F_DUPFD, 10);
    ::dup2(input, 3);
    ::dup2(output, 4);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execlp("chromium", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--remote-debugging-pipe", profile.c_str(), "--window-size=1280,900",
             static_cast<char*>(nullptr));
    ::_exit(127);
  }
  to_ = std::move(to);
  from_ = std::move(from);
  const json target = call("Target.createTarget", {{"url", "about:blank"}});
  session_ = call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}}).at("sessionId");
  call("Page.enable");
  call("Runtime.enable");
}

Browser::~Browser() {
  if (process_ <= 0) return;
  ::kill(-process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

json Browser::read_message() {
  for (;;) {
    if (const std::size_t end = pending_.find('\0'); end != pending_.npos) {
      json message = json::parse(pending_.substr(0, end));
      pending_.erase(0, end + 1);
      return message;
    }
    pollfd readable{from_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatience) <= 0) throw std::runtime_error("chromium does not answer");
    std::array<char, 65536> piece{};
    const ssize_t count = ::read(from_.get(), piece.data(), piece.size());
    if (count <= 0) throw std::runtime_error("chromium has ended; is it installed?");
    pending_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

json Browser::call(const std::string& method, json parameters) {
  const int id = ++last_id_;
  json message = {{"id", id}, {"method", method}, {"params", std::move(parameters)}};
  if (!session_.empty()) message["sessionId"] = session_;
  const std::string text = message.dump() + '\0';
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::write(to_.get(), rest.data(), rest.size());
    if (count <= 0) throw std::runtime_error("chromium does not listen");
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  for (;;) {
    json answer = read_message();
    if (answer.value("id", 0) != id) continue;
    if (answer.contains("error")) throw std::runtime_error(method + ": " + answer["error"].dump());
    return answer.at("result");
  }
}

void Browser::open(const std::filesystem::path& page) {
  call("Page.navigate", {{"url", "file://" + page.string()}});
  const std::string loaded = "document.readyState === 'complete' && location.protocol === 'file:'";
  for (int i = 0; i < 600; ++i) {
    if (evaluate(loaded) == true) return;
    std::this_thread::sleep_for(50ms);
  }
  throw std::runtime_error("the page does not load");
}

json Browser::evaluate(const std::string& expression) {
  const json result = call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}});
  if (result.contains("exceptionDetails")) throw std::runtime_error(result["exceptionDetails"].dump());
  return result.at("result").value("value", json());
}

void Browser::press(const std::string& key, int modifiers) {
  static const std::map<std::string, int> kCodes = {{"ArrowDown", 40},  {"ArrowUp", 38}, {"ArrowLeft", 37},
                                                    {"ArrowRight", 39}, {"Enter", 13},   {"Tab", 9},
                                                    {"Escape", 27},     {"Home", 36},    {"End", 35}};
  json event = {{"type", "rawKeyDown"},
                {"key", key},
                {"code", key},
                {"modifiers", modifiers},
                {"windowsVirtualKeyCode", kCodes.at(key)}};
  call("Input.dispatchKeyEvent", event);
  event["type"] = "keyUp";
  call("Input.dispatchKeyEvent", event);
}

void Browser::click(const std::string& selector) {
  const json at =
      evaluate("(() => { const e = document.querySelector(" + json(selector).dump() +
               "); e.scrollIntoView({block: 'center', inline: 'center'}); const r = e.getBoundingClientRect();"
               " return [r.x + r.width / 2, r.y + r.height / 2]; })()");
  for (const char* type : {"mousePressed", "mouseReleased"}) {
    call("Input.dispatchMouseEvent",
         {{"type", type}, {"x", at[0]}, {"y", at[1]}, {"button", "left"}, {"clickCount", 1}});
  }
}

void Browser::prefer(const std::string& scheme) {
  call("Emulation.setEmulatedMedia", {{"features", {{{"name", "prefers-color-scheme"}, {"value", scheme}}}}});
}

void Browser::screenshot(const std::filesystem::path& file) {
  const std::string text = call("Page.captureScreenshot").at("data");
  std::ofstream(file, std::ios::binary) << bytes_of_base64(text);
}

}  // namespace evalrun::test
