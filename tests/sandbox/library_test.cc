// libevalrun: sessions, their events and results. What its process keeps for itself is in library_host_test.cc.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/sessions.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const SpawnOptions kFed{.stdin_from = StdinFrom::Caller};

bool is_readable(int descriptor) {
  pollfd poll{descriptor, POLLIN, 0};
  return ::poll(&poll, 1, 0) == 1;
}

bool a_process_mentions(const std::string& mark) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file(entry.path() / "cmdline").find(mark) != std::string::npos) return true;
  }
  return false;
}

ErrorDetails error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.details();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

// ---- Events and results ---------------------------------------------------------------------------------------------

TEST(library, a_session_tells_that_it_started_what_was_written_and_that_it_is_complete) {
  Engine engine;
  Hearing hearing;
  const Session session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"say", "out", "complain", "err", "exit", "3"})));
  const Result result = wait_for(engine, session, hearing);
  const Heard& heard = hearing.at(session.id());
  EXPECT_EQ(heard.output, "out\n");
  EXPECT_EQ(heard.error_output, "err\n");
  EXPECT_TRUE(heard.order == "soec" || heard.order == "seoc") << heard.order;
  EXPECT_EQ(result.verdict(), Verdict::Re);
  EXPECT_EQ(result.standard_output(), "out\n");
  EXPECT_EQ(result.standard_error(), "err\n");
  EXPECT_FALSE(engine.next_event());
}

TEST(library, sessions_of_one_kind_of_plan_can_be_prepared_ahead_and_are_told_their_jobs) {
  Engine engine({.prepared = 2});
  const auto plan_with = [&](const std::string& word) {
    return compile_text(engine,
                        probe_plan("probe", {"say", word, "echo"}, "stdin = { text = \"in of " + word + "\" }\n"));
  };
  for (int i = 0; i < 12; ++i) {
    Hearing hearing;
    const std::string word = "word" + std::to_string(i);
    const Session session = engine.spawn(plan_with(word));
    const Result result = wait_for(engine, session, hearing);
    EXPECT_EQ(result.verdict(), Verdict::Ok) << result.message();
    EXPECT_EQ(result.standard_output(), word + "\nin of " + word);
    EXPECT_EQ(hearing.at(session.id()).order.front(), 's');
    // Time to prepare what comes next.
    for (int round = 0; round < 20; ++round) engine.dispatch(1ms);
  }
  // Another kind, by its limit, runs as well, and so does one that is fed by its caller.
  EXPECT_EQ(run_to_end(engine, probe_plan("probe", {"say", "x"}, "limits.open_files = 64\n")).standard_output(), "x\n");
  Hearing hearing;
  Session fed = engine.spawn(plan_with("fed"), kFed);
  EXPECT_EQ(fed.write_stdin("by hand").taken, 7U);
  fed.close_stdin();
  const Result told = wait_for(engine, fed, hearing);
  EXPECT_EQ(told.standard_output(), "fed\nby hand") << told.message();
}

TEST(library, output_is_told_while_the_program_runs) {
  Engine engine;
  Hearing hearing;
  Session session = engine.spawn(compile_text(engine, probe_plan("probe", {"say", "early", "sleep", "9"})));
  while (hearing[session.id()].output.empty()) turn(engine, hearing);
  EXPECT_EQ(hearing[session.id()].output, "early\n");
  EXPECT_FALSE(session.finished());
}

TEST(library, whoever_wants_no_output_events_gets_none_and_the_result_has_it_all_the_same) {
  Engine engine;
  Hearing hearing;
  const Session session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"say", "x"})), {.output_events = OutputEvents::None});
  EXPECT_EQ(wait_for(engine, session, hearing).standard_output(), "x\n");
  EXPECT_EQ(hearing.at(session.id()).order, "sc");
}

