// PlanTemplate: a plan's text, read once, for many plans that differ from it in some keys, as a batch's jobs do.
//
// A change goes into the tree of values that the text was read into, and the tree is read by the table of keys like any
// other: what holds of a plan holds of a varied one, and nothing is parsed twice but what differs. Images are read once
// for all plans that share a cache.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/reader/host_paths.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"
#include "runtime/reader/toml_tree.h"

namespace evalrun {

// Images by what plans call them, with what each puts into a plan. Files that change meanwhile are not read again.
class ImageCache {
 public:
  explicit ImageCache(std::vector<std::filesystem::path> search_path) : search_path_(std::move(search_path)) {}

  struct Applied {
    Image image;
    Plan plan;  // an empty one, with the image's values
  };
  // Throws PlanError at `position` where there is no such image. `folder` is what a relative path is relative to. Valid
  // until the next call.
  const Applied& apply(const std::string& reference, const SourcePosition& position,
                       const std::filesystem::path& folder);

  // The image's values over those that the plan has already; not kept.
  Image apply_over(const std::string& reference, const SourcePosition& position, Plan& plan) const;

  // The program that was made of the same keys before (jury_program.h); null where there is none.
  [[nodiscard]] std::shared_ptr<const JuryProgram> jury_program_of(const std::string& keys) const;
  void keep_jury_program(const std::string& keys, std::shared_ptr<const JuryProgram> program);

 private:
  std::vector<std::filesystem::path> search_path_;
  std::map<std::string, Applied> applied_;
  std::map<std::string, std::shared_ptr<const JuryProgram>> jury_programs_;
};

// A key by its name, as for --set ("limits.cpu"), and what takes the place of its value.
struct SetChange {
  std::string key;
  TomlNode value;
};

// Keys as in a plan. Sections are gone into; a value, a list, and a table of alternatives (a file, a stream) take the
// place of what the plan says.
struct MergeChange {
  TomlTable keys;
};

using PlanChange = std::variant<SetChange, MergeChange>;

class PlanTemplate {
 public:
  // Throws PlanError for what is wrong with the text by itself. A text that lacks what changes may bring is no error.
  PlanTemplate(const PlanText& text, const std::vector<std::string>& overrides);

  // The task with the changes in their order; a relative path in them is relative to `folder`. Its name is that of the
  // text; its hash covers the changes. Throws PlanError; a change's problem stands where the change's values stand.
  // `visit` is told of the paths of the host that the varied plan names, before anything else is made of them.
  [[nodiscard]] Task make(std::vector<PlanChange> changes, const std::filesystem::path& folder, ImageCache& images,
                          const VisitHostPath& visit = {}) const;

 private:
  TomlNode root_;
  Plan header_;  // name, hash, folder
};

}  // namespace evalrun
