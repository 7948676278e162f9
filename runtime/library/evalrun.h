/* libevalrun for C, and for whatever can call C: what evalrun.hh offers, over opaque handles. docs/library.md is the
 * manual of both; evalrun.hh has the theory of operation, which is the same.
 *
 * Handles: every one comes from a function that says so and goes by its _free, which takes NULL too. No other function
 * takes NULL for a handle. An engine, its plans and its sessions may be freed in any order.
 *
 * Strings are UTF-8 or the bytes of a path, and end in NUL. What a function returns as const char* belongs to the
 * handle that it was asked of and lives as long as that does.
 *
 * Errors: a function that can fail takes `evalrun_error **error` as its last argument. Where it fails it returns what
 * is said there, and, unless `error` is NULL, puts a new error there, to be freed by the caller; else it leaves it
 * alone. No C++ exception ever comes out of here.
 *
 * Versions: EVALRUN_ABI grows when something is added; nothing is ever changed or taken away under the same soname.
 * A struct of options says its own size, so that it can grow.
 */
#ifndef EVALRUN_H
#define EVALRUN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EVALRUN_ABI 2
#define EVALRUN_API __attribute__((visibility("default")))

/* EVALRUN_ABI of the library that is there now, and its version, as "0.1.0". */
EVALRUN_API int evalrun_abi(void);
EVALRUN_API const char* evalrun_version(void);

typedef struct evalrun_error evalrun_error;
typedef struct evalrun_engine evalrun_engine;
typedef struct evalrun_plan evalrun_plan;
typedef struct evalrun_session evalrun_session;
typedef struct evalrun_result evalrun_result;

/* ---- Errors ---- */

typedef enum evalrun_error_kind {
  EVALRUN_ERROR_PLAN = 0,   /* the plan asks for what cannot be: file, line, column and key say where */
  EVALRUN_ERROR_HOST = 1,   /* this host cannot give what the plan requires: stage and operation say what */
  EVALRUN_ERROR_SYSTEM = 2, /* a system call failed, or there was no memory */
  EVALRUN_ERROR_USAGE = 3   /* a function was called that must not be */
} evalrun_error_kind;

EVALRUN_API evalrun_error_kind evalrun_error_get_kind(const evalrun_error* error);
/* One sentence, as the command prints it. */
EVALRUN_API const char* evalrun_error_message(const evalrun_error* error);
/* Of a plan's error: the file's name and the key, "" where there is none; line and column count from 1, 0: none. */
EVALRUN_API const char* evalrun_error_file(const evalrun_error* error);
EVALRUN_API unsigned evalrun_error_line(const evalrun_error* error);
EVALRUN_API unsigned evalrun_error_column(const evalrun_error* error);
EVALRUN_API const char* evalrun_error_key(const evalrun_error* error);
/* Of the host's and the system's: "" where there is none; errno or 0; 1 where the same may well succeed later. */
EVALRUN_API const char* evalrun_error_stage(const evalrun_error* error);
EVALRUN_API const char* evalrun_error_operation(const evalrun_error* error);
EVALRUN_API const char* evalrun_error_subject(const evalrun_error* error);
EVALRUN_API int evalrun_error_errno(const evalrun_error* error);
EVALRUN_API int evalrun_error_is_retryable(const evalrun_error* error);
EVALRUN_API void evalrun_error_free(evalrun_error* error);

/* ---- Engines ---- */

typedef struct evalrun_engine_options {
  size_t size;               /* sizeof(evalrun_engine_options) */
  const char* const* images; /* folders of images, NULL at the end; NULL: $EVALRUN_IMAGES, then the installed ones */
  int haste_near_limits;     /* 1: see Haste in evalrun.hh */
  unsigned prepared;         /* how many sessions of the plan spawned last wait, prepared ahead: see evalrun.hh */
  unsigned outside_uid;      /* 0: as it comes; else the uid that runs have outside: see evalrun.hh */
} evalrun_engine_options;

/* `options` NULL: the defaults. NULL where it fails. */
EVALRUN_API evalrun_engine* evalrun_engine_new(const evalrun_engine_options* options, evalrun_error** error);
EVALRUN_API void evalrun_engine_free(evalrun_engine* engine);

/* An epoll descriptor: readable (POLLIN) when evalrun_engine_dispatch() has something to do. Not to be closed. */
EVALRUN_API int evalrun_engine_descriptor(const evalrun_engine* engine);

/* Does what is due, after waiting for it no longer than that (-1: as long as it takes), and not at all where there are
 * events to be taken. 0, or -1: the engine is of no use any more. */
EVALRUN_API int evalrun_engine_dispatch(evalrun_engine* engine, int timeout_ms, evalrun_error** error);

