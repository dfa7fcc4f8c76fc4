// The program `lineas`.
#include "lineas/base/memory.h"
#include "lineas/cli/program.h"

int main(int argc, char** argv) {
  lineas::keep_freed_memory();
  return lineas::run_program(argc, argv);
}
