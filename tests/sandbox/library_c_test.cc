// The C interface, of the shared object: handles, errors as values, strings that live long enough.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstddef>
#include <nlohmann/json.hpp>

#include "runtime/library/evalrun.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

struct Free {
  void operator()(evalrun_engine* engine) const { evalrun_engine_free(engine); }
  void operator()(evalrun_plan* plan) const { evalrun_plan_free(plan); }
  void operator()(evalrun_family* family) const { evalrun_family_free(family); }
  void operator()(evalrun_session* session) const { evalrun_session_free(session); }
  void operator()(evalrun_error* error) const { evalrun_error_free(error); }
};
template <typename Handle>
using Held = std::unique_ptr<Handle, Free>;

Held<evalrun_plan> compile(evalrun_engine* engine, const std::string& toml, evalrun_error** error = nullptr) {
  const std::vector<std::string> lacks = accepted_lacks();
  std::vector<const char*> overrides;
  for (const std::string& each : lacks) overrides.push_back(each.c_str());
  overrides.push_back(nullptr);
  return Held<evalrun_plan>(
      evalrun_plan_compile(engine, toml.data(), toml.size(), "/", "from-c", overrides.data(), error));
}

// What its events said, until it is complete.
std::string listen(evalrun_engine* engine, const evalrun_session* session, const void* user = nullptr) {
  std::string output;
  while (evalrun_session_result(session) == nullptr) {
    EXPECT_EQ(evalrun_engine_dispatch(engine, -1, nullptr), 0);
    evalrun_event event;
    while (evalrun_engine_next_event(engine, &event) == 1) {
      if (event.session != session) continue;
      EXPECT_EQ(event.user, user);
      if (event.kind == EVALRUN_EVENT_STDOUT) output.append(event.bytes, event.length);
    }
  }
  return output;
}

TEST(library_c, inputs_reach_the_program_as_they_are_and_what_is_kept_is_bounded) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const std::vector<std::string> lacks = accepted_lacks();
  std::vector<const char*> overrides;
  for (const std::string& each : lacks) overrides.push_back(each.c_str());
  overrides.push_back(nullptr);
  const std::string toml = probe_plan("probe", {"echo"}, "stdout.capture = \"5B\"\n");
  evalrun_plan_inputs inputs = {};
  inputs.size = sizeof inputs;
  inputs.stdin_bytes = "a\0\"\xff'\n[7]";
  inputs.stdin_length = 9;
  const Held<evalrun_plan> plan(evalrun_plan_compile_with(engine.get(), toml.data(), toml.size(), "/", "from-c",
                                                          overrides.data(), &inputs, nullptr));
  ASSERT_TRUE(plan);
  const Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), nullptr, nullptr));
  ASSERT_TRUE(session);
  evalrun_event event;
  while (evalrun_session_result(session.get()) == nullptr) {
    ASSERT_EQ(evalrun_engine_dispatch(engine.get(), -1, nullptr), 0);
    while (evalrun_engine_next_event(engine.get(), &event) == 1) {
    }
  }
  std::size_t length = 0;
  const char* output = evalrun_result_stdout(evalrun_session_result(session.get()), &length);
  EXPECT_EQ(std::string(output, length), std::string("a\0\"\xff'", 5));
  EXPECT_STREQ(evalrun_result_verdict_name(evalrun_session_result(session.get())), "OK");
}

Held<evalrun_family> family_of(evalrun_engine* engine, const std::string& toml, evalrun_error** error = nullptr) {
  const std::vector<std::string> lacks = accepted_lacks();
  std::vector<const char*> overrides;
  for (const std::string& each : lacks) overrides.push_back(each.c_str());
  overrides.push_back(nullptr);
  return Held<evalrun_family>(
      evalrun_family_new(engine, toml.data(), toml.size(), "/", "from-c", overrides.data(), error));
}

