#include "lineas/picture/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <memory>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/picture/palette.h"

namespace lineas {
namespace {

int append(GifFileType* gif, const GifByteType* data, int size) {
  static_cast<std::string*>(gif->UserData)
      ->append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  return size;
}

void check(int result, const char* what) {
  if (result != GIF_OK)
    fail(ErrorKind::resource, "picture: giflib cannot write {}", what);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { EGifCloseFile(gif, nullptr); }
};
struct FreeMap {
  void operator()(ColorMapObject* map) const { GifFreeMapObject(map); }
};

std::unique_ptr<ColorMapObject, FreeMap> colour_map(
    const std::vector<Colour>& palette) {
  // A power of two of colours; the rest is black.
  int size = 2;
  while (size < std::ssize(palette)) size *= 2;
  std::vector<GifColorType> colours(static_cast<size_t>(size));
  for (size_t i = 0; i < palette.size(); ++i)
    colours[i] = {palette[i][0], palette[i][1], palette[i][2]};
  return std::unique_ptr<ColorMapObject, FreeMap>(
      GifMakeMapObject(size, colours.data()));
}

void put_endless_loop(GifFileType* gif) {
  const char name[] = "NETSCAPE2.0";
  const unsigned char forever[] = {1, 0, 0};
  check(EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE), "its loop");
  check(EGifPutExtensionBlock(gif, 11, name), "its loop");
  check(EGifPutExtensionBlock(gif, 3, forever), "its loop");
  check(EGifPutExtensionTrailer(gif), "its loop");
}

struct Frame {
  const std::vector<uint8_t>* indices;
  int centiseconds;
};

void put_frame(GifFileType* gif, const Frame& frame, int width, int height) {
  const GraphicsControlBlock control{.DisposalMode = DISPOSE_DO_NOT,
                                     .UserInputFlag = false,
                                     .DelayTime = frame.centiseconds,
                                     .TransparentColor = NO_TRANSPARENT_COLOR};
  GifByteType bytes[4];
  EGifGCBToExtension(&control, bytes);
  check(EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, bytes), "a frame");
  check(EGifPutImageDesc(gif, 0, 0, width, height, false, nullptr), "a frame");
  for (int y = 0; y < height; ++y) {
    const uint8_t* line = frame.indices->data() + int64_t{y} * width;
    check(EGifPutLine(gif, const_cast<uint8_t*>(line), width), "a frame");
  }
}

void check_frames(const std::vector<Picture>& frames) {
  if (frames.empty())
    fail(ErrorKind::shape, "picture: an animation needs a frame");
  const Picture& first = frames[0];
  for (const Picture& frame : frames)
    if (frame.width != first.width || frame.height != first.height)
      fail(ErrorKind::shape,
           "picture: frames of {} x {} and {} x {} pixels in one animation",
           first.width,
           first.height,
           frame.width,
           frame.height);
  if (first.width < 1 || first.height < 1 || first.width > 65535 ||
      first.height > 65535)
    fail(ErrorKind::shape,
         "picture: {} x {} pixels are no GIF; 65535 a side at most are",
         first.width,
         first.height);
}

// There, and where asked for back again without the ends.
std::vector<Frame> order_of(const std::vector<std::vector<uint8_t>>& pictures,
                            const GifOptions& options) {
  const int usual = std::max(options.frame_ms / 10, 2);
  std::vector<Frame> frames;
  for (const auto& picture : pictures) frames.push_back({&picture, usual});
  frames.back().centiseconds = 3 * usual;
  if (!options.back_and_forth || pictures.size() < 2) return frames;
  frames.front().centiseconds = 3 * usual;
  for (size_t i = pictures.size() - 1; i-- > 1;)
    frames.push_back({&pictures[i], usual});
  return frames;
}

}  // namespace

std::string encode_gif(const std::vector<Picture>& frames,
                       const GifOptions& options) {
  check_frames(frames);
  const std::vector<Colour> palette = choose_palette(frames);
  std::vector<std::vector<uint8_t>> reduced;
  for (const Picture& frame : frames)
    reduced.push_back(reduce_colours(frame, palette));
  const auto width = static_cast<int>(frames[0].width);
  const auto height = static_cast<int>(frames[0].height);
  const auto map = colour_map(palette);
  std::string bytes;
  int error = 0;
  std::unique_ptr<GifFileType, CloseGif> gif(EGifOpen(&bytes, append, &error));
  if (!gif || !map)
    fail(ErrorKind::resource, "picture: no memory for writing a GIF");
  EGifSetGifVersion(gif.get(), true);
  check(EGifPutScreenDesc(gif.get(), width, height, 8, 0, map.get()),
        "its head");
  put_endless_loop(gif.get());
  for (const Frame& frame : order_of(reduced, options))
    put_frame(gif.get(), frame, width, height);
  check(EGifCloseFile(gif.release(), &error), "its end");
  return bytes;
}

void write_gif(const std::string& path,
               const std::vector<Picture>& frames,
               const GifOptions& options) {
  write_file(path, encode_gif(frames, options));
}

}  // namespace lineas
