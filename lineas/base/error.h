// The one exception type of the project, and how its kinds become exit codes.
//
// Every failure that a user can meet is an Error: it says where, what (with
// names and numbers) and what to do. Nothing in here knows about tensors,
// models or the command line.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace lineas {

enum class ErrorKind {
  usage,        // the call itself is wrong: options, patterns, empty lists
  not_found,    // a file, tensor, site or model name does not exist
  format,       // a file's bytes are not what they claim to be
  shape,        // tensors or maps that do not fit each other
  numeric,      // NaN or infinity where a number is needed
  unsupported,  // valid, but not something this program does
  resource,     // disk full, no permission, out of memory
  cancelled,    // ctrl-C
};

/// Anything that went wrong, with the kind that decides the exit code.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message)
      : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// The process exit code of a kind: 2 usage, 3 not_found, 4 format, 5 shape,
/// 6 numeric, 7 unsupported, 8 resource, 130 cancelled.
int exit_code(ErrorKind kind);

/// Throws an Error with a message in the fmt syntax.
template <typename... Args>
[[noreturn]] void fail(ErrorKind kind,
                       fmt::format_string<Args...> format,
                       Args&&... args) {
  throw Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lineas