TEST(library, the_result_is_the_json_that_the_command_prints) {
  const std::string plan = probe_plan("probe", {"say", "hello", "exit", "4"});
  Engine engine;
  const nlohmann::json ours = nlohmann::json::parse(run_to_end(engine, plan).json());
  const nlohmann::json commands = run_plan(plan).result;
  const auto keys = [](const nlohmann::json& json) {
    std::vector<std::string> names;
    const nlohmann::json flat = json.flatten();
    for (const auto& [name, value] : flat.items()) {
      if (!name.starts_with("/host/warnings")) names.push_back(name);
    }
    return names;
  };
  EXPECT_EQ(keys(ours), keys(commands));
  for (const char* key : {"version", "verdict", "outcome", "message", "stdout", "stderr", "layers"}) {
    EXPECT_EQ(ours.at(key), commands.at(key)) << key;
  }
}

TEST(library, results_have_the_main_fields_by_type) {
  struct Row {
    std::vector<std::string> words;
    std::string more;
    Verdict verdict;
    OutcomeKind outcome;
    std::optional<int> exit_code = {}, signal = {};
    std::optional<Limit> limit = {};
    int exit_status = 1;
  };
  const std::vector<Row> rows = {
      {{"exit", "0"}, "", Verdict::Ok, OutcomeKind::Exited, 0, {}, {}, 0},
      {{"exit", "7"}, "", Verdict::Re, OutcomeKind::Exited, 7},
      {{"raise", "11"}, "", Verdict::Re, OutcomeKind::Signaled, {}, 11},
      {{"sleep", "9"}, "limits.wall = \"100ms\"\n", Verdict::Tle, OutcomeKind::Limit, {}, {}, Limit::Wall},
      {{"burn", "9"}, "limits.cpu = \"100ms\"\n", Verdict::Tle, OutcomeKind::Limit, {}, {}, Limit::Cpu},
      {{"touch", "200"}, "limits.memory = \"32MiB\"\n", Verdict::Mle, OutcomeKind::Limit, {}, {}, Limit::Memory},
      {{"write", "9999"}, "limits.output = \"1KiB\"\n", Verdict::Ole, OutcomeKind::Limit, {}, {}, Limit::OutputSize},
      {{"call", "ptrace", "16", "1", "0", "0"}, "", Verdict::Sv, OutcomeKind::Violation},
  };
  Engine engine;
  for (const Row& row : rows) {
    const Result result = run_to_end(engine, probe_plan("probe", row.words, row.more));
    EXPECT_EQ(result.verdict(), row.verdict) << row.words[0] << ": " << result.json();
    EXPECT_EQ(result.outcome(), row.outcome) << row.words[0];
    EXPECT_EQ(result.exit_code(), row.exit_code) << row.words[0];
    EXPECT_EQ(result.signal(), row.signal) << row.words[0];
    EXPECT_EQ(result.limit(), row.limit) << row.words[0];
    EXPECT_EQ(result.exit_status(), row.exit_status) << row.words[0];
    const nlohmann::json json = nlohmann::json::parse(result.json());
    EXPECT_EQ(json.at("verdict"), name_of(result.verdict()));
    EXPECT_EQ(json.at("outcome").at("kind"), name_of(result.outcome()));
    EXPECT_EQ(json.at("outcome").value("limit", ""), result.limit() ? name_of(*result.limit()) : "");
    EXPECT_EQ(json.at("message"), result.message());
    EXPECT_EQ(json.at("cpu").at("total_us"), result.cpu().count());
    EXPECT_EQ(json.at("wall_us"), result.wall().count());
    EXPECT_EQ(json.at("memory").at("peak_bytes"), result.memory_peak());
    EXPECT_EQ(json.at("stdout").at("bytes"), result.standard_output_bytes());
  }
}

TEST(library, a_submission_that_is_no_program_is_a_result_and_no_error) {
  Engine engine;
  const Result result =
      run_to_end(engine, "argv = [\"/work/x\"]\nfiles.\"x\" = { text = \"no program\", mode = \"0755\" }\n");
  EXPECT_EQ(result.verdict(), Verdict::Re);
  EXPECT_EQ(result.outcome(), OutcomeKind::NotStarted);
}

TEST(library, a_plan_is_compiled_once_and_spawned_by_any_engine) {
  Engine first, second;
  const CompiledPlan plan = compile_text(first, probe_plan("probe", {"say", "again"}));
  Hearing hearing;
  for (Engine* engine : {&first, &first, &second}) {
    const Session session = engine->spawn(plan);
    EXPECT_EQ(wait_for(*engine, session, hearing).standard_output(), "again\n");
  }
}

