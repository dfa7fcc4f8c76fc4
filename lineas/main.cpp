// The program `lineas`.
#include "lineas/cli/program.h"

int main(int argc, char** argv) {
  return lineas::run_program(argc, argv);
}
