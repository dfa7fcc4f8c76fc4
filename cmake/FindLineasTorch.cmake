# Finds LibTorch and defines the imported target lineas::torch.
#
# Takes any of: -DLINEAS_TORCH_DIR (site-packages/torch of a wheel, or an
# unpacked LibTorch zip), the wheel that `make setup` puts below .deps, or the
# torch of the python3 on PATH. The wheel's own TorchConfig.cmake is not used:
# it asks for a CUDA toolkit even where none is needed.
set(_hints "${LINEAS_TORCH_DIR}")
if(NOT LINEAS_TORCH_DIR)
  file(GLOB _hints "${PROJECT_SOURCE_DIR}/.deps/*/lib/python3*/site-packages/torch")
  execute_process(
    COMMAND python3 -c
      "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '')"
    OUTPUT_VARIABLE _python_torch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  list(APPEND _hints "${_python_torch}")
endif()

find_path(LineasTorch_ROOT include/ATen/ATen.h HINTS ${_hints} NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LineasTorch
  REQUIRED_VARS LineasTorch_ROOT
  REASON_FAILURE_MESSAGE
  "run `make setup`, or pass -DLINEAS_TORCH_DIR=<folder with include/ and lib/ of torch >= 2.8>")

if(LineasTorch_FOUND AND NOT TARGET lineas::torch)
  set(_lib "${LineasTorch_ROOT}/lib")
  foreach(name torch_cpu c10)
    add_library(lineas::${name} SHARED IMPORTED)
    set_target_properties(lineas::${name} PROPERTIES
      IMPORTED_LOCATION "${_lib}/lib${name}.so" IMPORTED_NO_SONAME TRUE)
  endforeach()
  add_library(lineas::torch INTERFACE IMPORTED)
  target_include_directories(lineas::torch SYSTEM INTERFACE
    "${LineasTorch_ROOT}/include"
    "${LineasTorch_ROOT}/include/torch/csrc/api/include")
  # The CUDA runtime libraries that libtorch_cpu.so names lie beside the wheel.
  file(GLOB _nvidia "${LineasTorch_ROOT}/../nvidia/*/lib")
  set(_rpaths "${_lib}" ${_nvidia})
  set(_rpath_flags "")
  foreach(path IN LISTS _rpaths)
    list(APPEND _rpath_flags "-Wl,-rpath,${path}")
  endforeach()
  target_link_libraries(lineas::torch INTERFACE
    lineas::torch_cpu lineas::c10 "-Wl,--allow-shlib-undefined" ${_rpath_flags})
endif()
