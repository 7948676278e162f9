// Threats 76 to 89: the network.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/core/fd.h"
#include "tests/hostile/hostile.h"

namespace evalrun::test {
namespace {

constexpr const char* kLoopback = "[network]\nmode = \"loopback\"\nbind = [8080]\nconnect = [8080]\n";

// Rows 76 to 80 under network.mode = "none": there is not even a TCP or UDP socket, while Unix sockets of the run's own
// work (tests/sandbox/mediation_test.cc has them in full).
TEST(network, without_a_network_there_are_only_unix_sockets) {
  const PlanRun run =
      run_hostile({"connect-tcp", "127.0.0.1", "80", "send-udp", "1.1.1.1", "53", "connect-unix", "@x", "bind-unix",
                   "/work/s", "call-each", "listen", "accept", "bind", "connect", "then", "out-of-band"});
  EXPECT_EQ(run.output(),
            "tcp 127.0.0.1 EACCES\nudp 1.1.1.1 EACCES\nconnect @x ECONNREFUSED\nbind /work/s OK\ncall listen EBADF\n"
            "call accept EBADF\ncall bind EBADF\ncall connect EBADF\nsocketpair OK\nsend OK\nsend oob EOPNOTSUPP\n")
      << shown(run);
}

// Rows 76, 77, 80 and 87. Mediation holds addresses and ports, Landlock behind it the TCP ports, and behind both is the
// namespace, which alone holds what a datagram is sent to.
TEST(network, with_loopback_only_the_ports_and_addresses_of_the_plan_can_be_used) {
  const PlanRun run = run_hostile(
      {"speak-tcp",   "8080",     "bind-tcp", "127.0.0.1",   "8081",     "connect-tcp", "127.0.0.1", "8081",
       "connect-tcp", "10.0.0.1", "8080",     "connect-tcp", "10.0.0.1", "80",          "bind-tcp",  "10.0.0.1",
       "8080",        "send-udp", "1.1.1.1",  "53",          "send-udp", "127.0.0.1",   "53"},
      kLoopback);
  EXPECT_EQ(run.output(),
            "bind OK\nlisten OK\nconnect OK\naccept OK\nfastopen EOPNOTSUPP\nfastopen option EOPNOTSUPP\n"
            "fastopen connect option EOPNOTSUPP\nulp EPERM\nnodelay OK\n"
            "bind 127.0.0.1:8081 EACCES\ntcp 127.0.0.1 EACCES\ntcp 10.0.0.1 EACCES\ntcp 10.0.0.1 EACCES\n"
            "bind 10.0.0.1:8080 EACCES\nudp 1.1.1.1 ENETUNREACH\nudp 127.0.0.1 OK\n")
      << shown(run);
}

// Rows 78 and 81 to 85, in both modes: SCTP, MPTCP, ICMP, raw (with a flag too), packet, XDP, netlink, vsock, ALG, SMC.
TEST(network, unusual_families_types_and_protocols_do_not_exist) {
  const std::vector<std::string> words = {
      "call", "socket", "2",  "1",       "132", "then", "call", "socket", "2",  "1", "262", "then",
      "call", "socket", "2",  "2",       "1",   "then", "call", "socket", "2",  "3", "0",   "then",
      "call", "socket", "2",  "0x80003", "0",   "then", "call", "socket", "2",  "3", "255", "then",
      "call", "socket", "17", "3",       "0",   "then", "call", "socket", "44", "3", "0",   "then",
      "call", "socket", "16", "3",       "0",   "then", "call", "socket", "40", "1", "0",   "then",
      "call", "socket", "38", "5",       "0",   "then", "call", "socket", "43", "1", "0",   "then",
      "call", "socket", "2",  "1",       "0",   "then", "call", "socket", "1",  "1", "0"};
  const std::string families =
      "call socket EAFNOSUPPORT\ncall socket EAFNOSUPPORT\ncall socket EAFNOSUPPORT\ncall socket EAFNOSUPPORT\n"
      "call socket EAFNOSUPPORT\ncall socket EAFNOSUPPORT\n";
  const std::string unsupported = "call socket EPROTONOSUPPORT\n";
  EXPECT_EQ(run_hostile(words, kLoopback).output(), unsupported + unsupported + unsupported + unsupported +
                                                        unsupported + unsupported + families +
                                                        "call socket OK\ncall socket OK\n");
  const std::string denied = "call socket EACCES\n";
  EXPECT_EQ(run_hostile(words).output(),
            denied + denied + denied + denied + denied + denied + families + "call socket EACCES\ncall socket OK\n");
}

// Row 86: an abstract name that the host listens on.
TEST(network, abstract_names_of_the_host_are_out_of_reach) {
  const std::string name = "evalrun-test-" + std::to_string(::getpid());
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);

  const PlanRun run = run_hostile({"connect-unix", "@" + name, "bind-unix", "@" + name}, kLoopback);
  EXPECT_EQ(run.output(), "connect @" + name + " ECONNREFUSED\nbind @" + name + " OK\n") << shown(run);
}

// Row 79: an unbound listener gets a port of its own namespace, which nobody else has.
TEST(network, what_listens_inside_cannot_be_reached_from_outside) {
  const PlanRun run = run_hostile({"speak-tcp", "8080"}, kLoopback);
  EXPECT_EQ(run.verdict(), "OK");
  // Two runs at the same port do not meet.
  const PlanRun other = run_hostile({"connect-tcp", "127.0.0.1", "8080", "sleep", "0.05"}, kLoopback);
  EXPECT_EQ(other.output(), "tcp 127.0.0.1 EINPROGRESS\n") << shown(other);
}

TEST(network, filter_programs_cannot_be_attached_to_sockets) {
  // SO_ATTACH_FILTER, SO_ATTACH_BPF, and SO_KEEPALIVE, which reaches the kernel and its bad descriptor.
  EXPECT_EQ(run_hostile({"call", "setsockopt", "-1", "1", "26", "0", "0", "then",
                         "call", "setsockopt", "-1", "1", "50", "0", "0", "then",
                         "call", "setsockopt", "-1", "1", "9",  "0", "0"})
                .output(),
            "call setsockopt EPERM\ncall setsockopt EPERM\ncall setsockopt EBADF\n");
}

}  // namespace
}  // namespace evalrun::test
