// Runs while evalrun is being built: encodes the netlink requests of netns/messages.h with libmnl and prints them as
// C++. They are constants (loopback is link 1 of every network namespace), so the evalrun binary carries the bytes and
// not the library: docs/decisions/001-static-binary.md.

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int kLoopbackIndex = 1;

void print(const char* name, const nlmsghdr* message) {
  std::printf("alignas(4) inline constexpr unsigned char %s[] = {", name);
  const auto* bytes = reinterpret_cast<const unsigned char*>(message);
  for (unsigned i = 0; i < message->nlmsg_len; ++i) std::printf("%s0x%02x", i == 0 ? "" : ", ", bytes[i]);
  std::printf("};\n");
}

nlmsghdr* begin(char* buffer, int type, int flags, unsigned sequence) {
  std::memset(buffer, 0, 256);
  nlmsghdr* header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = static_cast<__u16>(type);
  header->nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = sequence;
  return header;
}

}  // namespace

int main() {
  alignas(4) char buffer[256];
  std::printf("// Made by netns/encode_messages.cc.\n#pragma once\n\nnamespace evalrun::netns {\n\n");

  nlmsghdr* header = begin(buffer, RTM_NEWLINK, NLM_F_ACK, 1);
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
  link->ifi_family = AF_UNSPEC;
  link->ifi_index = kLoopbackIndex;
  link->ifi_change = IFF_UP;
  link->ifi_flags = IFF_UP;
  print("kLoopbackUp", header);

  header = begin(buffer, RTM_GETLINK, NLM_F_DUMP, 2);
  mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg));
  print("kDumpLinks", header);

  header = begin(buffer, RTM_GETADDR, NLM_F_DUMP, 3);
  mnl_nlmsg_put_extra_header(header, sizeof(ifaddrmsg));
  print("kDumpAddresses", header);

  std::printf("\n}  // namespace evalrun::netns\n");
}