TEST(library_c, sessions_of_one_family_differ_in_their_inputs_alone) {
  evalrun_engine_options engine_options = {};
  engine_options.size = sizeof engine_options;
  engine_options.prepared = 1;
  const Held<evalrun_engine> engine(evalrun_engine_new(&engine_options, nullptr));
  const Held<evalrun_family> family = family_of(engine.get(), probe_plan("probe", {"echo"}));
  ASSERT_TRUE(family);
  std::string same_plan;
  for (const std::string text : {"one", "two", "three"}) {
    evalrun_plan_inputs inputs = {};
    inputs.size = sizeof inputs;
    inputs.stdin_bytes = text.data();
    inputs.stdin_length = text.size();
    const Held<evalrun_session> session(
        evalrun_session_spawn_of(engine.get(), family.get(), &inputs, nullptr, nullptr));
    ASSERT_TRUE(session);
    EXPECT_EQ(listen(engine.get(), session.get()), text);
    const evalrun_result* result = evalrun_session_result(session.get());
    EXPECT_STREQ(evalrun_result_verdict_name(result), "OK");
    // The result is of the plan with its inputs.
    const nlohmann::json json = nlohmann::json::parse(evalrun_result_json(result));
    EXPECT_EQ(json.at("plan").at("name"), "from-c");
    EXPECT_NE(json.at("plan").at("sha256"), same_plan);
    same_plan = json.at("plan").at("sha256");
  }
}

TEST(library_c, a_family_may_lack_what_inputs_bring_and_without_them_is_refused_by_the_key) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const std::string toml = probe_plan("probe", {"echo"});
  const std::size_t argv = toml.find("argv");
  ASSERT_NE(argv, toml.npos);
  const Held<evalrun_family> family =
      family_of(engine.get(), toml.substr(0, argv) + toml.substr(toml.find('\n', argv) + 1));
  ASSERT_TRUE(family);
  evalrun_error* thrown = nullptr;
  EXPECT_EQ(evalrun_session_spawn_of(engine.get(), family.get(), nullptr, nullptr, &thrown), nullptr);
  const Held<evalrun_error> error(thrown);
  ASSERT_TRUE(error);
  EXPECT_EQ(evalrun_error_get_kind(error.get()), EVALRUN_ERROR_PLAN);
  EXPECT_STREQ(evalrun_error_key(error.get()), "argv");
  const std::string program = "/work/probe";
  const char* words[] = {program.c_str(), "say", "there", nullptr};
  evalrun_plan_inputs inputs = {};
  inputs.size = sizeof inputs;
  inputs.argv = words;
  const Held<evalrun_session> session(evalrun_session_spawn_of(engine.get(), family.get(), &inputs, nullptr, nullptr));
  ASSERT_TRUE(session);
  EXPECT_EQ(listen(engine.get(), session.get()), "there\n");
}

TEST(library_c, a_family_with_cases_is_judged) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const Held<evalrun_family> family =
      family_of(engine.get(), probe_plan("probe", {"say", "x"}) + "[[case]]\nexpect.text = \"x\"\npoints = 5\n");
  ASSERT_TRUE(family);
  const Held<evalrun_session> session(evalrun_session_spawn_of(engine.get(), family.get(), nullptr, nullptr, nullptr));
  ASSERT_TRUE(session);
  listen(engine.get(), session.get());
  EXPECT_EQ(evalrun_result_verdict(evalrun_session_result(session.get())), EVALRUN_AC);
  EXPECT_EQ(evalrun_result_score(evalrun_session_result(session.get())), 5U);
}

TEST(library_c, what_is_wrong_with_the_text_of_a_family_is_an_error_at_once) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  evalrun_error* thrown = nullptr;
  EXPECT_FALSE(family_of(engine.get(), "argv = [", &thrown));
  const Held<evalrun_error> error(thrown);
  ASSERT_TRUE(error);
  EXPECT_EQ(evalrun_error_get_kind(error.get()), EVALRUN_ERROR_PLAN);
  EXPECT_EQ(evalrun_error_line(error.get()), 1U);
}

TEST(library_c, the_header_and_the_library_are_of_one_version) {
  EXPECT_EQ(evalrun_abi(), EVALRUN_ABI);
  EXPECT_STREQ(evalrun_version(), EVALRUN_VERSION);
}

