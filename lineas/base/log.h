// Messages for people, on stderr; stdout belongs to results.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>

namespace lineas {

enum class LogLevel { info, warning };

/// Where messages go; tests replace it. Returns the former sink.
using LogSink = std::function<void(LogLevel, const std::string&)>;
LogSink set_log_sink(LogSink sink);

void log_message(LogLevel level, const std::string& message);

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::warning,
              fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lineas
