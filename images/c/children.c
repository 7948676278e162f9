// A parent deals work to child processes over pipes, then reads back results, exit codes and a signal.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 4 };

struct child {
  pid_t pid;
  int result;  // the read end of the pipe on which the child answers
};

static unsigned long longest_collatz_below(unsigned long limit) {
  unsigned long best = 1;
  unsigned best_steps = 0;
  for (unsigned long start = 1; start < limit; start++) {
    unsigned steps = 0;
    for (unsigned long n = start; n != 1; n = n % 2 == 0 ? n / 2 : 3 * n + 1) steps++;
    if (steps > best_steps) {
      best_steps = steps;
      best = start;
    }
  }
  return best;
}

static struct child start(int number) {
  int ends[2];
  if (pipe(ends) != 0) {
    perror("pipe");
    exit(EXIT_FAILURE);
  }
  pid_t pid = fork();
  if (pid < 0) {
    perror("fork");
    exit(EXIT_FAILURE);
  }
  if (pid == 0) {
    close(ends[0]);
    if (number == CHILDREN - 1) raise(SIGTERM);
    unsigned long answer = longest_collatz_below(1000UL << (2 * number));
    if (write(ends[1], &answer, sizeof answer) != sizeof answer) _exit(99);
    _exit(10 + number);
  }
  close(ends[1]);
  return (struct child){.pid = pid, .result = ends[0]};
}

int main(void) {
  struct child children[CHILDREN];
  for (int i = 0; i < CHILDREN; i++) children[i] = start(i);

  for (int i = 0; i < CHILDREN; i++) {
    unsigned long answer;
    ssize_t length = read(children[i].result, &answer, sizeof answer);
    close(children[i].result);
    int status;
    if (waitpid(children[i].pid, &status, 0) != children[i].pid) {
      perror("waitpid");
      return EXIT_FAILURE;
    }
    if (WIFSIGNALED(status)) {
      printf("child %d: ended by signal %d\n", i, WTERMSIG(status));
    } else if (length == sizeof answer) {
      printf("child %d: answer %lu, exit code %d\n", i, answer, WEXITSTATUS(status));
    }
  }

  fflush(stdout);  // what the buffer holds would be lost with this program
  execlp("printf", "printf", "%s\\n", "and now the parent is another program", (char*)NULL);
  perror("execlp");
  return EXIT_FAILURE;
}
