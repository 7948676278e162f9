// Texts of all of Unicode on each way into a plan: each arrives bit for bit, or is refused; never as something else.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "runtime/core/base64.h"
#include "runtime/core/text.h"
#include "runtime/jobs/job.h"
#include "runtime/library/state.h"
#include "runtime/reader/parse.h"
#include "runtime/reader/template.h"

namespace evalrun {
namespace {

constexpr int kMany = 10'000;
constexpr const char* kPlan = "argv = [\"/bin/true\"]\n";

// RFC 3629.
void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

class Snippets {
 public:
  // What means something to TOML, JSON or a shell comes as often as all of Unicode.
  std::string next() {
    std::string text;
    const std::size_t length = random_() % 40;
    for (std::size_t i = 0; i < length; ++i) {
      switch (random_() % 4) {
        case 0: text.push_back(kSpecial[random_() % kSpecial.size()]); break;
        case 1: append_utf8(text, static_cast<std::uint32_t>(random_() % 0x180)); break;
        case 2: append_utf8(text, static_cast<std::uint32_t>(random_() % 0xD800)); break;
        default: append_utf8(text, static_cast<std::uint32_t>(0xE000 + random_() % (0x110000 - 0xE000))); break;
      }
    }
    return text;
  }

  std::string next_bytes() {
    std::string bytes(random_() % 40, 0);
    for (char& byte : bytes) byte = static_cast<char>(random_() & 0xFF);
    return bytes;
  }

 private:
  static constexpr std::string_view kSpecial = "\"'\\[]{}#=,.\n\r\t $`-+0123456789u";
  std::mt19937_64 random_{2026};
};

Plan parse(const std::string& override) {
  return parse_plan({kPlan, "plan.toml", "plan", "/plans"}, {override}, {});
}

std::string file_of(const Plan& plan) {
  return std::get<std::string>(plan.job.files.at(0).source);
}

TEST(Snippets, arrive_through_set_as_they_stand_or_quoted) {
  Snippets snippets;
  for (int i = 0; i < kMany; ++i) {
    const std::string text = snippets.next();
    ASSERT_EQ(file_of(parse("files.f.text=" + toml_string(text))), text);
    const bool is_quoted = text.starts_with('"') || text.starts_with('\'');
    if (!is_quoted) {
      ASSERT_EQ(file_of(parse("files.f.text=" + text)), text);
    }
  }
}

TEST(Snippets, quoted_by_json_arrive_through_set_or_are_refused) {
  Snippets snippets;
  int arrived = 0;
  int refused = 0;
  for (int i = 0; i < kMany; ++i) {
    const std::string text = snippets.next();
    const bool ascii = i % 2 == 0;
    try {
      ASSERT_EQ(file_of(parse("files.f.text=" + nlohmann::json(text).dump(-1, ' ', ascii))), text);
      ++arrived;
    } catch (const PlanError& error) {
      EXPECT_EQ(error.key(), "files.f.text");
      EXPECT_GT(error.position().column, 0U);
      ++refused;
    }
  }
  EXPECT_GT(arrived, kMany / 10);
  EXPECT_GT(refused, kMany / 10) << "a pair of surrogates is no character of TOML";
}

TEST(Snippets, that_begin_with_a_quotation_mark_and_are_no_string_are_refused) {
  Snippets snippets;
  for (int i = 0; i < kMany; ++i) {
    std::string inner = snippets.next();
    std::erase_if(inner, [](char c) { return c == '"' || c == '\\'; });
    const std::string text = "\"" + inner + "\" + 1 # \"";
    EXPECT_THROW(parse("files.f.text=" + text), PlanError) << text;
  }
}

TEST(Snippets, arrive_through_lines_of_a_batch) {
  Snippets snippets;
  const PlanTemplate plan({kPlan, "plan.toml", "plan", "/plans"}, {});
  ImageCache images({});
  for (int i = 0; i < kMany; ++i) {
    const std::string text = snippets.next();
    const nlohmann::json line = {{"id", i},
                                 {"files", {{"f", {{"text", text}}}}},
                                 {"stdin", {{"text", text}}},
                                 {"set", {{"files.g.text", text}}}};
    auto job = jobs::parse_job(line.dump(-1, ' ', i % 2 == 0), {"jobs", 1, 1});
    ASSERT_TRUE(std::holds_alternative<jobs::JobLine>(job));
    const Plan made = plan.make(std::move(std::get<jobs::JobLine>(job).changes), "/jobs", images).plan;
    ASSERT_EQ(file_of(made), text);
    ASSERT_EQ(std::get<std::string>(made.job.files.at(1).source), text);
    ASSERT_EQ(std::get<InputText>(made.job.input).text, text);
  }
}

TEST(Snippets, arrive_as_base64_whatever_their_bytes_are) {
  Snippets snippets;
  for (int i = 0; i < kMany; ++i) {
    const std::string bytes = snippets.next_bytes();
    std::string text = base64(bytes);
    ASSERT_TRUE(is_base64(text));
    ASSERT_EQ(bytes_of_base64(text), bytes);
    if (text.size() > 8) text.insert(5, i % 2 == 0 ? "\n" : "\r\n");
    ASSERT_EQ(file_of(parse("files.f.base64=" + text)), bytes);
    const Plan plan = parse("stdin={ base64 = " + toml_string(text) + " }");
    ASSERT_EQ(std::get<InputText>(plan.job.input).text, bytes);
  }
}

TEST(Snippets, arrive_through_the_inputs_of_the_library) {
  Snippets snippets;
  Engine engine;
  for (int i = 0; i < kMany; ++i) {
    const std::string bytes = i % 2 == 0 ? snippets.next() : snippets.next_bytes();
    std::string word;  // what execve takes
    for (const char byte : bytes) {
      if (byte != 0) word.push_back(byte);
    }
    const PlanInputs inputs = {.files = {{.name = "f", .content = bytes}},
                               .argv = {{"/bin/true", word}},
                               .env = {{"A", word}},
                               .standard_input = bytes};
    const CompiledPlan compiled =
        engine.compile({.text = "[[mount]]\nbind = \"/bin/true\"\nat = \"/bin/true\"\nexec = true\n"}, {}, inputs);
    const Plan& plan = compiled.state().plan();
    ASSERT_EQ(file_of(plan), bytes);
    ASSERT_EQ(plan.job.argv.at(1), word);
    ASSERT_EQ(plan.job.env.at("A"), word);
    ASSERT_EQ(std::get<InputText>(plan.job.input).text, bytes);
  }
}

TEST(Base64, is_refused_where_it_is_not_the_one_text_of_its_bytes) {
  for (const char* text :
       {"A", "AA", "AAA", "AA=A", "AB==", "AAB=", "A===", "====", "AA=", "AA= =", "A A=", "AA-_", "AAAA="}) {
    EXPECT_FALSE(is_base64(text)) << text;
    EXPECT_THROW(parse(std::string("files.f.base64=") + text), PlanError) << text;
  }
  for (const char* text : {"", "AA==", "AAA=", "AAAA", "////", "+/+/", "A\nA=\r\n="})
    EXPECT_TRUE(is_base64(text)) << text;
}

}  // namespace
}  // namespace evalrun
