// Profiles: sets of capability words under one name, each with the limits that its programs begin with. A profile may
// extend another and changes only what differs. Where several apply (a list, an image's and the plan's), the strictest
// of them counts, word by word and limit by limit; `capabilities` narrows further.
//
// What a key of the plan or of its image sets goes over a profile's limits and ports. What a profile takes away, no key
// brings back: a plan that asks for it is refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/capability.h"
#include "runtime/plan/plan.h"

namespace evalrun {

struct Profile {
  struct Change {
    Capability word;
    Grant grant;
  };

  std::string_view name;
  std::string_view gives;  // one sentence
  const Profile* extends = nullptr;
  std::span<const Change> changes = {};
  Limits (*limits)() = nullptr;               // none: those of what it extends
  std::span<const std::uint16_t> ports = {};  // network.bind and network.connect, where net.loopback is given
};

// The first is the one of a plan that names none.
std::span<const Profile> profiles() noexcept;

CapabilitySet capabilities_of(const Profile& profile) noexcept;
Limits limits_of(const Profile& profile);

// The strictest of all; without any, the first profile's.
CapabilitySet strictest(const std::vector<NamedProfile>& named, const std::vector<Narrowing>& narrowings) noexcept;

// Of each limit the smaller.
Limits strictest(const Limits& a, const Limits& b);

// Puts what the profiles begin with into a plan that nothing has been written to yet.
void begin_with(Plan& plan, const std::vector<NamedProfile>& named, const std::vector<Narrowing>& narrowings);

// For a plan that has been read: `own_calls` are those that its own seccomp.allow names, apart from its image's. Throws
// PlanError, at the key that asks, for what a profile or `capabilities` takes away.
void settle_capabilities(Plan& plan, const std::vector<std::string>& own_calls);

// "; fs.read and exec, which the plan takes away, are held by nothing else": where a layer of [require] is missing.
std::string unheld_without(const Plan& plan, std::string_view layer);

// "the profile \"pure\" takes fs.write away", "capabilities leaves fs.write out"; with the place, where that is not the
// plan's own. The word must be taken.
std::string who_takes(const Plan& plan, Capability word);

// The table of profiles and words, for people: as text, and as Markdown for docs/reference.md.
std::string profiles_text();
std::string profiles_markdown();

// The table as it is for one plan.
std::string explain_capabilities(const Plan& plan);

}  // namespace evalrun