TEST(library, overrides_are_those_of_the_commands_set) {
  Engine engine;
  const CompiledPlan plan = engine.compile({.text = probe_plan("probe", {"hostname"}), .folder = "/"}, [] {
    std::vector<std::string> overrides = accepted_lacks();
    overrides.emplace_back("hostname=other");
    return overrides;
  }());
  Hearing hearing;
  EXPECT_EQ(wait_for(engine, engine.spawn(plan), hearing).standard_output(), "hostname other\n");
}

TEST(library, collected_files_are_saved_where_the_caller_says_and_nowhere_else) {
  const TemporaryFolder folder;
  Engine engine;
  const std::string plan = probe_plan("probe", {"create", "/work/made"}, "collect = [\"made\"]\n");
  const Result saved = run_to_end(engine, plan, {.save_to = folder.path() / "saved"});
  EXPECT_TRUE(fs::exists(folder.path() / "saved/made")) << saved.json();
  const Result unsaved = run_to_end(engine, plan);
  EXPECT_EQ(nlohmann::json::parse(unsaved.json()).at("files").size(), 0U);
}

// ---- Errors ---------------------------------------------------------------------------------------------------------

TEST(library, an_error_in_a_plan_has_its_place) {
  Engine engine;
  const ErrorDetails details =
      error_of([&] { engine.compile({.text = "argv = [\"/x\"]\n[limits]\n  cpu = 2\n", .file = "my.toml"}); });
  EXPECT_EQ(details.kind, ErrorKind::Plan);
  EXPECT_EQ(details.file, "my.toml");
  EXPECT_EQ(details.line, 3U);
  EXPECT_EQ(details.column, 9U);
  EXPECT_EQ(details.key, "limits.cpu");
  const ErrorDetails missing = error_of([&] { engine.compile_file("/nowhere/plan.toml"); });
  EXPECT_EQ(missing.kind, ErrorKind::Plan);
  EXPECT_EQ(missing.file, "/nowhere/plan.toml");
}

TEST(library, an_error_of_the_spawn_leaves_nothing_behind) {
  const TemporaryFolder folder;
  const fs::path input = folder.write("in", "x");
  Engine engine;
  const CompiledPlan plan =
      compile_text(engine, probe_plan("probe", {"count-input"}, "stdin.file = \"" + input.string() + "\"\n"));
  Hearing hearing;
  EXPECT_EQ(wait_for(engine, engine.spawn(plan), hearing).standard_output(), "input 1\n");
  fs::remove(input);
  const ErrorDetails details = error_of([&] { engine.spawn(plan); });
  EXPECT_EQ(details.kind, ErrorKind::Plan);
  EXPECT_EQ(details.key, "stdin");
  engine.dispatch(0ms);
  EXPECT_FALSE(engine.next_event());
}

TEST(library, what_must_not_be_called_says_so) {
  Engine engine;
  Session session = engine.spawn(compile_text(engine, probe_plan("probe", {"sleep", "9"})));
  EXPECT_EQ(error_of([&] { static_cast<void>(session.result()); }).kind, ErrorKind::Usage);
  EXPECT_EQ(error_of([&] { session.write_stdin("x"); }).kind, ErrorKind::Usage);
}

TEST(library, a_plan_that_inherits_gets_the_hosts_streams_only_where_the_host_shares_them) {
  Engine engine;
  for (const char* key : {"stdin", "stdout", "stderr"}) {
    const CompiledPlan plan =
        compile_text(engine, probe_plan("probe", {"exit", "0"}, std::string(key) + " = \"inherit\"\n"));
    const ErrorDetails details = error_of([&] { engine.spawn(plan); });
    EXPECT_EQ(details.kind, ErrorKind::Plan);
    EXPECT_EQ(details.key, key);
    Hearing hearing;
    const Session session = engine.spawn(plan, {.host_streams = HostStreams::Shared});
    EXPECT_EQ(wait_for(engine, session, hearing).verdict(), Verdict::Ok) << key;
  }
  const CompiledPlan fed = compile_text(engine, probe_plan("probe", {"exit", "0"}, "stdin = \"inherit\"\n"));
  Hearing hearing;
  EXPECT_EQ(wait_for(engine, engine.spawn(fed, kFed), hearing).verdict(), Verdict::Ok);
}