TEST(library_c, a_program_runs_and_its_result_has_the_main_fields) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const Held<evalrun_plan> plan =
      compile(engine.get(), probe_plan("probe", {"say", "out", "complain", "err", "exit", "3"}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(evalrun_plan_is_graded(plan.get()), 0);
  int mine = 0;
  evalrun_spawn_options options{};
  options.size = sizeof options;
  options.user = &mine;
  const Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), &options, nullptr));
  ASSERT_TRUE(session);
  EXPECT_EQ(evalrun_session_user(session.get()), &mine);
  EXPECT_EQ(evalrun_session_result(session.get()), nullptr);
  EXPECT_EQ(listen(engine.get(), session.get(), &mine), "out\n");

  const evalrun_result* result = evalrun_session_result(session.get());
  EXPECT_EQ(evalrun_result_verdict(result), EVALRUN_RE);
  EXPECT_STREQ(evalrun_result_verdict_name(result), "RE");
  EXPECT_EQ(evalrun_result_outcome(result), EVALRUN_EXITED);
  EXPECT_EQ(evalrun_result_exit_code(result), 3);
  EXPECT_EQ(evalrun_result_signal(result), 0);
  EXPECT_STREQ(evalrun_result_limit(result), "");
  EXPECT_EQ(evalrun_result_exit_status(result), 1);
  std::size_t length = 0;
  EXPECT_STREQ(evalrun_result_stdout(result, &length), "out\n");
  EXPECT_EQ(length, 4U);
  EXPECT_STREQ(evalrun_result_stderr(result, nullptr), "err\n");
  const nlohmann::json json = nlohmann::json::parse(evalrun_result_json(result));
  EXPECT_EQ(json.at("plan").at("name"), "from-c");
  EXPECT_EQ(json.at("message"), evalrun_result_message(result));
  EXPECT_EQ(json.at("cpu").at("total_us"), evalrun_result_cpu_us(result));
  EXPECT_EQ(json.at("wall_us"), evalrun_result_wall_us(result));
  EXPECT_EQ(json.at("memory").at("peak_bytes"), evalrun_result_memory_peak(result));
}

TEST(library_c, a_limit_and_a_signal_have_their_names) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const auto end_of = [&](const std::vector<std::string>& words) {
    const Held<evalrun_plan> plan = compile(engine.get(), probe_plan("probe", words, "limits.wall = \"200ms\"\n"));
    Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), nullptr, nullptr));
    listen(engine.get(), session.get());
    return session;
  };
  const Held<evalrun_session> slow = end_of({"sleep", "9"});
  EXPECT_STREQ(evalrun_result_limit(evalrun_session_result(slow.get())), "wall");
  EXPECT_EQ(evalrun_result_exit_code(evalrun_session_result(slow.get())), -1);
  const Held<evalrun_session> dead = end_of({"raise", "11"});
  EXPECT_EQ(evalrun_result_signal(evalrun_session_result(dead.get())), SIGSEGV);
}

TEST(library_c, a_dialogue) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const Held<evalrun_plan> plan = compile(engine.get(), probe_plan("probe", {"echo"}));
  evalrun_spawn_options options{};
  options.size = sizeof options;
  options.stdin_from_caller = 1;
  const Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), &options, nullptr));
  std::size_t taken = 0;
  EXPECT_EQ(evalrun_session_write_stdin(session.get(), "one\n", 4, &taken, nullptr), EVALRUN_STDIN_OPEN);
  EXPECT_EQ(taken, 4U);
  const std::string much(1 << 20, 'x');
  EXPECT_EQ(evalrun_session_write_stdin(session.get(), much.data(), much.size(), &taken, nullptr), EVALRUN_STDIN_FULL);
  EXPECT_LT(taken, much.size());
  evalrun_session_close_stdin(session.get());
  EXPECT_EQ(evalrun_session_write_stdin(session.get(), "x", 1, nullptr, nullptr), EVALRUN_STDIN_CLOSED);
  EXPECT_EQ(listen(engine.get(), session.get()), "one\n" + std::string(taken, 'x'));
}

