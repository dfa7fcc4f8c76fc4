#include "lineas/base/log.h"

#include <cstdio>
#include <mutex>

namespace lineas {
namespace {

void write_to_stderr(LogLevel level, const std::string& message) {
  const char* prefix = level == LogLevel::warning ? "warning: " : "";
  fmt::print(stderr, "{}{}\n", prefix, message);
}

std::mutex sink_mutex;

LogSink& current_sink() {
  static LogSink sink = write_to_stderr;
  return sink;
}

}  // namespace

LogSink set_log_sink(LogSink sink) {
  const std::lock_guard lock(sink_mutex);
  std::swap(current_sink(), sink);
  if (!current_sink()) current_sink() = write_to_stderr;
  return sink;
}

void log_message(LogLevel level, const std::string& message) {
  const std::lock_guard lock(sink_mutex);
  current_sink()(level, message);
}

}  // namespace lineas
