// GGUF files that lie or are cut: each must end in an Error that names the
// file, and the key or tensor where there is one.
#include "lineas/base/gguf.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/tensor/gguf_file.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/gguf.h"

namespace lineas {
namespace {

using testing::counted;
using testing::GgufBuilder;
using testing::little;

void refuse_bytes(const std::string& bytes,
                  std::vector<std::string> parts,
                  ErrorKind kind = ErrorKind::format) {
  parts.emplace_back("m.gguf");
  testing::expect_error(kind, parts, [&] {
    parse_gguf(std::as_bytes(std::span(bytes)), "m.gguf");
  });
}

void refuse(const GgufBuilder& file,
            const std::vector<std::string>& parts,
            ErrorKind kind = ErrorKind::format) {
  refuse_bytes(file.bytes(), parts, kind);
}

GgufBuilder good() {
  GgufBuilder file;
  file.text("general.architecture", "llama").filled("w", {2, 3}, 1);
  return file;
}

TEST(MalformedGguf, EveryCutIsRefused) {
  const std::string whole = good().bytes();
  for (size_t size = 0; size < whole.size(); ++size)
    refuse_bytes(whole.substr(0, size), {});
  parse_gguf(std::as_bytes(std::span(whole)), "m.gguf");
}

TEST(MalformedGguf, MagicVersionByteOrder) {
  GgufBuilder file = good();
  file.magic = "GGUX";
  refuse(file, {"GGUX"});
  file.magic = "FUGG";
  refuse(file, {"big-endian"});
  file.magic = "tjgg";
  refuse(file, {"predecessors"}, ErrorKind::unsupported);
  file.magic = "GGUF";
  for (const uint32_t version : {0U, 1U, 4U}) {
    file.version = version;
    refuse(file,
           {version == 0 ? "big-endian" : std::to_string(version)},
           ErrorKind::unsupported);
  }
  file.version = 0x03000000;
  refuse(file, {"big-endian"}, ErrorKind::unsupported);
}

TEST(MalformedGguf, CountsThatTheFileCannotHold) {
  for (const uint64_t more :
       {uint64_t{1}, uint64_t{1} << 40, ~uint64_t{0} - 9}) {
    GgufBuilder file = good();
    file.more_tensors = more;
    refuse(file, {});
    file = good();
    file.more_keys = more;
    refuse(file, {});
  }
  GgufBuilder list = good();
  list.raw("k", 9, little<uint32_t>(4) + little<uint64_t>(1ULL << 62));
  refuse(list, {"\"k\""});
  GgufBuilder texts = good();
  texts.raw("k", 9, little<uint32_t>(8) + little<uint64_t>(1ULL << 62));
  refuse(texts, {});
}

TEST(MalformedGguf, StringsLongerThanTheFile) {
  for (const uint64_t length : {uint64_t{1000}, ~uint64_t{0}}) {
    GgufBuilder value;
    value.raw("k", 8, little(length));
    refuse(value, {"\"k\"", std::to_string(length)});
    refuse_bytes("GGUF" + little<uint32_t>(3) + little<uint64_t>(0) +
                     little<uint64_t>(1) + little(length) +
                     std::string(20, 'x'),
                 {std::to_string(length)});
  }
}

TEST(MalformedGguf, TypesOfValuesAndTensors) {
  GgufBuilder value;
  value.raw("k", 13, "");
  refuse(value, {"\"k\"", "13"});
  GgufBuilder element;
  element.raw("k", 9, little<uint32_t>(99) + little<uint64_t>(0));
  refuse(element, {"\"k\"", "99"});
  GgufBuilder nested;
  nested.raw("k", 9, little<uint32_t>(9) + little<uint64_t>(1));
  refuse(nested, {"\"k\""}, ErrorKind::unsupported);
  GgufBuilder unknown;
  unknown.tensor("w", {4}, 5, std::string(16, 'x'));
  refuse(unknown, {"\"w\"", "5", "Q4_0"});
  GgufBuilder unread;
  unread.tensor("w", {256}, 17, std::string(74, 'x'));
  refuse(unread, {"\"w\"", "IQ2_XS", "Q4_0"}, ErrorKind::unsupported);
}

TEST(MalformedGguf, NamesTwiceEmptyOrNoText) {
  GgufBuilder keys = good();
  keys.u32("k", 1).u32("k", 2);
  refuse(keys, {"\"k\"", "twice"});
  GgufBuilder tensors = good();
  tensors.filled("w", {1});
  refuse(tensors, {"\"w\"", "twice"});
  GgufBuilder empty = good();
  empty.u32("", 1);
  refuse(empty, {"key"});
  GgufBuilder bytes = good();
  bytes.filled("\xff", {1});
  refuse(bytes, {"UTF-8"});
}

TEST(MalformedGguf, Alignment) {
  for (const uint32_t alignment : {0U, 3U, 48U, 0x80000000U}) {
    GgufBuilder file = good();
    file.u32("general.alignment", alignment);
    refuse(file, {"general.alignment"});
  }
  GgufBuilder text = good();
  text.text("general.alignment", "32");
  refuse(text, {"general.alignment"});
  GgufBuilder wide;
  wide.alignment = 64;
  wide.u32("general.alignment", 64).filled("a", {1}).filled("b", {1});
  const std::string bytes = wide.bytes();
  EXPECT_EQ(
      parse_gguf(std::as_bytes(std::span(bytes)), "m").tensors[1].begin % 64,
      0U);
}

TEST(MalformedGguf, ShapesAndOffsets) {
  GgufBuilder rows;
  rows.tensor("w", {2, 16}, 2, std::string(18, 'x'));
  refuse(rows, {"\"w\"", "16", "32"});
  GgufBuilder many;
  many.describe("w", {1, 1, 1, 1, 1}, 0, 0);
  refuse(many, {"\"w\"", "5"});
  GgufBuilder huge;
  huge.describe("w", {1ULL << 33, 1ULL << 33}, 0, 0);
  refuse(huge, {"\"w\""});
  GgufBuilder beyond;
  beyond.describe("w", {4}, 0, ~uint64_t{0} - 31);
  refuse(beyond, {"\"w\""});
  GgufBuilder negative;
  negative.describe("w", {~uint64_t{0}}, 0, 0);
  refuse(negative, {"\"w\""});
}

TEST(MalformedGguf, OverlapsGapsAndOddOffsets) {
  GgufBuilder overlap;
  overlap.filled("a", {16}).describe("b", {16}, 0, 32);
  refuse(overlap, {"\"b\"", "overlap"});
  GgufBuilder same;
  same.filled("a", {8}).describe("b", {8}, 0, 0);
  refuse(same, {"overlap"});
  GgufBuilder odd;
  odd.filled("a", {1}).describe("b", {1}, 0, 4);
  refuse(odd, {"\"b\"", "32"});
  GgufBuilder gap;
  gap.filled("a", {1}).describe("b", {1}, 0, 64);
  refuse(gap, {"\"b\"", "gap"});
  refuse_bytes(good().bytes() + std::string(100, 'x'), {"belong to no tensor"});
}

class MalformedSplit : public ::testing::Test {
 protected:
  std::string part(int number) const {
    return folder_ / ("m-0000" + std::to_string(number) + "-of-00002.gguf");
  }
  void write(int number, const GgufBuilder& file) const {
    folder_.write(part(number).substr(folder_.path().size() + 1), file.bytes());
  }
  static GgufBuilder piece(uint32_t number, const std::string& tensor) {
    GgufBuilder file;
    file.u32("split.no", number)
        .u32("split.count", 2)
        .u32("split.tensors.count", 2)
        .filled(tensor, {4}, static_cast<float>(number));
    return file;
  }
  void refuse(ErrorKind kind, const std::vector<std::string>& parts) const {
    testing::expect_error(kind, parts, [&] { GgufFile file(part(1)); });
  }
  testing::TempFolder folder_;
};

TEST_F(MalformedSplit, AnyPartOpensAll) {
  write(1, piece(0, "a"));
  write(2, piece(1, "b"));
  for (const int number : {1, 2}) {
    const GgufFile file(part(number));
    EXPECT_EQ(file.path(), part(1));
    EXPECT_EQ(file.names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(file.load("b", at::kFloat).sum().item<float>(), 4);
  }
}

TEST_F(MalformedSplit, PartsThatDoNotBelongTogether) {
  write(1, piece(0, "a"));
  refuse(ErrorKind::not_found, {part(2), "missing"});
  write(2, piece(0, "b"));
  refuse(ErrorKind::format, {part(2), "split.no"});
  write(2, piece(1, "a"));
  refuse(ErrorKind::format, {part(2), "\"a\""});
  GgufBuilder more = piece(1, "b");
  more.filled("c", {1});
  write(2, more);
  refuse(ErrorKind::format, {"split.tensors.count", "3"});
  GgufBuilder plain;
  plain.filled("b", {1});
  write(2, plain);
  refuse(ErrorKind::format, {part(2), "split.no"});
}

TEST_F(MalformedSplit, APartUnderAnotherName) {
  folder_.write("x.gguf", piece(1, "a").bytes());
  testing::expect_error(ErrorKind::format,
                        {"x.gguf", "part 2 of 2", "00001-of-00002"},
                        [&] { GgufFile file(folder_ / "x.gguf"); });
}

}  // namespace
}  // namespace lineas