TEST(library_c, errors_are_values_with_their_place) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  evalrun_error* thrown = nullptr;
  EXPECT_FALSE(compile(engine.get(), "argv = [\"/x\"]\n[limits]\n  cpu = 2\n", &thrown));
  const Held<evalrun_error> error(thrown);
  ASSERT_TRUE(error);
  EXPECT_EQ(evalrun_error_get_kind(error.get()), EVALRUN_ERROR_PLAN);
  EXPECT_EQ(evalrun_error_line(error.get()), 3U);
  EXPECT_EQ(evalrun_error_column(error.get()), 9U);
  EXPECT_STREQ(evalrun_error_key(error.get()), "limits.cpu");
  EXPECT_NE(std::string(evalrun_error_message(error.get())).find("<plan>:3:9: limits.cpu: "), std::string::npos)
      << evalrun_error_message(error.get());
  EXPECT_FALSE(compile(engine.get(), "argv = 1")) << "and nobody asks why";
  EXPECT_EQ(evalrun_plan_compile_file(engine.get(), "/nowhere.toml", nullptr, nullptr), nullptr);
  evalrun_error_free(nullptr);
}

TEST(library_c, what_must_not_be_called_is_an_error) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const Held<evalrun_plan> plan = compile(engine.get(), probe_plan("probe", {"sleep", "9"}));
  const Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), nullptr, nullptr));
  evalrun_error* error = nullptr;
  EXPECT_EQ(evalrun_session_write_stdin(session.get(), "x", 1, nullptr, &error), -1);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(evalrun_error_get_kind(error), EVALRUN_ERROR_USAGE);
  evalrun_error_free(error);
}

TEST(library_c, options_of_an_older_header_are_taken_as_far_as_they_go) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const Held<evalrun_plan> plan = compile(engine.get(), probe_plan("probe", {"say", "x"}));
  evalrun_spawn_options options{};
  options.size = offsetof(evalrun_spawn_options, no_output_events);
  options.no_output_events = 1;  // behind its end
  const Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), &options, nullptr));
  EXPECT_EQ(listen(engine.get(), session.get()), "x\n");
  options.size = sizeof options;
  const Held<evalrun_session> silent(evalrun_session_spawn(engine.get(), plan.get(), &options, nullptr));
  EXPECT_EQ(listen(engine.get(), silent.get()), "");
}

TEST(library_c, handles_are_freed_in_any_order_and_kill_ends_a_session) {
  evalrun_engine* engine = evalrun_engine_new(nullptr, nullptr);
  evalrun_plan* plan = compile(engine, probe_plan("probe", {"sleep", "60"})).release();
  evalrun_session* left = evalrun_session_spawn(engine, plan, nullptr, nullptr);
  evalrun_session* killed = evalrun_session_spawn(engine, plan, nullptr, nullptr);
  evalrun_plan_free(plan);
  EXPECT_EQ(evalrun_session_kill(killed, nullptr), 0);
  listen(engine, killed);
  EXPECT_EQ(evalrun_result_verdict(evalrun_session_result(killed)), EVALRUN_CANCELLED);
  evalrun_engine_free(engine);
  evalrun_session_free(killed);
  evalrun_session_free(left);
}

TEST(library_c, a_graded_plan_has_its_score) {
  const Held<evalrun_engine> engine(evalrun_engine_new(nullptr, nullptr));
  const Held<evalrun_plan> plan =
      compile(engine.get(), probe_plan("probe", {"say", "x"}) + "[[case]]\nexpect.text = \"x\"\npoints = 5\n");
  EXPECT_EQ(evalrun_plan_is_graded(plan.get()), 1);
  const Held<evalrun_session> session(evalrun_session_spawn(engine.get(), plan.get(), nullptr, nullptr));
  listen(engine.get(), session.get());
  const evalrun_result* result = evalrun_session_result(session.get());
  EXPECT_EQ(evalrun_result_verdict(result), EVALRUN_AC);
  EXPECT_EQ(evalrun_result_score(result), 5U);
  EXPECT_EQ(evalrun_result_score_max(result), 5U);
}

}  // namespace
}  // namespace evalrun::test
