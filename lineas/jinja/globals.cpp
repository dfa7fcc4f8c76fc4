#include "lineas/jinja/globals.h"

#include <sys/time.h>

#include <clocale>
#include <ctime>

#include "lineas/base/error.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/objects.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

Value range(Machine&, const Arguments& arguments) {
  const Bound given = bind("range()", arguments, {"start", "stop", "step"}, 3);
  const int64_t first = to_whole(given.need(0), "range()");
  const bool has_stop = given.has(1);
  return Value::of(std::shared_ptr<Object>(std::make_shared<Range>(
      has_stop ? first : 0,
      has_stop ? to_whole(given.need(1), "range()") : first,
      given.whole(2, 1))));
}

/// The entries that dict() and namespace() are called with.
Dict entries_of(Machine& machine, const Arguments& arguments) {
  if (arguments.positional.size() > 1)
    fail(ErrorKind::format, "dict() takes one positional argument");
  Dict dict;
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (from.is_dict()) {
      dict = from.dict();
    } else {
      for (const Value& pair : all_items(machine, from)) {
        const Values both = all_items(machine, pair);
        if (both.size() != 2) fail(ErrorKind::format, "dict() needs pairs");
        dict.set(both[0], both[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named)
    dict.set(Value::of(name), value);
  machine.meter.grow(dict.entries().size() * 2 * sizeof(Value));
  return dict;
}

Value make_dict(Machine& machine, const Arguments& arguments) {
  return Value::of(std::shared_ptr<const Dict>(
      std::make_shared<Dict>(entries_of(machine, arguments))));
}

Value make_namespace(Machine& machine, const Arguments& arguments) {
  const auto made = std::make_shared<Namespace>();
  const Dict dict = entries_of(machine, arguments);
  for (const auto& [key, value] : dict.entries())
    if (key.is_text()) made->set(key.text(), value);
  return machine.keep(made);
}

Value raise(Machine&, const Arguments& arguments) {
  const Bound given = bind("raise_exception()", arguments, {"message"});
  fail(ErrorKind::usage,
       "the template refuses this conversation: {}",
       str(given.need(0)));
}

Value strftime_now(Machine& machine, const Arguments& arguments) {
  const Bound given = bind("strftime_now()", arguments, {"format"});
  return machine.text(format_moment(machine.now, given.text(0)));
}

/// cycler(): its items in turn, for ever.
class Cycler : public Object {
 public:
  explicit Cycler(Value items) : items_(std::move(items)) {}
  std::string type_name() const override { return "Cycler"; }
  int depth() const override { return items_.depth() + 1; }

  std::optional<Value> attribute(const std::string& name) override {
    if (name == "current") return items_.items()[at_];
    if (name == "next" || name == "reset")
      return Function::make(
          "method",
          [this, keep = items_, is_next = name == "next"](
              Machine&, Arguments& arguments) {
            bind("a cycler's method", arguments, {});
            const Value now = items_.items()[at_];
            at_ = is_next ? (at_ + 1) % items_.items().size() : 0;
            return is_next ? now : Value();
          },
          depth());
    return {};
  }

 private:
  Value items_;
  size_t at_ = 0;
};

Value make_cycler(Machine& machine, const Arguments& arguments) {
  if (!arguments.named.empty() || arguments.positional.empty())
    fail(ErrorKind::format, "cycler() needs positional arguments");
  return machine.keep(
      std::make_shared<Cycler>(machine.tuple(arguments.positional)));
}

Value make_joiner(Machine& machine, const Arguments& arguments) {
  const Bound given = bind("joiner()", arguments, {"sep"});
  const Value separator = given.get(0, Value::of(std::string(", ")));
  return Function::make(
      "Joiner",
      [separator, used = false](Machine&, Arguments& empty) mutable {
        bind("a joiner", empty, {});
        return std::exchange(used, true) ? separator : Value::of(std::string());
      },
      separator.depth());
}

Value lipsum(Machine&, const Arguments&) {
  fail(ErrorKind::unsupported, "lipsum(), which makes random text");
}

}  // namespace

Moment local_now() {
  timeval time = {};
  gettimeofday(&time, nullptr);
  Moment moment;
  localtime_r(&time.tv_sec, &moment.time);
  moment.microsecond = static_cast<int>(time.tv_usec);
  return moment;
}

std::string format_moment(const Moment& moment, const std::string& format) {
  static const locale_t english = newlocale(LC_ALL_MASK, "C", nullptr);
  std::string out;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%' || at + 1 == format.size()) {
      out += format[at];
      continue;
    }
    const size_t begin = at++;
    if (format[at] == '-' && at + 1 < format.size()) ++at;
    static constexpr std::string_view kKnown =
        "aAbBcdHIjmMpSUwWxXyYGuVeDFTRhnrtCgklPsfzZ%";
    if (kKnown.find(format[at]) == kKnown.npos)
      fail(ErrorKind::unsupported,
           "strftime_now() with \"{}\"",
           format.substr(begin, at + 1 - begin));
    if (format[at] == 'f') {
      out += fmt::format("{:06}", moment.microsecond);
    } else if (format[at] != 'z' && format[at] != 'Z') {
      const std::string one = format.substr(begin, at + 1 - begin);
      char text[128];
      out.append(
          text,
          strftime_l(text, sizeof(text), one.c_str(), &moment.time, english));
    }
  }
  return out;
}

std::unordered_map<std::string, Value> global_functions() {
  const auto make = [](Value (*body)(Machine&, const Arguments&)) {
    return Function::make("function", body);
  };
  return {{"range", make(range)},
          {"dict", make(make_dict)},
          {"namespace", make(make_namespace)},
          {"cycler", make(make_cycler)},
          {"joiner", make(make_joiner)},
          {"lipsum", make(lipsum)},
          {"raise_exception", make(raise)},
          {"strftime_now", make(strftime_now)}};
}

}  // namespace lineas::jinja