// ---- Standard input -------------------------------------------------------------------------------------------------

TEST(library, a_dialogue_goes_line_by_line) {
  Engine engine;
  Hearing hearing;
  Session session = engine.spawn(compile_text(engine, probe_plan("probe", {"echo"})), kFed);
  std::string said;
  for (const std::string line : {"one\n", "two\n", "three\n"}) {
    const Written written = session.write_stdin(line);
    EXPECT_EQ(written.taken, line.size());
    EXPECT_EQ(written.state, StdinState::Open);
    said += line;
    while (hearing[session.id()].output.size() < said.size()) turn(engine, hearing);
    EXPECT_EQ(hearing[session.id()].output, said);
  }
  EXPECT_FALSE(session.finished());
  session.close_stdin();
  EXPECT_EQ(session.write_stdin("more").state, StdinState::Closed);
  EXPECT_EQ(wait_for(engine, session, hearing).verdict(), Verdict::Ok);
}

TEST(library, the_end_of_input_reaches_one_session_however_many_others_were_spawned_after_it) {
  Engine engine;
  Hearing hearing;
  const CompiledPlan plan = compile_text(engine, probe_plan("probe", {"count-input"}));
  Session first = engine.spawn(plan, kFed);
  std::vector<Session> others;
  for (int i = 0; i < 3; ++i) others.push_back(engine.spawn(plan, kFed));
  while (std::ranges::any_of(others, [&](const Session& other) { return hearing[other.id()].order.empty(); })) {
    turn(engine, hearing);
  }
  first.write_stdin("abc");
  first.close_stdin();
  EXPECT_EQ(wait_for(engine, first, hearing).standard_output(), "input 3\n");
  EXPECT_TRUE(std::ranges::none_of(others, [](const Session& other) { return other.finished(); }));
}

// evalbox: standard input was written whole before anything was supervised.
TEST(library, input_and_output_larger_than_a_pipe_pass_each_other) {
  constexpr std::size_t kMuch = 2'000'000;
  Engine engine;
  Hearing hearing;
  Session session = engine.spawn(
      compile_text(engine, probe_plan("probe", {"write", std::to_string(kMuch), "count-input"}, "stdout = \"null\"\n")),
      kFed);
  const std::string all(kMuch, 'i');
  std::size_t done = 0;
  Written written = session.write_stdin(all);
  EXPECT_LT(written.taken, all.size()) << "no pipe holds so much";
  EXPECT_EQ(written.state, StdinState::Full);
  for (done = written.taken; done < all.size();) {
    Heard& heard = hearing[session.id()];
    heard.order.clear();
    turn(engine, hearing);
    if (heard.order.find('r') == std::string::npos) continue;
    written = session.write_stdin(std::string_view(all).substr(done));
    EXPECT_GT(written.taken, 0U) << "there was said to be room";
    done += written.taken;
  }
  EXPECT_EQ(written.state, StdinState::Open);
  session.close_stdin();
  const Result result = wait_for(engine, session, hearing);
  EXPECT_EQ(result.verdict(), Verdict::Ok);
  EXPECT_TRUE(hearing[session.id()].output.ends_with("xinput 2000000\n"));
  EXPECT_EQ(hearing[session.id()].output.size(), kMuch + 14);
}

TEST(library, input_that_nobody_reads_is_refused_at_the_pipes_size_and_the_limits_hold) {
  Engine engine;
  Hearing hearing;
  Session session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"sleep", "9"}, "limits.wall = \"200ms\"\n")), kFed);
  EXPECT_EQ(session.write_stdin(std::string(1 << 20, 'i')).state, StdinState::Full);
  EXPECT_EQ(session.write_stdin("more").taken, 0U);
  const Result result = wait_for(engine, session, hearing);
  EXPECT_EQ(result.limit(), Limit::Wall);
  EXPECT_EQ(session.write_stdin("after the end").state, StdinState::Closed);
}

