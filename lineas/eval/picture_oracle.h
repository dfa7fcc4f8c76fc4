// What a picture of the bundled picture world shows, read from its pixels:
// kinds and colours of the objects, the style, the background. A small
// convolutional network, trained by tools/bundled_images; what it is not sure
// of is "", which counts as failure everywhere. Knows no prompts and no models.
#pragma once

#include <string>
#include <vector>

#include "lineas/picture/picture.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

struct PictureThing {
  std::string kind, colour;  // "": unclear
  auto operator<=>(const PictureThing&) const = default;
};

struct PictureReading {
  std::vector<PictureThing> things;  // from the left to the right
  std::string style, background;     // "": unclear
  bool operator==(const PictureReading&) const = default;
};

class PictureOracle {
 public:
  /// A folder with config.json and oracle.safetensors. Throws not_found and
  /// format.
  explicit PictureOracle(const std::string& folder);

  /// Throws shape unless the picture has the size that the oracle was made for.
  PictureReading read(const Picture& picture) const;

  /// What the reading is made of: logits of every cell of a grid, kinds (the
  /// first: nothing) before colours, [C, G, G], and of the whole, styles before
  /// backgrounds.
  struct Logits {
    Tensor cells_CGG, whole_W;
  };
  Logits look(const Picture& picture) const;
  PictureReading read(const Logits& logits) const;

  const std::vector<std::string>& kinds() const { return kinds_; }
  const std::vector<std::string>& styles() const { return styles_; }
  const std::vector<std::string>& backgrounds() const { return backgrounds_; }

 private:
  struct Layer {
    Tensor weight, bias;
    bool pools = false;  // 2 x 2, behind it
  };
  Layer take(const class SafetensorsFile& file, const std::string& name) const;
  std::string name_of(const Tensor& logits,
                      const std::vector<std::string>& names) const;

  std::vector<std::string> kinds_, colours_, styles_, backgrounds_;
  int64_t side_ = 0;         // pixels
  int64_t least_cells_ = 1;  // fewer are no object
  double sure_ = 0.5;        // probabilities below are unclear
  std::vector<Layer> convolutions_;
  Layer hidden_, cell_, whole_;
};

}  // namespace lineas
