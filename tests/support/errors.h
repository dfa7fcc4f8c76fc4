// Asserting that a call ends in an Error of a kind whose text says a thing.
#pragma once

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/base/log.h"

namespace lineas::testing {

/// The message of the Error of that kind that `call` ends in.
template <typename Call>
std::string error_message(ErrorKind kind, Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

/// Fails unless `call` ends in an Error of that kind that names all `parts`.
template <typename Call>
void expect_error(ErrorKind kind,
                  const std::vector<std::string>& parts,
                  Call call) {
  const std::string message = error_message(kind, call);
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

/// Collects what is logged for as long as it lives.
class LogCapture {
 public:
  LogCapture()
      : former_(set_log_sink([this](LogLevel, const std::string& message) {
          messages.push_back(message);
        })) {}
  ~LogCapture() { set_log_sink(former_); }
  std::vector<std::string> messages;

 private:
  LogSink former_;
};

}  // namespace lineas::testing