TEST(library, input_to_a_program_that_has_closed_it_is_told_and_raises_no_signal) {
  Engine engine;
  Hearing hearing;
  Session session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"close", "0", "say", "closed", "sleep", "9"})), kFed);
  while (hearing[session.id()].output.empty()) turn(engine, hearing);
  const auto before = ::signal(SIGPIPE, SIG_DFL);
  const Written written = session.write_stdin("x");  // SIGPIPE would end this process
  ::signal(SIGPIPE, before);
  EXPECT_EQ(written.taken, 0U);
  EXPECT_EQ(written.state, StdinState::Closed);
}

// ---- Ends -----------------------------------------------------------------------------------------------------------

// evalbox: the session hung for ever.
TEST(library, a_program_that_closes_its_output_and_sleeps_meets_the_wall_limit) {
  Engine engine;
  const Result result =
      run_to_end(engine, probe_plan("probe", {"close", "1", "close", "2", "sleep", "60"}, "limits.wall = \"200ms\"\n"));
  EXPECT_EQ(result.limit(), Limit::Wall);
}

// evalbox: the chunk that crossed the limit was dropped.
TEST(library, output_up_to_its_limit_is_told_to_the_last_byte) {
  Engine engine;
  Hearing hearing;
  const Session session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"write", "200000"}, "limits.output = \"100000B\"\n")));
  const Result result = wait_for(engine, session, hearing);
  EXPECT_EQ(result.limit(), Limit::OutputSize);
  EXPECT_EQ(hearing[session.id()].output, std::string(100'000, 'x'));
  EXPECT_EQ(result.standard_output(), hearing[session.id()].output);
}

// evalbox: only the direct child was killed.
TEST(library, kill_ends_every_descendant_and_the_result_says_who_did_it) {
  const std::string mark = "297." + std::to_string(::getpid());
  Engine engine;
  Hearing hearing;
  Session session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"daemon", mark, "say", "there", "sleep", "60"})));
  while (hearing[session.id()].output.empty()) turn(engine, hearing);
  EXPECT_TRUE(a_process_mentions(mark));
  session.kill();
  const Result result = wait_for(engine, session, hearing);
  EXPECT_FALSE(a_process_mentions(mark));
  EXPECT_EQ(result.verdict(), Verdict::Cancelled);
  EXPECT_EQ(result.outcome(), OutcomeKind::Cancelled);
  EXPECT_EQ(result.message(), "cancelled by SIGKILL");
  EXPECT_EQ(result.signal(), std::nullopt);
  EXPECT_EQ(result.standard_output(), "there\n");
  session.kill();  // harmless
  EXPECT_TRUE(session.finished());
}

TEST(library, kill_before_the_program_started_ends_the_session_too) {
  Engine engine;
  Hearing hearing;
  Session session = engine.spawn(compile_text(engine, probe_plan("probe", {"sleep", "60"})));
  session.interrupt(SIGTERM);
  const Result result = wait_for(engine, session, hearing);
  EXPECT_EQ(result.verdict(), Verdict::Cancelled);
  EXPECT_EQ(result.message(), "cancelled by SIGTERM");
}

TEST(library, a_session_that_is_destroyed_is_dead_and_is_not_heard_of_again) {
  const std::string mark = "296." + std::to_string(::getpid());
  Engine engine;
  Hearing hearing;
  std::optional<Session> session =
      engine.spawn(compile_text(engine, probe_plan("probe", {"daemon", mark, "say", "there", "sleep", "60"})));
  const std::uint64_t id = session->id();
  while (hearing[id].output.empty()) turn(engine, hearing);
  engine.dispatch(0ms);
  session.reset();
  EXPECT_FALSE(a_process_mentions(mark));
  EXPECT_FALSE(engine.next_event());
  engine.dispatch(0ms);
  EXPECT_FALSE(engine.next_event());
}

TEST(library, a_session_may_be_destroyed_when_its_event_is_heard_and_outlive_its_engine) {
  std::optional<Session> left;
  {
    Engine engine;
    const CompiledPlan plan = compile_text(engine, probe_plan("probe", {"say", "x", "sleep", "60"}));
    std::map<std::uint64_t, Session> sessions;
    for (int i = 0; i < 3; ++i) {
      Session session = engine.spawn(plan);
      sessions.emplace(session.id(), std::move(session));
    }
    while (sessions.size() > 1) {
      engine.dispatch();
      while (const std::optional<Event> event = engine.next_event()) {
        if (event->kind == EventKind::Stdout && sessions.size() > 1) sessions.erase(event->session);
      }
    }
    left = std::move(sessions.begin()->second);
  }
  EXPECT_FALSE(left->finished());
  left->kill();
}

