// Evaluates one expression on each line of standard input. Built from two translation units and a header.
#include <exception>
#include <iostream>
#include <string>

#include "parser.h"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << line << " = ";
    try {
      std::cout << evaluate(line) << '\n';
    } catch (const std::exception& error) {
      std::cout << "error: " << error.what() << '\n';
    }
  }
}
