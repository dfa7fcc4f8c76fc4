// lineas/picture/png_write.cpp and lineas/picture/png_read.cpp: what is written
// is read again, and files of anybody are refused without harm.
#include "lineas/picture/png.h"

#include <png.h>

#include "lineas/base/file.h"
#include "lineas/base/memory.h"
#include "lineas/base/seed.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;

Picture noisy_picture(int64_t width, int64_t height) {
  Picture picture = blank_picture(width, height);
  Random random(7);
  for (uint8_t& byte : picture.rgb) byte = static_cast<uint8_t>(random.next());
  return picture;
}

std::string big_endian(uint32_t number) {
  return {static_cast<char>(number >> 24),
          static_cast<char>(number >> 16),
          static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

// Its checksum is worked out, so that only its content is at fault.
std::string chunk(const std::string& type, const std::string& content) {
  uint32_t crc = 0xffffffff;
  for (const char c : type + content) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return big_endian(static_cast<uint32_t>(content.size())) + type + content +
         big_endian(~crc);
}

const std::string kSignature("\x89PNG\r\n\x1a\n", 8);

std::string header(uint32_t width, uint32_t height, char depth, char colours) {
  return chunk("IHDR",
               big_endian(width) + big_endian(height) + depth + colours +
                   std::string(3, '\0'));
}

TEST(Png, IsReadAsItWasWritten) {
  const Picture picture = noisy_picture(37, 11);
  const std::vector<PngText> texts = {
      {kRecipeKeyword, R"({"seed": 7, "prompt": "a cat"})"},
      {kParametersKeyword, "a café\nSteps: 4, Seed: 7"},
      {"Empty", ""}};
  const std::string bytes = encode_png(picture, texts);
  const PngFile file = decode_png(bytes, "p.png");
  EXPECT_EQ(file.picture, picture);
  EXPECT_EQ(file.texts, texts);
  EXPECT_EQ(file.text("parameters"), texts[1].text);
  EXPECT_EQ(file.text("other"), "");
  EXPECT_EQ(bytes, encode_png(picture, texts));
  EXPECT_NE(bytes.find("tEXtlineas"), std::string::npos);
  EXPECT_NE(bytes.find("iTXtparameters"), std::string::npos);
}

TEST(Png, IsWrittenWholeOrNotAtAll) {
  const TempFolder folder;
  const std::string path = folder.path() + "/p.png";
  write_png(path, noisy_picture(4, 4));
  EXPECT_EQ(read_png(path).picture, noisy_picture(4, 4));
  expect_error(ErrorKind::resource, {"no/p.png"}, [&] {
    write_png(folder.path() + "/no/p.png", noisy_picture(4, 4));
  });
  expect_error(ErrorKind::resource, {"no/p.png"}, [&] {
    check_writable(folder.path() + "/no/p.png");
  });
}

TEST(Png, RefusesTextsThatItCannotHold) {
  const Picture picture = noisy_picture(2, 2);
  for (const std::string& keyword : {std::string(),
                                     std::string(80, 'k'),
                                     std::string(" k"),
                                     std::string("a  b"),
                                     std::string("caf\xc3\xa9")})
    expect_error(ErrorKind::usage, {"keyword"}, [&] {
      encode_png(picture, {{keyword, "text"}});
    });
  expect_error(ErrorKind::usage, {"zero byte"}, [&] {
    encode_png(picture, {{"k", std::string("a\0b", 3)}});
  });
  EXPECT_EQ(decode_png(encode_png(picture, {{"k", "\xff"}}), "p").texts[0].text,
            "\xef\xbf\xbd");
}

// 16 bits, transparency, palettes, grey and interlacing, by libpng's short
// form of writing.
TEST(Png, ReadsEveryKindOfColour) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = 2;
  image.format = PNG_FORMAT_RGBA;
  const uint8_t rgba[] = {
      255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 51, 10, 20, 30, 255};
  std::string bytes(4096, '\0');
  size_t size = bytes.size();
  ASSERT_TRUE(png_image_write_to_memory(
      &image, bytes.data(), &size, 0, rgba, 0, nullptr));
  const Picture seen = decode_png({bytes.data(), size}, "p").picture;
  EXPECT_EQ(seen.rgb,
            (std::vector<uint8_t>{
                255, 0, 0, 255, 255, 255, 204, 204, 204, 10, 20, 30}));
  image.format = PNG_FORMAT_GRAY;
  const uint8_t grey[] = {0, 100, 200, 255};
  size = bytes.size();
  ASSERT_TRUE(png_image_write_to_memory(
      &image, bytes.data(), &size, 0, grey, 0, nullptr));
  EXPECT_EQ(decode_png({bytes.data(), size}, "p").picture.rgb,
            (std::vector<uint8_t>{
                0, 0, 0, 100, 100, 100, 200, 200, 200, 255, 255, 255}));
}

TEST(Png, SaysWhatIsNone) {
  expect_error(ErrorKind::format, {"p.png", "not a PNG"}, [] {
    decode_png("", "p.png");
  });
  expect_error(ErrorKind::format, {"not a PNG"}, [] {
    decode_png("GIF89a and more", "p.png");
  });
  expect_error(
      ErrorKind::not_found, {"none.png"}, [] { read_png("none.png"); });
  expect_error(ErrorKind::shape, {"0 x 0"}, [] { encode_png({}); });
}

TEST(Png, RefusesEveryShortenedFile) {
  const std::string bytes = encode_png(noisy_picture(9, 5), {{"k", "text"}});
  for (size_t size = 8; size < bytes.size(); ++size)
    expect_error(ErrorKind::format, {"p.png", "damaged"}, [&] {
      decode_png(std::string_view(bytes).substr(0, size), "p.png");
    });
}

TEST(Png, NeverFallsOverDamage) {
  const std::string bytes =
      encode_png(noisy_picture(9, 5), {{"k", "text"}, {"l", "caf\xc3\xa9"}});
  Random random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string bad = bytes;
    for (uint64_t i = 0; i < 1 + random.below(4); ++i)
      bad[random.below(bad.size())] = static_cast<char>(random.next());
    try {
      decode_png(bad, "p.png");
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::format ||
                  error.kind() == ErrorKind::unsupported);
    }
  }
}

TEST(Png, BelievesNoSizeThatItsBytesCannotHold) {
  const int64_t before = peak_resident_bytes();
  expect_error(ErrorKind::format, {"cannot hold 8000 x 8000"}, [] {
    decode_png(kSignature + header(8000, 8000, 8, 2) + chunk("IDAT", "x"), "p");
  });
  expect_error(ErrorKind::unsupported, {"2000000000 x 2000000000"}, [] {
    decode_png(
        kSignature + header(2000000000, 2000000000, 8, 2) + chunk("IDAT", "x"),
        "p");
  });
  expect_error(ErrorKind::format, {"a chunk of 268435456 bytes"}, [] {
    decode_png(kSignature + header(8, 8, 8, 2) + big_endian(1 << 28) + "tEXt" +
                   std::string(50, 'x'),
               "p");
  });
  EXPECT_LT(peak_resident_bytes() - before, 64 << 20);
}

}  // namespace
}  // namespace lineas