typedef enum evalrun_event_kind {
  EVALRUN_EVENT_STARTED = 0,    /* the program runs; not of graded plans */
  EVALRUN_EVENT_STDOUT = 1,     /* bytes that it wrote, within its limits; not of graded plans */
  EVALRUN_EVENT_STDERR = 2,     /* the same */
  EVALRUN_EVENT_STDIN_ROOM = 3, /* after EVALRUN_STDIN_FULL: write again */
  EVALRUN_EVENT_COMPLETED = 4   /* the last of its session: the result is there */
} evalrun_event_kind;

typedef struct evalrun_event {
  evalrun_event_kind kind;
  evalrun_session* session;
  void* user;        /* evalrun_spawn_options.user */
  const char* bytes; /* of STDOUT and STDERR, else ""; until the next call for this engine's events */
  size_t length;
} evalrun_event;

/* Takes the oldest event: 1; 0 where there is none. After each dispatch all are to be taken. */
EVALRUN_API int evalrun_engine_next_event(evalrun_engine* engine, evalrun_event* event);

/* ---- Plans ---- */

/* TOML text of `length` bytes. `folder`: what its relative paths are relative to; NULL: the working directory. `name`:
 * plan.name of results, NULL: "plan". `overrides`: "key=value", NULL at the end, or NULL. NULL where it fails. */
EVALRUN_API evalrun_plan* evalrun_plan_compile(evalrun_engine* engine, const char* text, size_t length,
                                               const char* folder, const char* name, const char* const* overrides,
                                               evalrun_error** error);
EVALRUN_API evalrun_plan* evalrun_plan_compile_file(evalrun_engine* engine, const char* file,
                                                    const char* const* overrides, evalrun_error** error);

/* What differs from one submission to the next, as bytes: nothing is quoted, and nothing is read as TOML. */
typedef struct evalrun_input_file {
  const char* name; /* below /work */
  const void* content;
  size_t length;
  const char* mode; /* "0755"; NULL: "0644" */
} evalrun_input_file;

typedef struct evalrun_plan_inputs {
  size_t size;                     /* sizeof(evalrun_plan_inputs) */
  const evalrun_input_file* files; /* over those of the same names */
  size_t file_count;
  const char* const* argv; /* in place of the plan's, NULL at the end; NULL: the plan's */
  const char* const* env;  /* "NAME=value", over those of the same names, NULL at the end; NULL: none */
  const void* stdin_bytes; /* in place of the plan's; NULL: the plan's */
  size_t stdin_length;
} evalrun_plan_inputs;

/* As evalrun_plan_compile(), with `inputs` after the overrides; NULL: none. */
EVALRUN_API evalrun_plan* evalrun_plan_compile_with(evalrun_engine* engine, const char* text, size_t length,
                                                    const char* folder, const char* name, const char* const* overrides,
                                                    const evalrun_plan_inputs* inputs, evalrun_error** error);

/* A plan's text and its images, read once, for many sessions that differ in their inputs alone: since EVALRUN_ABI 2.
 * Making a session of it costs a small part of compiling. The text may lack what inputs bring, such as argv. It belongs
 * to one thread at a time, as its engine does. NULL where it fails. */
typedef struct evalrun_family evalrun_family;
EVALRUN_API evalrun_family* evalrun_family_new(evalrun_engine* engine, const char* text, size_t length,
                                               const char* folder, const char* name, const char* const* overrides,
                                               evalrun_error** error);
EVALRUN_API void evalrun_family_free(evalrun_family* family);

EVALRUN_API int evalrun_plan_is_graded(const evalrun_plan* plan);
EVALRUN_API void evalrun_plan_free(evalrun_plan* plan);

/* ---- Sessions ---- */

typedef struct evalrun_spawn_options {
  size_t size;               /* sizeof(evalrun_spawn_options) */
  void* user;                /* for events */
  int stdin_from_caller;     /* 1: evalrun_session_write_stdin(), whatever the plan says */
  int no_output_events;      /* 1: no STDOUT and STDERR events */
  int share_host_streams;    /* 1: "inherit" in the plan may give away this process's own standard streams */
  const char* save_to;       /* the folder for files that the plan collects; NULL: none are */
  unsigned jobs;             /* of a graded plan: cases at a time, 0: one for each core */
  int stop_at_first_failure; /* of a graded plan: 1: run no case behind the first that fails */
} evalrun_spawn_options;

/* `options` NULL: the defaults. NULL where it fails; nothing is left behind then. */
EVALRUN_API evalrun_session* evalrun_session_spawn(evalrun_engine* engine, const evalrun_plan* plan,
                                                   const evalrun_spawn_options* options, evalrun_error** error);
