// Headers that lie: each must end in an Error that names the file, and the
// tensor where there is one.
#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/base/safetensors.h"

namespace lineas {
namespace {

std::string file_of(const std::string& json, size_t data_bytes) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(json.size() >> (8 * i) & 0xff);
  }
  return bytes + json + std::string(data_bytes, 'x');
}

std::string tensor(const std::string& dtype,
                   const std::string& shape,
                   const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

/// The message of the Error that parsing ends in; it must name the file.
std::string error_of(const std::string& bytes,
                     ErrorKind kind = ErrorKind::format) {
  try {
    parse_safetensors(std::as_bytes(std::span(bytes)), "m.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_EQ(std::string(error.what()).find("m.safetensors"), 0u);
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

void expect_error(const std::string& bytes,
                  const std::string& part,
                  ErrorKind kind = ErrorKind::format) {
  const std::string message = error_of(bytes, kind);
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(SafetensorsHeader, AcceptsThePlainFile) {
  const std::string bytes =
      file_of("{\"w\":" + tensor("F32", "[2]", "[0,8]") + "}", 8);
  EXPECT_EQ(
      parse_safetensors(std::as_bytes(std::span(bytes)), "m").tensors.size(),
      1u);
}

TEST(SafetensorsHeader, Lengths) {
  expect_error("", "0 bytes long");
  expect_error("1234567", "7 bytes long");
  expect_error(std::string(8, '\0'), "does not begin");
  expect_error(std::string(8, '\xff') + "{}", "18446744073709551615 bytes");
  const std::string good =
      file_of("{\"w\":" + tensor("F32", "[2]", "[0,8]") + "}", 8);
  for (size_t size = 0; size < good.size(); ++size) {
    error_of(good.substr(0, size));
  }
}

TEST(SafetensorsHeader, Json) {
  expect_error(file_of("<html>", 0), "does not begin");
  expect_error(file_of("{\"w\":", 0), "is not JSON");
  expect_error(file_of("{\"w\xff\":1}", 0), "is not JSON");
  expect_error(file_of("{}" + std::string(1, '\0') + "junk", 0), "zero byte");
  expect_error(file_of("{\"w\":" + std::string(100000, '['), 0),
               "deeper than 64");
  expect_error(file_of("{\"w\":3}", 0), "tensor \"w\"");
  expect_error(file_of("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4),
               "has no \"data_offsets\"");
  expect_error(file_of("{\"__metadata__\":{\"k\":1}}", 0), "\"k\" is 1");
  expect_error(file_of("{\"__metadata__\":[]}", 0), "__metadata__");
}

TEST(SafetensorsHeader, DuplicateKeys) {
  const std::string w = "\"w\":" + tensor("F32", "[1]", "[0,4]");
  expect_error(file_of("{" + w + "," + w + "}", 4), "\"w\" appears twice");
  expect_error(file_of("{\"w\":{\"dtype\":\"I8\",\"dtype\":\"I8\","
                       "\"shape\":[1],\"data_offsets\":[0,1]}}",
                       1),
               "\"dtype\" appears twice");
}

TEST(SafetensorsHeader, SameKeysInTwoTensorsAreNotDuplicates) {
  const std::string bytes =
      file_of("{\"a\":" + tensor("I8", "[1]", "[0,1]") +
                  ",\"b\":" + tensor("I8", "[1]", "[1,2]") + "}",
              2);
  EXPECT_NO_THROW(parse_safetensors(std::as_bytes(std::span(bytes)), "m"));
}

TEST(SafetensorsHeader, DtypesAndShapes) {
  const auto one = [](const std::string& entry, size_t bytes) {
    return file_of("{\"blk.w\":" + entry + "}", bytes);
  };
  expect_error(one(tensor("F8_E4M3", "[4]", "[0,4]"), 4),
               "\"blk.w\" has dtype \"F8_E4M3\"",
               ErrorKind::unsupported);
  expect_error(one(tensor("float32", "[1]", "[0,4]"), 4),
               "\"blk.w\" has dtype \"float32\"");
  expect_error(one(tensor("F32", "[-1]", "[0,4]"), 4), "blk.w");
  expect_error(one(tensor("F32", "[1.5]", "[0,4]"), 4), "blk.w");
  expect_error(one(tensor("F32", "{}", "[0,4]"), 4), "a list is needed");
  expect_error(one(tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0),
               "too many");
  expect_error(one(tensor("F32", "[18446744073709551615]", "[0,4]"), 4),
               "too many");
  expect_error(one(tensor("F32", "[2]", "[0,4]"), 4), "8 bytes");
  expect_error(one(tensor("F32", "[1]", "[0,4,8]"), 8), "data_offsets");
  expect_error(one(tensor("F32", "[1]", "[-4,0]"), 4), "data_offsets");
  expect_error(one(tensor("F32", "[1]", "[8,4]"), 8), "data_offsets");
}

TEST(SafetensorsHeader, Layout) {
  const auto two = [](const std::string& a, const std::string& b) {
    return "{\"a\":" + tensor("I8", "[4]", a) +
           ",\"b\":" + tensor("I8", "[4]", b) + "}";
  };
  expect_error(file_of(two("[0,4]", "[4,8]"), 7), "has 7 bytes of data");
  expect_error(file_of(two("[0,4]", "[2,6]"), 6), "overlap");
  expect_error(file_of(two("[0,4]", "[0,4]"), 4), "overlap");
  expect_error(file_of(two("[0,4]", "[6,10]"), 10), "gap");
  expect_error(file_of(two("[2,6]", "[6,10]"), 10), "the header");
  expect_error(file_of(two("[0,4]", "[4,8]"), 9), "1 bytes after the last");
}

}  // namespace
}  // namespace lineas
