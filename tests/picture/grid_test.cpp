// lineas/picture/grid.h, lettering.h and picture.h: where everything lies, and
// that words are drawn.
#include "lineas/picture/grid.h"

#include "lineas/picture/lettering.h"
#include "lineas/picture/picture.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

Colour at(const Picture& picture, int64_t x, int64_t y) {
  const uint8_t* pixel = picture.row(y) + x * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

int64_t ink(const Picture& picture) {
  int64_t count = 0;
  for (int64_t i = 0; i < picture.width * picture.height; ++i)
    count += at(picture, i % picture.width, i / picture.width) != kWhite;
  return count;
}

constexpr Colour kRed = {200, 0, 0};

TEST(Picture, IsPastedAndMagnified) {
  Picture page = blank_picture(5, 4);
  paste(page, blank_picture(2, 2, kRed), 3, 2);
  EXPECT_EQ(at(page, 3, 2), kRed);
  EXPECT_EQ(at(page, 4, 3), kRed);
  EXPECT_EQ(at(page, 2, 2), kWhite);
  const Picture large = magnify(page, 3);
  EXPECT_EQ(large.width, 15);
  EXPECT_EQ(at(large, 9, 6), kRed);
  EXPECT_EQ(at(large, 8, 6), kWhite);
  EXPECT_EQ(ink(large), 4 * 9);
  expect_error(ErrorKind::shape, {"does not fit"}, [&] {
    paste(page, blank_picture(2, 2), 4, 2);
  });
  expect_error(ErrorKind::shape, {"0 x 3"}, [] { blank_picture(0, 3); });
  expect_error(ErrorKind::shape, {"pixels"}, [] {
    blank_picture(int64_t{1} << 40, int64_t{1} << 40);
  });
}

TEST(Grid, MagnifiesSmallPicturesByWholeNumbers) {
  const Picture strip = make_strip({blank_picture(64, 64, kRed)});
  EXPECT_EQ(strip.width, 3 * 64 + 2 * 8);
  EXPECT_EQ(strip.height, 3 * 64 + 2 * 8);
  EXPECT_EQ(ink(strip), 9 * 64 * 64);
  const Picture large = make_strip({blank_picture(512, 768, kRed)});
  EXPECT_EQ(large.width, 512 + 2 * 16);
}

TEST(Grid, PutsWordsBelowAndToTheLeft) {
  const std::vector<Picture> cells(4, blank_picture(200, 180, kRed));
  const Picture plain = make_grid(cells, 2);
  const Picture worded =
      make_grid(cells, 2, {.columns = {"0", "0.5"}, .rows = {"a cat", "dog"}});
  EXPECT_EQ(plain.width, 2 * 200 + 3 * 8);
  EXPECT_EQ(worded.width,
            plain.width + text_width("a cat", TextSize::small) + 8);
  EXPECT_EQ(worded.height, plain.height + line_height(TextSize::small) + 4);
  EXPECT_GT(ink(worded), ink(plain) + 50);
  EXPECT_EQ(ink(plain), 4 * 200 * 180);
  EXPECT_EQ(at(worded, worded.width - 9, 8), kRed) << "the last picture";
}

TEST(Grid, FramesAreOfOneSize) {
  const std::vector<Picture> cells(2, blank_picture(64, 64, kRed));
  const std::vector<Picture> frames =
      make_frames(cells, {"0", std::string(60, 'w') + " and more"});
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].width, frames[1].width);
  EXPECT_EQ(frames[0].height, frames[1].height);
  EXPECT_GT(ink(frames[1]), ink(frames[0]));
  EXPECT_TRUE(make_frames({}).empty());
}

TEST(Grid, RefusesWhatIsNoGrid) {
  const Picture cell = blank_picture(8, 8);
  expect_error(ErrorKind::shape, {"3 pictures", "2 columns"}, [&] {
    make_grid({cell, cell, cell}, 2);
  });
  expect_error(ErrorKind::shape, {"0 pictures"}, [] { make_strip({}); });
  expect_error(ErrorKind::shape, {"8 x 8 and 9 x 8"}, [&] {
    make_strip({cell, blank_picture(9, 8)});
  });
  expect_error(ErrorKind::shape, {"labels"}, [&] {
    make_strip({cell}, {"a", "b"});
  });
}

TEST(Lettering, BreaksLinesAtSpacesAndSaysWhatIsLeftOut) {
  const int64_t width = text_width("a red cat", TextSize::small);
  EXPECT_EQ(wrap_text("a red cat sits", TextSize::small, width, 3),
            (std::vector<std::string>{"a red cat", "sits"}));
  const auto cut =
      wrap_text("a red cat sits on it today", TextSize::small, width, 2);
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_TRUE(cut[1].starts_with("sits") && cut[1].ends_with("...")) << cut[1];
  EXPECT_LE(text_width(cut[1], TextSize::small), width);
  for (const std::string& line :
       wrap_text(std::string(99, 'm'), TextSize::large, 50, 99))
    EXPECT_LE(text_width(line, TextSize::large), 50);
  EXPECT_EQ(wrap_text("mm", TextSize::large, 1, 9).size(), 2u);
  EXPECT_TRUE(wrap_text("", TextSize::small, 50, 3).empty());
}

TEST(Lettering, DrawsInsideThePictureAlone) {
  Picture page = blank_picture(20, 20);
  draw_text(page, -8, -8, "W\xc3\xa9WWWW\xff", TextSize::large);
  EXPECT_GT(ink(page), 10);
  draw_text(page, 500, 500, "W", TextSize::small);
  EXPECT_EQ(text_width("\xc3\xa9", TextSize::small),
            text_width("?", TextSize::small));
}

TEST(Lettering, EveryCharacterButTheSpaceIsDrawn) {
  for (const TextSize size : {TextSize::small, TextSize::large})
    for (char c = '!'; c <= '~'; ++c) {
      Picture page = blank_picture(40, line_height(size));
      draw_text(page, 0, 0, std::string(1, c), size);
      EXPECT_GT(ink(page), 0) << c;
    }
}

}  // namespace
}  // namespace lineas
