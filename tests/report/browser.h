// A headless Chromium that tests look at pages with, over the pipe of its DevTools protocol.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/core/fd.h"
#include "tests/support/command.h"

namespace evalrun::test {

class Browser {
 public:
  // Throws std::runtime_error where there is no chromium in PATH, or it does not answer.
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  // Opens the page and waits until it has loaded.
  void open(const std::filesystem::path& page);
  // The value of a JavaScript expression in the page. Throws std::runtime_error where it throws.
  nlohmann::json evaluate(const std::string& expression);
  // Presses and releases a key as a user does: "ArrowDown", "Enter", "Tab", "Escape", "Home", "End".
  void press(const std::string& key, int modifiers = 0);
  // A click of the left button in the middle of the first element that the selector finds.
  void click(const std::string& selector);
  // prefers-color-scheme: "dark" or "light".
  void prefer(const std::string& scheme);
  void screenshot(const std::filesystem::path& file);

 private:
  nlohmann::json call(const std::string& method, nlohmann::json parameters = nlohmann::json::object());
  nlohmann::json read_message();

  TemporaryFolder profile_;
  pid_t process_ = -1;
  Fd to_, from_;
  std::string session_;
  std::string pending_;
  int last_id_ = 0;
};

}  // namespace evalrun::test
