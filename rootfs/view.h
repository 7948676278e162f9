// What the program sees at a path, found on the host before there is a sandbox: links are followed as its root resolves
// them, through the binds of the layout.
#pragma once

#include <optional>
#include <string>

#include "rootfs/layout.h"

namespace evalrun::rootfs {

// Where the way of a path ends.
struct Look {
  std::string path;     // without links; "" where something on the way is missing
  std::string link;     // the last link that was followed; "" where there was none
  std::string target;   // what that link says
  std::string missing;  // the first part that is not there, without links; "" where all is
  std::string wanted;   // `missing` and what is left of the way behind it

  [[nodiscard]] bool is_there() const { return missing.empty() && !path.empty(); }
  // A link was followed to what cannot be seen. Whether the host has that, mend_for() says.
  [[nodiscard]] bool leads_out() const { return !missing.empty() && !link.empty(); }
};

class View {
 public:
  // `layout` outlives it. `cwd`: what relative paths are relative to.
  View(const Layout& layout, std::string cwd) : layout_(layout), cwd_(std::move(cwd)) {}

  // What can be written to may hold anything: there, everything counts as being there.
  [[nodiscard]] Look look(const std::string& name) const;

  // The host's file that the bind shows there; none where no bind does. `path` is without links.
  [[nodiscard]] std::optional<std::string> host_path(const std::string& path) const;

 private:
  [[nodiscard]] std::optional<std::string> link_at(const std::string& path) const;
  [[nodiscard]] bool may_be_there(const std::string& path) const;

  const Layout& layout_;
  std::string cwd_;
};

// What an image would have to show so that a link does not lead out any more.
struct Mend {
  std::string path;     // of the host
  bool is_run = false;  // it holds a program or a library, and only a [[mount]] with `exec` shows such a thing
};

// None where the host has no such file either, or where not everybody may read it. `wanted` is Look::wanted.
std::optional<Mend> mend_for(const Layout& layout, const Look& look);

// "shows = [...]" or the [[mount]], as a line or lines of TOML.
std::string to_toml(const Mend& mend);

// In one sentence: "/usr/bin/lua leads to /etc/alternatives/lua, which is not shown; <the TOML> shows it".
std::string describe(const Look& look, const Mend& mend);

}  // namespace evalrun::rootfs