// ---- Many at once ---------------------------------------------------------------------------------------------------

TEST(library, many_sessions_run_from_a_loop_of_the_callers_own) {
  constexpr int kSessions = 24;
  Engine engine;
  EXPECT_FALSE(is_readable(engine.descriptor()));
  const CompiledPlan plan =
      compile_text(engine, probe_plan("probe", {"echo", "say", "bye"}, "limits.cpus = \"any\"\n"));
  std::map<std::uint64_t, Session> sessions;
  for (int i = 0; i < kSessions; ++i) {
    Session session = engine.spawn(plan, kFed);
    session.write_stdin(std::to_string(i) + "\n");
    session.close_stdin();
    sessions.emplace(session.id(), std::move(session));
  }
  Hearing hearing;
  const auto unfinished = [&] {
    return std::ranges::any_of(sessions, [](const auto& each) { return !each.second.finished(); });
  };
  while (unfinished()) {
    pollfd poll{engine.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&poll, 1, 20'000), 1) << "the descriptor tells nothing any more";
    engine.dispatch(0ms);
    take_events(engine, hearing);
  }
  int i = 0;
  for (const auto& [id, session] : sessions) {
    EXPECT_EQ(hearing.at(id).output, std::to_string(i++) + "\nbye\n");
    EXPECT_EQ(hearing.at(id).order, "soc");
    EXPECT_EQ(session.result().verdict(), Verdict::Ok);
  }
  EXPECT_FALSE(is_readable(engine.descriptor()));
}

TEST(library, dispatch_waits_no_longer_than_it_is_told_and_not_at_all_where_events_wait) {
  Engine engine;
  const auto took = [&](std::optional<std::chrono::milliseconds> timeout) {
    const auto began = std::chrono::steady_clock::now();
    engine.dispatch(timeout);
    return std::chrono::steady_clock::now() - began;
  };
  EXPECT_LT(took(0ms), 1s);
  const auto waited = took(50ms);
  EXPECT_GE(waited, 49ms);
  EXPECT_LT(waited, 5s);
  const Session session = engine.spawn(compile_text(engine, probe_plan("probe", {"sleep", "60"})));
  engine.dispatch();  // until it has started, or a turn before
  Hearing hearing;
  while (hearing[session.id()].order.empty()) turn(engine, hearing);
  Session other = engine.spawn(compile_text(engine, probe_plan("probe", {"say", "x"})));
  bool waits = false;
  while (!other.finished()) {
    engine.dispatch();
    waits = true;  // nothing is taken
  }
  EXPECT_TRUE(waits);
  EXPECT_LT(took(std::nullopt), 5s) << "it would be the other session's sleep";
}

// ---- Grading --------------------------------------------------------------------------------------------------------

std::string two_cases(const std::string& second) {
  return probe_plan("probe", {"count-input"}) +
         "[[case]]\nstdin.text = \"abc\"\nexpect.text = \"input 3\\n\"\n[[case]]\nstdin.text = \"\"\nexpect.text = \"" +
         second + "\"\npoints = 2\n";
}

TEST(library, a_graded_plan_is_a_session_too) {
  Engine engine;
  Hearing hearing;
  const CompiledPlan plan = compile_text(engine, two_cases("input 0\\n"));
  EXPECT_TRUE(plan.is_graded());
  const Session session = engine.spawn(plan);
  const Result right = wait_for(engine, session, hearing);
  EXPECT_EQ(right.verdict(), Verdict::Ac) << right.json();
  EXPECT_EQ(right.score(), 3U);
  EXPECT_EQ(right.score_max(), 3U);
  EXPECT_EQ(right.exit_status(), 0);
  EXPECT_EQ(right.exit_code(), 0);
  EXPECT_EQ(hearing.at(session.id()).order, "c");
  const Result wrong = run_to_end(engine, two_cases("input 1\\n"));
  EXPECT_EQ(wrong.verdict(), Verdict::Wa);
  EXPECT_EQ(wrong.score(), 1U);
  EXPECT_EQ(nlohmann::json::parse(wrong.json()).at("cases").size(), 2U);
}

TEST(library, graded_and_other_sessions_share_an_engine) {
  Engine engine;
  Hearing hearing;
  const CompiledPlan graded = compile_text(engine, two_cases("input 0\\n"));
  const CompiledPlan plain = compile_text(engine, probe_plan("probe", {"say", "x"}));
  EXPECT_FALSE(plain.is_graded());
  std::vector<Session> sessions;
  for (int i = 0; i < 3; ++i) {
    sessions.push_back(engine.spawn(graded, {.jobs = 2}));
    sessions.push_back(engine.spawn(plain));
  }
  for (const Session& session : sessions) wait_for(engine, session, hearing);
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    EXPECT_EQ(sessions[i].result().verdict(), i % 2 == 0 ? Verdict::Ac : Verdict::Ok);
  }
}

