// Running the built program in a test, as a user would.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <vector>

#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "tests/support/folder.h"

namespace lineas::testing {

struct ProgramRun {
  int code;
  std::string out;
  std::string err;

  bool says(const std::string& text) const {
    return err.find(text) != std::string::npos;
  }
  /// One object a line of stdout.
  std::vector<Json> lines() const {
    std::vector<Json> lines;
    for (size_t begin = 0; begin < out.size();) {
      const size_t end = out.find('\n', begin);
      lines.push_back(Json::parse(out.substr(begin, end - begin)));
      begin = end + 1;
    }
    return lines;
  }
};

/// `lineas ARGUMENTS` through the shell, on one thread. `before`: what starts
/// it.
inline ProgramRun run_program(const std::string& arguments,
                              const std::string& before = "") {
  const TempFolder folder;
  const std::string command =
      fmt::format("OMP_NUM_THREADS=1 {} '{}' {} > '{}' 2> '{}'",
                  before,
                  LINEAS_PROGRAM,
                  arguments,
                  folder / "out",
                  folder / "err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_file(folder / "out"),
          read_file(folder / "err")};
}

}  // namespace lineas::testing
