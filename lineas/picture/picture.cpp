#include "lineas/picture/picture.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {

Picture blank_picture(int64_t width, int64_t height, Colour colour) {
  if (width < 1 || height < 1 || width > kMostPixels / height)
    fail(ErrorKind::shape,
         "picture: {} x {} pixels; at least 1 and at most {} in all are "
         "possible",
         width,
         height,
         kMostPixels);
  Picture picture{.width = width, .height = height};
  picture.rgb.resize(static_cast<size_t>(width * height * 3));
  for (size_t i = 0; i < picture.rgb.size(); ++i)
    picture.rgb[i] = colour[i % 3];
  return picture;
}

void paste(Picture& onto, const Picture& picture, int64_t x, int64_t y) {
  if (x < 0 || y < 0 || x + picture.width > onto.width ||
      y + picture.height > onto.height)
    fail(ErrorKind::shape,
         "picture: {} x {} does not fit at ({}, {}) of {} x {}",
         picture.width,
         picture.height,
         x,
         y,
         onto.width,
         onto.height);
  for (int64_t line = 0; line < picture.height; ++line)
    std::copy_n(
        picture.row(line), picture.width * 3, onto.row(y + line) + x * 3);
}

Picture magnify(const Picture& picture, int64_t factor) {
  Picture large =
      blank_picture(picture.width * factor, picture.height * factor);
  for (int64_t y = 0; y < large.height; ++y) {
    const uint8_t* from = picture.row(y / factor);
    uint8_t* to = large.row(y);
    for (int64_t x = 0; x < large.width; ++x)
      std::copy_n(from + x / factor * 3, 3, to + x * 3);
  }
  return large;
}

}  // namespace lineas
