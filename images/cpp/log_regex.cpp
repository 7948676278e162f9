// Reads a log from standard input, takes its lines apart with a regular expression and sums up what it finds.
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>

struct Component {
  std::map<std::string, int> lines_by_level;
  std::vector<int> durations_ms;
};

int main() {
  const std::regex record(R"((\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\s+(INFO|WARN|ERROR)\s+(\w+):\s+(.*))");
  const std::regex duration(R"((\d+) ms\b)");

  std::map<std::string, Component> components;
  int unreadable = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::smatch fields;
    if (!std::regex_match(line, fields, record)) {
      ++unreadable;
      continue;
    }
    Component& component = components[fields[4]];
    ++component.lines_by_level[fields[3]];
    const std::string message = fields[5];
    if (std::smatch found; std::regex_search(message, found, duration)) {
      component.durations_ms.push_back(std::stoi(found[1]));
    }
  }

  for (const auto& [name, component] : components) {
    std::cout << name << ":";
    for (const auto& [level, lines] : component.lines_by_level) std::cout << ' ' << level << '=' << lines;
    if (!component.durations_ms.empty()) {
      std::cout << ", slowest " << *std::max_element(component.durations_ms.begin(), component.durations_ms.end())
                << " ms";
    }
    std::cout << '\n';
  }
  std::cout << "unreadable lines: " << unreadable << '\n';
  std::cout << std::regex_replace(std::string("2024-03-01"), std::regex(R"((\d+)-(\d+)-(\d+))"), "$3.$2.$1") << '\n';
}
