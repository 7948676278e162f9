// A program of storms: what keeps a supervisor busy, for ever or a number of times. Static, with threads of its own.
//
//   storm flood BYTES          writes these bytes (hexadecimal) over and over
//   storm pour MIB BYTES       the same, MIB MiB of it, and ends
//   storm say BYTES            writes them once, and ends
//   storm small-writes         one byte at a time
//   storm WHAT THREADS         WHAT for ever, in so many threads:
//                              connect, bind, listen (UDP and TCP on 127.0.0.1:8080), connect-path (a Unix path that is
//                              not there), violate (ptrace), map (mmap and munmap)
//   storm WHAT THREADS TIMES   each thread so often; "done" where every thread has come to its end
//   storm hold THREADS         connects to a listener that accepts nothing: they sleep in their calls
//   storm burn                 uses a core
#include <netinet/in.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

std::string what;
long times = -1;  // for ever

sockaddr_in place() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8080);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const auto& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void act(int udp, int tcp, int stream) {
  const sockaddr_in address = place();
  if (what == "connect") ::connect(udp, generic(address), sizeof address);
  if (what == "bind") ::bind(udp, generic(address), sizeof address);
  if (what == "listen") ::listen(tcp, 1);
  if (what == "connect-path") {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    std::strcpy(path.sun_path, "/work/none");
    ::connect(stream, generic(path), sizeof path);
  }
  if (what == "violate") ::syscall(SYS_ptrace, 0, 0, 0, 0);
  if (what == "map") ::munmap(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
  if (what == "hold") {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    ::connect(client, generic(address), sizeof address);
    ::pause();
  }
}

void* work(void*) {
  const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int tcp = ::socket(AF_INET, SOCK_STREAM, 0);
  const int stream = ::socket(AF_UNIX, SOCK_STREAM, 0);
  for (long i = 0; i != times; ++i) act(udp, tcp, stream);
  return nullptr;
}

std::string bytes_of(const char* hexadecimal) {
  std::string bytes;
  for (; hexadecimal[0] != '\0' && hexadecimal[1] != '\0'; hexadecimal += 2) {
    const char digits[] = {hexadecimal[0], hexadecimal[1], '\0'};
    bytes.push_back(static_cast<char>(std::strtol(digits, nullptr, 16)));
  }
  return bytes;
}

// Whole ones, 64 KiB at most.
std::string chunk_of(const std::string& bytes) {
  std::string chunk;
  while (chunk.size() + bytes.size() <= (64 << 10)) chunk += bytes;
  return chunk;
}

int pour(long chunks, const std::string& chunk) {
  for (long i = 0; i != chunks; ++i) {
    for (std::size_t done = 0; done < chunk.size();) {
      const ssize_t count = ::write(1, chunk.data() + done, chunk.size() - done);
      if (count < 0) return 7;
      done += static_cast<std::size_t>(count);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 99;
  what = argv[1];
  if (what == "flood") return pour(-1, chunk_of(bytes_of(argv[2])));
  if (what == "pour") return pour(std::atol(argv[2]) * 16, chunk_of(bytes_of(argv[3])));
  if (what == "say") return pour(1, bytes_of(argv[2]));
  while (what == "small-writes") {
    if (::write(1, "x", 1) < 0) return 7;
  }
  while (what == "burn") {
    static volatile unsigned long sink;
    sink = sink + 1;
  }
  if (argc < 3) return 99;
  if (argc > 3) times = std::atol(argv[3]);
  if (what == "hold") {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = place();
    if (::bind(server, generic(address), sizeof address) != 0 || ::listen(server, 1) != 0) return 1;
  }
  std::vector<pthread_t> threads(static_cast<std::size_t>(std::atol(argv[2])));
  for (pthread_t& thread : threads) {
    if (::pthread_create(&thread, nullptr, work, nullptr) != 0) return 1;
  }
  for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
  std::puts("done");
  return 0;
}
