// Filters of lists, dicts and whatever else has items.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/attributes.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/filters.h"
#include "lineas/jinja/objects.h"
#include "lineas/jinja/operators.h"

namespace lineas::jinja {
namespace {

Value length(Machine&, const Value& value, const Arguments& arguments) {
  bind("the filter length", arguments, {});
  const auto length = length_of(value);
  if (!length) fail(ErrorKind::format, "a {} has no length", type_name(value));
  return Value::of(*length);
}

Value list(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter list", arguments, {});
  return machine.list(all_items(machine, value));
}

Value first(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter first", arguments, {});
  auto item = cursor_of(machine, value)();
  return item ? *item : Value::undefined("there is no first item of nothing");
}

/// The items of what can be gone through from the back.
Values reversible_items(Machine& machine, const Value& value) {
  if (value.as<Iterator>() != nullptr || value.is_none() || value.is_number())
    fail(ErrorKind::format,
         "a {} cannot be gone through from the back",
         type_name(value));
  return all_items(machine, value);
}

Value last(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter last", arguments, {});
  const Values items = reversible_items(machine, value);
  return items.empty() ? Value::undefined("there is no last item of nothing")
                       : items.back();
}

Value reverse(Machine& machine,
              const Value& value,
              const Arguments& arguments) {
  bind("the filter reverse", arguments, {});
  if (value.is_text()) {
    std::u32string codes = decode(value.text());
    std::reverse(codes.begin(), codes.end());
    return machine.text(encode(codes));
  }
  Values items = all_items(machine, value);
  std::reverse(items.begin(), items.end());
  if (value.as<Iterator>() != nullptr) return machine.list(std::move(items));
  return Iterator::over(std::move(items));
}

Value items(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter items", arguments, {});
  if (value.is_undefined()) return Iterator::over({});
  if (!value.is_dict())
    fail(ErrorKind::format,
         "the filter items needs a dict, not a {}",
         type_name(value));
  return Iterator::make(DictView(value, DictView::What::items).cursor(machine),
                        value.depth() + 1);
}

Value folded(const Value& value, bool is_case_sensitive) {
  if (is_case_sensitive || !value.is_text()) return value;
  return Value::of(to_lower(value.text()));
}

using Keyed = std::pair<Value, Value>;  // what to sort by, the item

Values sorted(Machine& machine, std::vector<Keyed> keyed, bool is_reverse) {
  const auto before = [&](const Keyed& left, const Keyed& right) {
    machine.meter.step(1 + static_cast<int64_t>(left.first.weight() / 256));
    return is_reverse ? is_less(right.first, left.first)
                      : is_less(left.first, right.first);
  };
  std::stable_sort(keyed.begin(), keyed.end(), before);
  Values items;
  items.reserve(keyed.size());
  for (Keyed& entry : keyed) items.push_back(std::move(entry.second));
  return items;
}

Value sort(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given = bind(
      "the filter sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const Value attribute = given.get(2, Value());
  if (attribute.is_text() && attribute.text().find(',') != std::string::npos)
    fail(ErrorKind::unsupported, "the filter sort by several attributes");
  std::vector<Keyed> keyed;
  for (const Value& item : all_items(machine, value))
    keyed.emplace_back(
        folded(follow_path(machine, item, attribute), given.flag(1)), item);
  return machine.list(sorted(machine, std::move(keyed), given.flag(0)));
}

Value dictsort(Machine& machine,
               const Value& value,
               const Arguments& arguments) {
  const Bound given = bind(
      "the filter dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string by = given.has(1) ? given.text(1) : "key";
  if (by != "key" && by != "value")
    fail(ErrorKind::format,
         "the filter dictsort sorts by \"key\" or \"value\"");
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_dict())
    fail(ErrorKind::format,
         "the filter dictsort needs a dict, not a {}",
         type_name(value));
  std::vector<Keyed> keyed;
  for (const auto& [key, item] : value.dict().entries())
    keyed.emplace_back(folded(by == "key" ? key : item, given.flag(0)),
                       machine.tuple({key, item}));
  return machine.list(sorted(machine, std::move(keyed), given.flag(2)));
}

Value unique(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter unique", arguments, {"case_sensitive", "attribute"});
  Dict seen;
  Values items;
  for (const Value& item : all_items(machine, value)) {
    const Value key = folded(follow_path(machine, item, given.get(1, Value())),
                             given.flag(0));
    machine.meter.step(static_cast<int64_t>(key.is_text() ? 1 : items.size()));
    if (seen.find(key) != nullptr) continue;
    seen.set(key, Value());
    items.push_back(item);
  }
  return Iterator::over(std::move(items));
}

template <bool kMost>
Value extreme(Machine& machine,
              const Value& value,
              const Arguments& arguments) {
  const Bound given = bind(kMost ? "the filter max" : "the filter min",
                           arguments,
                           {"case_sensitive", "attribute"});
  std::optional<Keyed> best;
  for (const Value& item : all_items(machine, value)) {
    Value key = folded(follow_path(machine, item, given.get(1, Value())),
                       given.flag(0));
    const bool is_better = !best || (kMost ? is_less(best->first, key)
                                           : is_less(key, best->first));
    if (is_better) best = {std::move(key), item};
  }
  return best ? best->second
              : Value::undefined("there is no such item of nothing");
}

Value sum(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given = bind("the filter sum", arguments, {"attribute", "start"});
  Value total = given.get(1, Value::of(int64_t{0}));
  if (total.is_text())
    fail(ErrorKind::format, "the filter sum does not add strings, join does");
  for (const Value& item : all_items(machine, value))
    total = arithmetic(
        machine, "+", total, follow_path(machine, item, given.get(0, Value())));
  return total;
}

Value batch(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter batch", arguments, {"linecount", "fill_with"});
  const int64_t size = to_whole(given.need(0), "the filter batch");
  const Value fill = given.get(1, Value());
  Values batches, batch;
  for (const Value& item : all_items(machine, value)) {
    if (static_cast<int64_t>(batch.size()) == size) {
      batches.push_back(machine.list(std::exchange(batch, {})));
    }
    batch.push_back(item);
  }
  while (!batch.empty() && !fill.is_none() &&
         static_cast<int64_t>(batch.size()) < size) {
    machine.meter.step();
    batch.push_back(fill);
  }
  if (!batch.empty()) batches.push_back(machine.list(std::move(batch)));
  return Iterator::over(std::move(batches));
}

Value slices(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter slice", arguments, {"slices", "fill_with"});
  const int64_t count = to_whole(given.need(0), "the filter slice");
  if (count == 0) fail(ErrorKind::format, "a division by zero");
  const Values items = all_items(machine, value);
  const auto size = static_cast<int64_t>(items.size());
  Values slices;
  int64_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    machine.meter.step();
    const bool is_longer = i < size % count;
    const int64_t end = at + size / count + (is_longer ? 1 : 0);
    Values slice(items.begin() + at, items.begin() + end);
    if (given.has(1) && !given.need(1).is_none() && !is_longer)
      slice.push_back(given.need(1));
    slices.push_back(machine.list(std::move(slice)));
    at = end;
  }
  return Iterator::over(std::move(slices));
}

}  // namespace

void add_sequence_filters(FilterTable& table) {
  table.insert({{"length", length},
                {"count", length},
                {"list", list},
                {"first", first},
                {"last", last},
                {"reverse", reverse},
                {"items", items},
                {"sort", sort},
                {"dictsort", dictsort},
                {"unique", unique},
                {"min", extreme<false>},
                {"max", extreme<true>},
                {"sum", sum},
                {"batch", batch},
                {"slice", slices}});
}

}  // namespace lineas::jinja