/* The same of the plan that `family` is with `inputs`; `inputs` NULL: with none. */
EVALRUN_API evalrun_session* evalrun_session_spawn_of(evalrun_engine* engine, evalrun_family* family,
                                                      const evalrun_plan_inputs* inputs,
                                                      const evalrun_spawn_options* options, evalrun_error** error);
/* Kills what is alive of it and waits for that. Its events are gone. */
EVALRUN_API void evalrun_session_free(evalrun_session* session);
EVALRUN_API void* evalrun_session_user(const evalrun_session* session);

typedef enum evalrun_stdin_state {
  EVALRUN_STDIN_OPEN = 0,  /* all was taken */
  EVALRUN_STDIN_FULL = 1,  /* not all was taken; EVALRUN_EVENT_STDIN_ROOM follows */
  EVALRUN_STDIN_CLOSED = 2 /* nobody reads any more, or it was closed: nothing will be taken again */
} evalrun_stdin_state;

/* Never waits. How much was taken goes to `*taken`, unless that is NULL. An evalrun_stdin_state, or -1. */
EVALRUN_API int evalrun_session_write_stdin(evalrun_session* session, const void* bytes, size_t length, size_t* taken,
                                            evalrun_error** error);
EVALRUN_API void evalrun_session_close_stdin(evalrun_session* session);

/* Ends it early: EVALRUN_EVENT_COMPLETED follows, with EVALRUN_CANCELLED. 0 or -1. */
EVALRUN_API int evalrun_session_interrupt(evalrun_session* session, int signal, evalrun_error** error);
EVALRUN_API int evalrun_session_kill(evalrun_session* session, evalrun_error** error);

/* NULL before its end. It belongs to the session. */
EVALRUN_API const evalrun_result* evalrun_session_result(const evalrun_session* session);

/* ---- Results ---- */

typedef enum evalrun_verdict {
  EVALRUN_OK = 0,
  EVALRUN_AC = 1,
  EVALRUN_WA = 2,
  EVALRUN_PE = 3,
  EVALRUN_RE = 4,
  EVALRUN_TLE = 5,
  EVALRUN_MLE = 6,
  EVALRUN_OLE = 7,
  EVALRUN_SV = 8,
  EVALRUN_CE = 9,
  EVALRUN_IE = 10,
  EVALRUN_CANCELLED = 11 /* since ABI 2 */
} evalrun_verdict;

typedef enum evalrun_outcome {
  EVALRUN_EXITED = 0,
  EVALRUN_SIGNALED = 1,
  EVALRUN_LIMIT = 2,
  EVALRUN_VIOLATION = 3,
  EVALRUN_NOT_STARTED = 4,
  EVALRUN_SANDBOX_ERROR = 5,
  EVALRUN_WAS_CANCELLED = 6 /* since ABI 2: evalrun_session_interrupt() or _kill() */
} evalrun_outcome;

EVALRUN_API evalrun_verdict evalrun_result_verdict(const evalrun_result* result);
EVALRUN_API const char* evalrun_result_verdict_name(const evalrun_result* result); /* "TLE" */
EVALRUN_API const char* evalrun_result_message(const evalrun_result* result);
EVALRUN_API evalrun_outcome evalrun_result_outcome(const evalrun_result* result);
EVALRUN_API int evalrun_result_exit_code(const evalrun_result* result);     /* -1: it did not exit */
EVALRUN_API int evalrun_result_signal(const evalrun_result* result);        /* 0: no signal ended it */
EVALRUN_API const char* evalrun_result_limit(const evalrun_result* result); /* "cpu", "memory"; "": none was hit */

EVALRUN_API uint64_t evalrun_result_cpu_us(const evalrun_result* result);
EVALRUN_API uint64_t evalrun_result_wall_us(const evalrun_result* result);
EVALRUN_API uint64_t evalrun_result_memory_peak(const evalrun_result* result); /* bytes */
EVALRUN_API double evalrun_result_score(const evalrun_result* result);
EVALRUN_API double evalrun_result_score_max(const evalrun_result* result);

/* What the plan had captured; `*length` bytes, which may hold NUL. */
EVALRUN_API const char* evalrun_result_stdout(const evalrun_result* result, size_t* length);
EVALRUN_API const char* evalrun_result_stderr(const evalrun_result* result, size_t* length);

/* What `evalrun run` prints, and its exit status. NULL where there is no memory. */
EVALRUN_API const char* evalrun_result_json(const evalrun_result* result);
EVALRUN_API int evalrun_result_exit_status(const evalrun_result* result);

#ifdef __cplusplus
}
#endif

#endif
