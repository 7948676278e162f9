// The text format of Prometheus (0.0.4): families of samples, each with what it is.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace evalrun {

class MetricsPage {
 public:
  // Every name begins so.
  explicit MetricsPage(std::string prefix) : prefix_(std::move(prefix)) {}

  // The family of the samples that follow. `kind`: counter, gauge or histogram.
  void begin(std::string_view name, std::string_view kind, std::string_view what) {
    name_ = prefix_ + std::string(name);
    text_ += "# HELP " + name_ + " " + std::string(what) + "\n# TYPE " + name_ + " " + std::string(kind) + "\n";
  }
  // `labels`: name="value",…; `suffix`: of a histogram's samples.
  void add(const std::string& value, std::string_view labels = "", std::string_view suffix = "") {
    text_ += name_;
    text_ += suffix;
    if (!labels.empty()) text_ += "{" + std::string(labels) + "}";
    text_ += " " + value + "\n";
  }
  // A family of one sample.
  void one(std::string_view name, std::string_view kind, std::string_view what, const std::string& value) {
    begin(name, kind, what);
    add(value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string prefix_, name_, text_;
};

}  // namespace evalrun
