#include "lineas/tensor/pickle_stack.h"

#include "lineas/base/utf8.h"

namespace lineas {
namespace {

constexpr size_t kMostMarks = 1000;

}  // namespace

std::string_view PickleBytes::take(uint64_t count) {
  if (count > bytes_.size() - at_)
    maker_.refuse("{} bytes are wanted, {} are left. Is the file complete?",
                  count,
                  bytes_.size() - at_);
  const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
  at_ += count;
  return {begin, static_cast<size_t>(count)};
}

uint64_t PickleBytes::take_unsigned(size_t count) {
  uint64_t value = 0;
  const std::string_view bytes = take(count);
  for (size_t i = count; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string_view PickleBytes::take_line() {
  const std::string_view rest(
      reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
  const size_t end = rest.find('\n');
  if (end == rest.npos) maker_.refuse("a name has no end");
  at_ += end + 1;
  return rest.substr(0, end);
}

std::string_view PickleBytes::take_utf8(size_t length_bytes) {
  const std::string_view text = take(take_unsigned(length_bytes));
  if (find_invalid_utf8(text)) maker_.refuse("a text is not UTF-8");
  return text;
}

PickleValue& PickleStack::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
    maker_.refuse("a value is taken from an empty stack");
  return *stack_.back();
}

PickleValue& PickleStack::top(PickleKind kind) {
  PickleValue& value = top();
  if (value.kind != kind)
    maker_.refuse(
        "{} is filled as if it were {}", name_of(value.kind), name_of(kind));
  return value;
}

PickleValue& PickleStack::pop() {
  PickleValue& value = top();
  stack_.pop_back();
  return value;
}

std::vector<const PickleValue*> PickleStack::pop_some(size_t count) {
  std::vector<const PickleValue*> values(count);
  for (size_t i = count; i-- > 0;) values[i] = &pop();
  return values;
}

std::vector<const PickleValue*> PickleStack::pop_to_mark() {
  if (marks_.empty()) maker_.refuse("a mark is missing");
  const size_t count = stack_.size() - marks_.back();
  std::vector<const PickleValue*> values = pop_some(count);
  marks_.pop_back();
  return values;
}

void PickleStack::push_some(PickleKind kind,
                            std::vector<const PickleValue*> items) {
  PickleValue& value = maker_.make(kind);
  value.items = std::move(items);
  push(value);
}

void PickleStack::add_items(PickleKind kind,
                            std::vector<const PickleValue*> items) {
  auto& all = top(kind).items;
  all.insert(all.end(), items.begin(), items.end());
}

void PickleStack::add_pairs(std::vector<const PickleValue*> pairs) {
  if (pairs.size() % 2 != 0) maker_.refuse("a key has no value");
  add_items(PickleKind::dict, std::move(pairs));
}

void PickleStack::remember(uint64_t place) {
  memo_[place] = &top();
}

void PickleStack::recall(uint64_t place) {
  const auto found = memo_.find(place);
  if (found == memo_.end())
    maker_.refuse("value {} is asked for and was never kept", place);
  push(*found->second);
}

void PickleStack::mark() {
  if (marks_.size() == kMostMarks)
    maker_.refuse("values nest deeper than {} levels", kMostMarks);
  marks_.push_back(stack_.size());
}

}  // namespace lineas
