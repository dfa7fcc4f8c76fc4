// How templates fail: where, by what kind, and before they take too much.
#include "lineas/jinja/template.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace lineas::jinja {
namespace {

/// Fails unless `call` ends in an Error of that kind that says `part`.
template <typename Call>
void expect_error(Call call, ErrorKind kind, const std::string& part) {
  lineas::testing::expect_error(kind, {part}, call);
}

std::string render(const std::string& source, const Limits& limits = {}) {
  return Template(source, "t.jinja").render({}, {.limits = limits, .now = {}});
}

TEST(JinjaTemplate, WhatIsNoTemplateIsRefusedWithItsLine) {
  for (const char* source : {"\n\n{{ 1 +",
                             "\n\n{% if x %}",
                             "\n\n{{ a b }}",
                             "\n\n{% nope %}",
                             "\n\n{{ 'a }}",
                             "\n\n{# x"})
    expect_error([&] { render(source); }, ErrorKind::format, "t.jinja:3");
}

TEST(JinjaTemplate, WhatIsNotRunIsNamed) {
  expect_error([] { render("\n{% include 'x' %}"); },
               ErrorKind::unsupported,
               "t.jinja:2: the tag \"include\"");
  expect_error([] { render("{% for i in x recursive %}{% endfor %}"); },
               ErrorKind::unsupported,
               "recursive");
  expect_error([] { render("\n{{ 'x' | urlize }}"); },
               ErrorKind::unsupported,
               "t.jinja:2: the filter \"urlize\"");
  expect_error(
      [] { render("{{ 'x'.encode() }}"); }, ErrorKind::unsupported, "encode");
  expect_error([] { render("{{ 99999999999999999999 }}"); },
               ErrorKind::unsupported,
               "64 bits");
  expect_error([] { render("{{ range }}"); }, ErrorKind::unsupported, "print");
}

TEST(JinjaTemplate, WhatIsMissingIsNamedWithItsLine) {
  expect_error([] { render("a\n{{ x.y }}"); },
               ErrorKind::format,
               "t.jinja:2: \"x\" is not defined");
}

TEST(JinjaTemplate, AnExceptionOfTheTemplateIsAUsageError) {
  expect_error([] { render("{{ raise_exception('no') }}"); },
               ErrorKind::usage,
               "refuses this conversation: no");
}

TEST(JinjaTemplate, EndlessWorkIsStopped) {
  const std::string body =
      "{% for i in range(99999) %}{% for j in range(99999) %}"
      "{% endfor %}{% endfor %}";
  expect_error([&] { render(body, {.steps = 100'000}); },
               ErrorKind::resource,
               "too long");
}

TEST(JinjaTemplate, EndlessTextIsStopped) {
  for (const char* source :
       {"{{ 'x' * 999999999999 }}",
        "{% set n = namespace(s='x') %}{% for i in range(99) %}"
        "{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s='x') %}{% for i in range(99) %}"
        "{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
        "{{ 'x'.ljust(99999999999) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ [1] * 99999999999 }}",
        "{{ 'a' | center(9999999999) }}",
        "{{ {'a': [1]} | tojson(indent=9999999999) }}"})
    expect_error([&] { render(source); }, ErrorKind::resource, "t.jinja:1");
}

TEST(JinjaTemplate, EndlessDepthIsStopped) {
  expect_error(
      [] { render("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"); },
      ErrorKind::resource,
      "too deeply");
  for (const char* nested : {"{% set n.s = [n.s] %}",
                             "{% set n.s = n.s | map('first') %}",
                             "{% set n.s = {'a': n.s} %}",
                             "{% set n.s = {'a': n.s}.items() %}"})
    expect_error(
        [&] {
          render("{% set n = namespace(s=[]) %}{% for i in range(9999) %}" +
                 std::string(nested) + "{% endfor %}");
        },
        ErrorKind::resource,
        "deep");
  const auto around = [](char open, char close) {
    return std::string(9999, open) + "1" + std::string(9999, close);
  };
  std::string sum = "1", filters = "1";
  for (int i = 0; i < 9999; ++i) {
    sum += "+1";
    filters += "|abs";
  }
  for (const std::string& inside : {around('(', ')'),
                                    around('[', ']'),
                                    sum,
                                    filters,
                                    std::string(9999, '-') + "1"})
    expect_error(
        [&] { render("{{ " + inside + " }}"); }, ErrorKind::resource, "nest");
}

TEST(JinjaTemplate, ValuesThatHoldThemselvesAreFreed) {
  EXPECT_EQ(render("{% set n = namespace() %}{% set n.n = n %}"
                   "{% macro m() %}{{ m }}{% endmacro %}{% set n.m = m %}"
                   "{% for i in [n] %}{% set n.l = loop %}{% endfor %}ok"),
            "ok");
}

TEST(JinjaTemplate, BytesThatAreNotUtf8AreRefused) {
  expect_error([] { render("a\xff"); }, ErrorKind::format, "byte 1");
}

}  // namespace
}  // namespace lineas::jinja
