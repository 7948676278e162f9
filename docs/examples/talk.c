/* Talks to a program in a sandbox: what is typed here goes to its standard input, what it writes comes back. Neither
 * side can block the other: what the program has no room for yet is kept, and nothing more is read meanwhile.
 *
 *   talk PLAN
 *
 * cc talk.c $(pkg-config --cflags --libs evalrun)
 */

#include <evalrun/evalrun.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct talk {
  evalrun_engine *engine;
  evalrun_session *session;
  char line[4096]; /* what was read and not yet taken */
  size_t begin, end;
  int input_ended;
  int completed;
};

static int fail(evalrun_error *error) {
  const int status = evalrun_error_get_kind(error) == EVALRUN_ERROR_PLAN ? 2 : 3;
  fprintf(stderr, "talk: %s\n", evalrun_error_message(error));
  evalrun_error_free(error);
  return status;
}

/* Gives the program what there is room for. 1: all of it, or nobody reads any more; 0: an event will tell; -1. */
static int pass_on(struct talk *talk, evalrun_error **error) {
  size_t taken = 0;
  const int state = evalrun_session_write_stdin(talk->session, talk->line + talk->begin, talk->end - talk->begin,
                                                &taken, error);
  if (state < 0) return -1;
  talk->begin += taken;
  if (state == EVALRUN_STDIN_CLOSED) {
    talk->begin = talk->end;
    talk->input_ended = 1;
  }
  return talk->begin == talk->end;
}

static int read_line(struct talk *talk, evalrun_error **error) {
  const ssize_t count = read(STDIN_FILENO, talk->line, sizeof talk->line);
  if (count <= 0) {
    talk->input_ended = 1;
    evalrun_session_close_stdin(talk->session);
    return 0;
  }
  talk->begin = 0;
  talk->end = (size_t)count;
  return pass_on(talk, error) < 0 ? -1 : 0;
}

static int take_events(struct talk *talk, evalrun_error **error) {
  evalrun_event event;
  while (evalrun_engine_next_event(talk->engine, &event)) {
    switch (event.kind) {
      case EVALRUN_EVENT_STARTED: break;
      case EVALRUN_EVENT_STDOUT: fwrite(event.bytes, 1, event.length, stdout); break;
      case EVALRUN_EVENT_STDERR: fwrite(event.bytes, 1, event.length, stderr); break;
      case EVALRUN_EVENT_STDIN_ROOM:
        if (pass_on(talk, error) < 0) return -1;
        break;
      case EVALRUN_EVENT_COMPLETED: talk->completed = 1; break;
    }
  }
  fflush(stdout);
  return 0;
}

static int talk_to_the_end(struct talk *talk, evalrun_error **error) {
  while (!talk->completed) {
    const int wants_input = !talk->input_ended && talk->begin == talk->end;
    struct pollfd watched[2] = {{evalrun_engine_descriptor(talk->engine), POLLIN, 0},
                                {wants_input ? STDIN_FILENO : -1, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0 && read_line(talk, error) < 0) return -1;
    if (evalrun_engine_dispatch(talk->engine, 0, error) < 0) return -1;
    if (take_events(talk, error) < 0) return -1;
  }
  return 0;
}

int main(int argc, char **argv) {
  struct talk talk;
  evalrun_error *error = NULL;
  evalrun_plan *plan = NULL;
  int status = 3;
  memset(&talk, 0, sizeof talk);
  if (argc != 2) {
    fprintf(stderr, "usage: talk PLAN\n");
    return 2;
  }
  talk.engine = evalrun_engine_new(NULL, &error);
  if (talk.engine != NULL) plan = evalrun_plan_compile_file(talk.engine, argv[1], NULL, &error);
  if (plan != NULL) {
    evalrun_spawn_options options = {.size = sizeof options, .stdin_from_caller = 1};
    talk.session = evalrun_session_spawn(talk.engine, plan, &options, &error);
  }
  if (talk.session != NULL && talk_to_the_end(&talk, &error) == 0) {
    const evalrun_result *result = evalrun_session_result(talk.session);
    fprintf(stderr, "%s: %s\n", evalrun_result_verdict_name(result), evalrun_result_message(result));
    status = evalrun_result_exit_status(result);
  } else {
    status = fail(error);
  }
  evalrun_session_free(talk.session);
  evalrun_plan_free(plan);
  evalrun_engine_free(talk.engine);
  return status;
}
