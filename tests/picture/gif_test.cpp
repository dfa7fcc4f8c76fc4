// lineas/picture/gif.h and palette.h: read again with giflib.
#include "lineas/picture/gif.h"

#include <gif_lib.h>

#include <cstring>

#include "lineas/base/file.h"
#include "lineas/picture/palette.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;

constexpr Colour kRed = {200, 0, 0}, kBlue = {1, 2, 250};

// A picture in which all three channels change smoothly.
Picture gradient(int64_t size) {
  Picture picture = blank_picture(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      uint8_t* pixel = picture.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(255 * x / size);
      pixel[1] = static_cast<uint8_t>(255 * y / size);
      pixel[2] = static_cast<uint8_t>(127 * (x + y) / size);
    }
  return picture;
}

Picture from_indices(const std::vector<uint8_t>& indices,
                     const std::vector<Colour>& palette,
                     int64_t width) {
  Picture picture = blank_picture(width, std::ssize(indices) / width);
  for (size_t i = 0; i < indices.size(); ++i)
    for (int c = 0; c < 3; ++c)
      picture.rgb[3 * i + c] = palette.at(indices[i])[c];
  return picture;
}

// The largest difference of the means of 8 x 8 squares: what an eye sees.
double seen_difference(const Picture& a, const Picture& b) {
  double worst = 0;
  for (int64_t y = 0; y + 8 <= a.height; y += 8)
    for (int64_t x = 0; x + 8 <= a.width; x += 8)
      for (int c = 0; c < 3; ++c) {
        double sum = 0;
        for (int64_t i = 0; i < 64; ++i) {
          const int64_t at = (x + i % 8) * 3 + c;
          sum += a.row(y + i / 8)[at] - b.row(y + i / 8)[at];
        }
        worst = std::max(worst, std::abs(sum / 64));
      }
  return worst;
}

TEST(Palette, KeepsFewColoursAsTheyAre) {
  Picture picture = blank_picture(9, 9, kRed);
  paste(picture, blank_picture(3, 3, kBlue), 2, 2);
  const std::vector<Colour> palette = choose_palette({picture});
  EXPECT_EQ(palette.size(), 2u);
  EXPECT_EQ(from_indices(reduce_colours(picture, palette), palette, 9),
            picture);
}

TEST(Palette, SpreadsWhatIsLost) {
  const Picture picture = gradient(96);
  const std::vector<Colour> palette = choose_palette({picture});
  EXPECT_EQ(palette.size(), 256u);
  const Picture reduced =
      from_indices(reduce_colours(picture, palette), palette, 96);
  EXPECT_LE(seen_difference(picture, reduced), 5);
}

TEST(Palette, OfTwoColoursShowsTheMeansBetween) {
  const Picture grey = blank_picture(64, 64, {100, 100, 100});
  const std::vector<Colour> palette = {{0, 0, 0}, {255, 255, 255}};
  const Picture reduced =
      from_indices(reduce_colours(grey, palette), palette, 64);
  EXPECT_LE(seen_difference(grey, reduced), 12);
}

struct Bytes {
  std::string text;
  size_t place = 0;
};

int take(GifFileType* gif, GifByteType* to, int size) {
  auto* bytes = static_cast<Bytes*>(gif->UserData);
  const size_t count =
      std::min<size_t>(size, bytes->text.size() - bytes->place);
  std::memcpy(to, bytes->text.data() + bytes->place, count);
  bytes->place += count;
  return static_cast<int>(count);
}

// Frames as pictures, and how long each stays.
std::vector<std::pair<Picture, int>> read_gif(const std::string& text) {
  Bytes bytes{text};
  int error = 0;
  GifFileType* gif = DGifOpen(&bytes, take, &error);
  EXPECT_NE(gif, nullptr);
  EXPECT_EQ(DGifSlurp(gif), GIF_OK);
  std::vector<Colour> palette;
  for (int i = 0; i < gif->SColorMap->ColorCount; ++i) {
    const GifColorType& one = gif->SColorMap->Colors[i];
    palette.push_back({one.Red, one.Green, one.Blue});
  }
  std::vector<std::pair<Picture, int>> frames;
  for (int i = 0; i < gif->ImageCount; ++i) {
    GraphicsControlBlock control;
    EXPECT_EQ(DGifSavedExtensionToGCB(gif, i, &control), GIF_OK);
    const SavedImage& image = gif->SavedImages[i];
    const std::vector<uint8_t> indices(
        image.RasterBits, image.RasterBits + gif->SWidth * gif->SHeight);
    frames.emplace_back(from_indices(indices, palette, gif->SWidth),
                        control.DelayTime);
  }
  DGifCloseFile(gif, &error);
  return frames;
}

TEST(Gif, GoesThereAndBackForEver) {
  const std::vector<Picture> frames = {blank_picture(20, 10, kRed),
                                       blank_picture(20, 10, kWhite),
                                       blank_picture(20, 10, kBlue)};
  const std::string bytes = encode_gif(frames, {.frame_ms = 100});
  EXPECT_NE(bytes.find("NETSCAPE2.0"), std::string::npos);
  const auto read = read_gif(bytes);
  ASSERT_EQ(read.size(), 4u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(read[i].first, frames[i]) << i;
  EXPECT_EQ(read[3].first, frames[1]);
  EXPECT_EQ(read[0].second, 30);
  EXPECT_EQ(read[1].second, 10);
  EXPECT_EQ(read[2].second, 30);
  EXPECT_EQ(read_gif(encode_gif(frames, {.back_and_forth = false})).size(), 3u);
  EXPECT_EQ(read_gif(encode_gif({frames[0]})).size(), 1u);
}

TEST(Gif, ShowsManyColours) {
  const auto read = read_gif(encode_gif({gradient(96)}));
  EXPECT_LE(seen_difference(read[0].first, gradient(96)), 5);
}

TEST(Gif, IsWrittenToAPathAndRefusesWhatIsNone) {
  const TempFolder folder;
  const std::string path = folder.path() + "/a.gif";
  write_gif(path, {blank_picture(3, 3)});
  EXPECT_TRUE(read_file(path).starts_with("GIF89a"));
  expect_error(ErrorKind::shape, {"needs a frame"}, [] { encode_gif({}); });
  expect_error(ErrorKind::shape, {"3 x 3 and 4 x 3"}, [] {
    encode_gif({blank_picture(3, 3), blank_picture(4, 3)});
  });
  expect_error(ErrorKind::shape, {"70000 x 1"}, [] {
    encode_gif({blank_picture(70000, 1)});
  });
}

}  // namespace
}  // namespace lineas
