// Published data sets that prompts can be taken from as NAME:PATH#subset; the
// list is datasets.def.
#pragma once

#include <string>
#include <vector>

#include "lineas/data/text_file.h"

namespace lineas {

/// The prompts of one subset. Throws a usage Error that lists the subsets for
/// one that is not there.
using DatasetReader = std::vector<std::string> (*)(const TextFile& file,
                                                   const std::string& subset);

struct Dataset {
  const char* name;
  DatasetReader read;
};

const std::vector<Dataset>& datasets();

/// Jigsaw toxic comments, train.csv: a label column ("toxic", "obscene", ...)
/// gives the comments that carry it, "non-toxic" those without any label.
std::vector<std::string> read_jigsaw(const TextFile& file,
                                     const std::string& subset);

}  // namespace lineas
