// How the table of capability words and profiles is printed. Every word of it comes from the table itself.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/text.h"
#include "runtime/plan/profile.h"

namespace evalrun {
namespace {

using Layers = std::vector<std::pair<std::string_view, std::string>>;

std::string_view describe(PathRight right) {
  switch (right) {
    case PathRight::Read: return "no rule grants read";
    case PathRight::Write: return "no rule grants write";
    case PathRight::Execute: return "no rule grants execute";
    case PathRight::Delete: return "no rule grants delete";
  }
  return "?";
}

std::string_view describe(MountKnob knob) {
  switch (knob) {
    case MountKnob::None: return "";
    case MountKnob::ProcessesOnly: return "/proc shows processes only";
    case MountKnob::ReadOnly: return "every mount is read-only, the workspace too";
    case MountKnob::WorkNoExec: return "/work is noexec, unless the program itself lies there";
  }
  return "?";
}

std::string_view describe(LimitKnob knob) {
  switch (knob) {
    case LimitKnob::None: return "";
    case LimitKnob::NoFileSize: return "RLIMIT_FSIZE is 0";
    case LimitKnob::OneTask: return "RLIMIT_NPROC admits one task, where both words of processes are taken";
  }
  return "?";
}

std::string_view describe(NetworkKnob knob) {
  switch (knob) {
    case NetworkKnob::None: return "";
    case NetworkKnob::NoUnix: return "the supervisor refuses to bind and connect Unix sockets";
    case NetworkKnob::NoLoopback: return "the supervisor refuses every port; Landlock has a rule for none";
  }
  return "?";
}

std::string calls_of(const CapabilityRow& row) {
  const std::vector<std::string> names(row.calls.begin(), row.calls.end());
  std::string text = names.empty() ? "" : "EPERM from " + join_words(names);
  if (row.calls_by_arguments.empty()) return text;
  return text.append(text.empty() ? "" : "; ").append(row.calls_by_arguments);
}

// What holds a program that does not have the word, layer by layer.
Layers layers_without(const CapabilityRow& row) {
  Layers layers;
  const auto add = [&](std::string_view layer, std::string_view what) {
    if (!what.empty()) layers.emplace_back(layer, what);
  };
  add("mounts", describe(row.mounts));
  if (row.path_right) add("landlock", describe(*row.path_right));
  add("seccomp", calls_of(row));
  add("rlimits", describe(row.limits));
  add("network", describe(row.network));
  return layers;
}

std::string joined(const Layers& layers, std::string_view between) {
  std::string text;
  for (const auto& [layer, what] : layers) {
    text.append(text.empty() ? "" : between).append(layer).append(": ").append(what);
  }
  return text;
}

constexpr std::size_t kWordWidth = 16;

void add_words(std::string& out) {
  for (const CapabilityRow& row : capability_rows()) {
    out.append(row.name).append("\n    with it: ").append(row.gives).append("\n");
    if (!row.asked_by.empty()) out.append("    asked for by: ").append(row.asked_by).append("\n");
    for (const auto& [layer, what] : layers_without(row)) {
      out.append("    without it, ").append(layer).append(": ").append(what).append("\n");
    }
    if (!row.held_by.empty()) out.append("    held by ").append(row.held_by).append(" alone\n");
    out.append("    remains: ").append(row.remains).append("\n");
  }
}

// The words in the state that a plan leaves them in, and what holds it where one is taken.
std::string state_in(const Plan& plan, const CapabilityRow& row) {
  switch (plan.kind.capabilities.of(row.word)) {
    case Grant::Given: return "given";
    case Grant::OnRequest: return "on request: " + std::string(row.asked_by);
    case Grant::Taken: return "taken: " + who_takes(plan, row.word);
  }
  return "?";
}

std::string wide_limits(const Profile& profile) {
  const Limits least = limits_of(profiles().front());
  const Limits limits = limits_of(profile);
  std::vector<std::string> words;
  const auto add = [&](const char* name, const std::string& value, const std::string& usual) {
    if (value != usual) words.push_back(std::string(name) + " " + value);
  };
  add("cpu", to_string(limits.cpu), to_string(least.cpu));
  add("wall", to_string(limits.wall), to_string(least.wall));
  add("memory", to_string(limits.memory), to_string(least.memory));
  add("processes", std::to_string(limits.processes), std::to_string(least.processes));
  add("open_files", std::to_string(limits.open_files), std::to_string(least.open_files));
  add("file_size", to_string(limits.file_size), to_string(least.file_size));
  add("output", to_string(*limits.output.both), to_string(*least.output.both));
  add("workspace", to_string(limits.workspace), to_string(least.workspace));
  add("inodes", std::to_string(limits.inodes), std::to_string(least.inodes));
  for (const std::uint16_t port : profile.ports) words.push_back("port " + std::to_string(port));
  return words.empty() ? "the usual ones" : join_words(words);
}

std::string extends_of(const Profile& profile) {
  return profile.extends == nullptr ? "" : std::string(profile.extends->name);
}

}  // namespace

std::string profiles_text() {
  std::string out = "Profiles\n\n";
  for (const Profile& profile : profiles()) {
    out.append(profile.name);
    if (profile.extends != nullptr) out.append(", extends ").append(profile.extends->name);
    out.append("\n    ").append(profile.gives).append("\n    limits: ").append(wide_limits(profile)).append("\n");
    for (const Grant grant : {Grant::Given, Grant::OnRequest, Grant::Taken}) {
      std::vector<std::string> words;
      for (const CapabilityRow& row : capability_rows()) {
        if (capabilities_of(profile).of(row.word) == grant) words.emplace_back(row.name);
      }
      if (!words.empty()) out.append("    ").append(name_of(grant)).append(": ").append(join_words(words)).append("\n");
    }
  }
  out.append("\nCapability words\n\n");
  add_words(out);
  return out;
}

std::string profiles_markdown() {
  std::string out =
      "## Profiles and capability words\n\nA program has the capability words of its plan's `profile`. *Given*: it "
      "needs "
      "no asking; *on request*: where a key of the plan asks for it; *taken*: a plan that asks for it is refused. Of "
      "several profiles, the image's among them, the strictest counts, word by word and limit by limit; `capabilities` "
      "narrows further. The program alone is meant: a compile step keeps the words of a judged program.\n\n| |";
  for (const Profile& profile : profiles()) out.append(" `").append(profile.name).append("` |");
  out.append("\n|---|");
  for (std::size_t i = 0; i < profiles().size(); ++i) out.append("---|");
  const auto row_for = [&](const std::string& title, const auto& cell) {
    out.append("\n| ").append(title).append(" |");
    for (const Profile& profile : profiles()) out.append(" ").append(cell(profile)).append(" |");
  };
  row_for("for", [](const Profile& profile) { return std::string(profile.gives); });
  row_for("extends", extends_of);
  row_for("limits and ports", wide_limits);
  for (const CapabilityRow& row : capability_rows()) {
    row_for("`" + std::string(row.name) + "`",
            [&](const Profile& profile) { return std::string(name_of(capabilities_of(profile).of(row.word))); });
  }
  out.append(
      "\n\nHow the kernel is told where a word is taken, and what a program still can without it. Where one layer "
      "alone "
      "holds a word, a plan that accepts a kernel without that layer (`[require]`) gets a result that says so.\n\n");
  out.append("| Word | With it a program may | Asked for by | Without it | What remains |\n|---|---|---|---|---|\n");
  for (const CapabilityRow& row : capability_rows()) {
    out.append("| `").append(row.name).append("` | ").append(row.gives).append(" | ").append(row.asked_by);
    out.append(" | ").append(joined(layers_without(row), "<br>"));
    if (!row.held_by.empty()) out.append("<br>held by ").append(row.held_by).append(" alone");
    out.append(" | ").append(row.remains).append(" |\n");
  }
  return out;
}

std::string explain_capabilities(const Plan& plan) {
  std::vector<std::string> named;
  for (const NamedProfile& each : plan.kind.profiles) named.emplace_back(each.profile->name);
  std::string out = "profile " + join_words(named) + "; capability words\n";
  for (const CapabilityRow& row : capability_rows()) {
    out.append("  ").append(padded(row.name, kWordWidth)).append(one_line(state_in(plan, row))).append("\n");
    if (!plan.kind.capabilities.takes(row.word)) continue;
    const std::string indent(kWordWidth + 4, ' ');
    out.append(indent).append(joined(layers_without(row), "\n" + indent)).append("\n");
    out.append(indent).append("remains: ").append(row.remains).append("\n");
  }
  return out;
}

}  // namespace evalrun
