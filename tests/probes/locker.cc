// Locks files, and says how each was answered. Static: it runs with nothing mounted. Words:
//   threads N                  starts N threads that wait, once
//   lock KIND FILE             flock, posix or ofd, each also as KIND-shared
//   ask FILE                   asks by F_GETLK who holds a lock
//   contend KIND FILE          a child is kept out while this process holds the lock, and has it afterwards
//   race OWN OTHER TRIES       one thread locks OWN while another gives its number to OTHER

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

enum class Wait { Yes, No };

// 0 or errno.
int lock_file(int file, const std::string& kind, Wait wait) {
  const bool is_shared = kind.ends_with("-shared");
  const std::string name = is_shared ? kind.substr(0, kind.find('-')) : kind;
  if (name == "flock") {
    return ::flock(file, (is_shared ? LOCK_SH : LOCK_EX) | (wait == Wait::No ? LOCK_NB : 0)) == 0 ? 0 : errno;
  }
  struct flock range {};
  range.l_type = static_cast<short>(is_shared ? F_RDLCK : F_WRLCK);
  const int set = name == "ofd" ? F_OFD_SETLK : F_SETLK;
  const int set_and_wait = name == "ofd" ? F_OFD_SETLKW : F_SETLKW;
  return ::fcntl(file, wait == Wait::No ? set : set_and_wait, &range) == 0 ? 0 : errno;
}

std::string name_of(int error) {
  return error == 0 ? "ok" : ::strerrorname_np(error);
}

int open_file(const char* path) {
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  return file >= 0 ? file : ::open(path, O_RDONLY | O_CLOEXEC);
}

void lock(const std::string& kind, const char* path) {
  const int file = open_file(path);
  if (file < 0) std::printf("open: %s\n", ::strerrorname_np(errno));
  // A writer's POSIX lock needs the right to write; what is asked for here is whether a lock can be had.
  std::printf("lock %s: %s\n", kind.c_str(), name_of(lock_file(file, kind, Wait::No)).c_str());
}

void ask(const char* path) {
  struct flock range {};
  range.l_type = F_WRLCK;
  std::printf("ask: %s\n", name_of(::fcntl(open_file(path), F_GETLK, &range) == 0 ? 0 : errno).c_str());
}

void contend(const std::string& kind, const char* path) {
  const int file = open_file(path);
  if (lock_file(file, kind, Wait::No) != 0) std::printf("contend: not locked\n");
  int told[2];
  if (::pipe(told) != 0) std::exit(2);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(file);  // or the lock of this open file description would end with the child alone
    const int own = open_file(path);
    const int refused = lock_file(own, kind, Wait::No);
    const char begin = refused == EAGAIN || refused == EACCES ? 'r' : 'l';
    if (::write(told[1], &begin, 1) != 1) ::_exit(2);
    ::_exit(lock_file(own, kind, Wait::Yes));
  }
  char answer = '?';
  if (::read(told[0], &answer, 1) != 1) std::exit(2);
  ::usleep(20000);
  ::close(file);
  int status = 0;
  ::waitpid(child, &status, 0);
  std::printf("contend %s: %s, %s\n", kind.c_str(), answer == 'r' ? "refused at once" : "not refused",
              status == 0 ? "had after the other let go" : "never had");
}

// What the child can have of OTHER, nobody holds.
void race(const char* own, const char* other, int tries) {
  const int mine = open_file(own);
  const int hosts = ::open(other, O_RDONLY | O_CLOEXEC);
  const int number = ::dup(mine);
  std::atomic<bool> ends{false};
  std::thread swapper([&] {
    while (!ends) {
      ::dup2(hosts, number);
      ::dup2(mine, number);
    }
  });
  int had = 0;
  for (int i = 0; i < tries; ++i) {
    for (const char* kind : {"flock-shared", "posix-shared", "ofd-shared"}) {
      if (lock_file(number, kind, Wait::No) == 0) ++had;
    }
  }
  ends = true;
  swapper.join();
  std::printf("race: %d tries, %d locks\n", tries, had);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string verb = argv[i];
    if (verb == "threads") {
      const int count = std::atoi(argv[++i]);
      for (int each = 0; each < count; ++each) std::thread([] { ::pause(); }).detach();
    } else if (verb == "lock") {
      lock(argv[i + 1], argv[i + 2]);
      i += 2;
    } else if (verb == "ask") {
      ask(argv[++i]);
    } else if (verb == "contend") {
      contend(argv[i + 1], argv[i + 2]);
      i += 2;
    } else if (verb == "race") {
      race(argv[i + 1], argv[i + 2], std::atoi(argv[i + 3]));
      i += 3;
    }
    std::fflush(stdout);
  }
  std::fflush(stdout);
  ::_exit(0);
}
