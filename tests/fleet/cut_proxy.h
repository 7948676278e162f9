// A way to a server that can be cut and healed: the ends stay open, and nothing passes, as when a cable is pulled.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

namespace evalrun::test {

class CutProxy {
 public:
  // From a Unix socket at `from` to that at `to`.
  CutProxy(const std::filesystem::path& from, const std::filesystem::path& to);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  void cut() { is_cut_ = true; }
  void heal() { is_cut_ = false; }

 private:
  void serve(int listener, const std::string& to);

  std::atomic<bool> is_cut_ = false, ends_ = false;
  std::thread thread_;
};

}  // namespace evalrun::test
