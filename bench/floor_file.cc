// A FloorPlan as a file: every value as text with its length in front, in one fixed order.
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <stdexcept>

#include "bench/floor.h"

namespace evalrun::bench {
namespace {

class Writer {
 public:
  void text(const std::string& value) { bytes_ += std::to_string(value.size()) + ":" + value; }
  void number(std::uint64_t value) { text(std::to_string(value)); }
  template <typename Values, typename Write>
  void each(Values& values, Write write) {
    number(values.size());
    for (auto& value : values) write(value);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  void text(std::string& value) {
    const std::size_t colon = bytes_.find(':', at_);
    std::size_t size = 0;
    if (colon != std::string::npos) std::from_chars(bytes_.data() + at_, bytes_.data() + colon, size);
    if (colon == std::string::npos || size > bytes_.size() - colon - 1) throw std::runtime_error("floor: not its file");
    value.assign(bytes_, colon + 1, size);
    at_ = colon + 1 + size;
  }
  template <typename Number>
  void number(Number& value) {
    std::string digits;
    text(digits);
    std::uint64_t wide = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), wide);
    value = static_cast<Number>(wide);
  }
  template <typename Values, typename Read>
  void each(Values& values, Read read) {
    std::size_t size = 0;
    number(size);
    if (size > bytes_.size()) throw std::runtime_error("floor: not its file");
    values.resize(size);
    for (auto& value : values) read(value);
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

void visit_filter(Writer& to, const std::vector<sock_filter>& filter) {
  to.text({reinterpret_cast<const char*>(filter.data()), filter.size() * sizeof filter[0]});
}

void visit_filter(Reader& from, std::vector<sock_filter>& filter) {
  std::string bytes;
  from.text(bytes);
  filter.resize(bytes.size() / sizeof filter[0]);
  std::memcpy(filter.data(), bytes.data(), filter.size() * sizeof filter[0]);
}

// The order, once for both ways.
template <typename Visitor, typename Plan>
void visit(Visitor& v, Plan& plan) {
  v.each(plan.binds, [&](auto& bind) {
    v.text(bind.source);
    v.number(bind.attributes);
  });
  v.each(plan.nodes, [&](auto& node) {
    if constexpr (std::is_same_v<Visitor, Writer>) {
      v.number(static_cast<std::uint64_t>(node.kind));
    } else {
      v.number(node.kind);
    }
    v.text(node.path);
    v.text(node.content);
    v.number(node.mode);
  });
  v.each(plan.mounts, [&](auto& mount) {
    if constexpr (std::is_same_v<Visitor, Writer>) {
      v.number(static_cast<std::uint64_t>(mount.kind));
    } else {
      v.number(mount.kind);
    }
    v.text(mount.path);
    v.number(mount.attributes);
  });
  for (auto* text : {&plan.root_size, &plan.root_inodes, &plan.folder, &plan.hostname}) v.text(*text);
  v.each(plan.argv, [&](auto& word) { v.text(word); });
  for (auto& word : plan.landlock) v.number(word);
  v.number(plan.landlock_size);
  v.each(plan.rules, [&](auto& rule) {
    v.text(rule.path);
    v.number(rule.rights);
  });
  v.each(plan.limits, [&](auto& limit) {
    v.number(limit.resource);
    v.number(limit.soft);
    v.number(limit.hard);
  });
  visit_filter(v, plan.whitelist);
  visit_filter(v, plan.seal);
  visit_filter(v, plan.init_filter);
  v.number(plan.last_capability);
  v.number(plan.outside_uid);
  v.number(plan.outside_gid);
  v.number(plan.own_ids);
}

}  // namespace

void write_floor_plan(const FloorPlan& plan, const std::string& path) {
  Writer writer;
  visit(writer, plan);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written = fd >= 0 && ::write(fd, writer.bytes().data(), writer.bytes().size()) ==
                                      static_cast<ssize_t>(writer.bytes().size());
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("floor: write " + path);
}

FloorPlan read_floor_plan(const std::string& path) {
  constexpr std::size_t kLargest = 256 << 10;
  std::string bytes(kLargest, '\0');
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd < 0 ? -1 : ::read(fd, bytes.data(), bytes.size());
  if (fd >= 0) ::close(fd);
  if (size <= 0) throw std::runtime_error("floor: read " + path);
  bytes.resize(static_cast<std::size_t>(size));
  Reader reader(std::move(bytes));
  FloorPlan plan;
  visit(reader, plan);
  return plan;
}

}  // namespace evalrun::bench