TEST(library, a_graded_session_can_be_killed_and_takes_no_input) {
  Engine engine;
  Hearing hearing;
  const CompiledPlan plan =
      compile_text(engine, probe_plan("probe", {"sleep", "60"}) + "[[case]]\nexpect.text = \"\"\n");
  Session session = engine.spawn(plan);
  session.kill();
  EXPECT_EQ(wait_for(engine, session, hearing).verdict(), Verdict::Cancelled);
  EXPECT_EQ(error_of([&] { engine.spawn(plan, kFed); }).kind, ErrorKind::Usage);
}

// ---- Whose the runs are ---------------------------------------------------------------------------------------------

// A folder of the host that the program may write to, of the user who the test says.
class SharedFolder {
 public:
  explicit SharedFolder(unsigned owner) {
    if (::mkdtemp(path_.data()) == nullptr || ::chown(path_.c_str(), owner, owner) != 0) ADD_FAILURE() << path_;
  }
  ~SharedFolder() { fs::remove_all(path_); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string as_mount() const {
    return "[[mount]]\nbind = \"" + path_ + "\"\nat = \"/shared\"\nwrite = true\n";
  }

 private:
  std::string path_ = "/tmp/evalrun-shared-XXXXXX";
};

unsigned somebody() {
  return ::geteuid() == 0 ? 61'999 : ::geteuid();
}

TEST(library, runs_of_a_chosen_uid_write_to_a_folder_of_that_uid_and_others_do_not) {
  const SharedFolder folder(somebody());
  const std::string plan = probe_plan("probe", {"create", "/shared/file"}) + folder.as_mount();
  if (::geteuid() == 0) {
    Engine other;
    EXPECT_EQ(run_to_end(other, plan).standard_output(), "create /shared/file EACCES\n");
  }
  Engine engine({.outside_uid = somebody()});
  const Result result = run_to_end(engine, plan);
  EXPECT_EQ(result.standard_output(), "create /shared/file OK\n");
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() + "/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, somebody());
}

TEST(library, a_chosen_uid_is_never_roots_and_only_root_chooses) {
  for (const unsigned uid : {0U, ::geteuid() == 0 ? 0U : ::geteuid() + 1}) {
    Engine engine({.outside_uid = uid});
    EXPECT_EQ(error_of([&] { compile_text(engine, probe_plan("probe", {"say", "x"})); }).kind, ErrorKind::Usage);
  }
}

TEST(library, no_two_runs_of_roots_at_a_time_have_the_chosen_uid) {
  const bool is_root = ::geteuid() == 0;
  const unsigned uid = is_root ? 61'998 : ::geteuid();
  Engine first({.outside_uid = uid}), second({.outside_uid = uid}), third({.outside_uid = is_root ? uid - 1 : uid});
  const CompiledPlan plan = compile_text(first, probe_plan("probe", {"sleep", "30"}));
  const Session running = first.spawn(plan);
  if (is_root) {
    const ErrorDetails error = error_of([&] { second.spawn(compile_text(second, probe_plan("probe", {"say", "x"}))); });
    EXPECT_EQ(error.error, EAGAIN);
    EXPECT_TRUE(error.retryable);
  }
  EXPECT_EQ(run_to_end(third, probe_plan("probe", {"say", "x"})).standard_output(), "x\n");
}

}  // namespace
}  // namespace evalrun::test
