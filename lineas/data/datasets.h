// Published data sets that prompts can be taken from as NAME:PATH#subset; the
// list is datasets.def.
#pragma once

#include <string>
#include <vector>

#include "lineas/data/prompts.h"
#include "lineas/data/text_file.h"

namespace lineas {

/// The prompts of one subset. Throws a usage Error that lists the subsets for
/// one that is not there.
using DatasetReader = PromptSet (*)(const TextFile& file,
                                    const std::string& subset);

struct Dataset {
  const char* name;
  DatasetReader read;
};

const std::vector<Dataset>& datasets();

/// Jigsaw toxic comments, train.csv: a label column ("toxic", "obscene", ...)
/// gives the comments that carry it, "non-toxic" those without any label.
PromptSet read_jigsaw(const TextFile& file, const std::string& subset);

}  // namespace lineas
