// Runs a command on a kernel that seems to lack system calls:  without CALL[&MASK[@ARGUMENT]]=ERRNO[,…] COMMAND [WORD…]
// CALL is a number, ERRNO too; with a MASK, only where the ARGUMENT (0, the first, where it is not said) has one of its
// bits. Used to show what evalrun says where a layer is missing.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 3) return 99;
  std::vector<sock_filter> code = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (char* at = argv[1]; *at != '\0';) {
    const auto call = static_cast<unsigned>(std::strtoul(at, &at, 10));
    const auto mask = *at == '&' ? static_cast<unsigned>(std::strtoul(at + 1, &at, 0)) : 0;
    const auto argument = *at == '@' ? static_cast<unsigned>(std::strtoul(at + 1, &at, 10)) : 0;
    const auto error = static_cast<unsigned>(std::strtoul(at + 1, &at, 10));
    const sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    if (mask == 0) {
      code.insert(code.end(), {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), refuse});
    } else {
      code.insert(code.end(), {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
                               BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                        static_cast<unsigned>(offsetof(seccomp_data, args)) + 8 * argument),
                               BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1), refuse,
                               BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))});
    }
    if (*at == ',') ++at;
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  // As root the filter needs no NO_NEW_PRIVS; as an ordinary user it does, and evalrun gains nothing by exec anyway.
  if (::geteuid() != 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 98;
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 97;
  ::execvp(argv[2], argv + 2);
  std::perror("without: execvp");
  return 96;
}
