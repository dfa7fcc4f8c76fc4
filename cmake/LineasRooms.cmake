# lineas_room(NAME [TORCH] USES LIB...): the static library lineas_NAME from all
# sources of lineas/NAME. TORCH adds the shared precompiled ATen header. A room
# without sources yet becomes an interface library that passes its uses on.
set(LINEAS_ROOMS "" CACHE INTERNAL "")

function(lineas_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS
       "${PROJECT_SOURCE_DIR}/lineas/${name}/*.cpp")
  set(target lineas_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_compile_options(${target} PRIVATE -Wall -Wextra
      -Wno-unused-parameter -Wno-missing-field-initializers)
    if(ROOM_TORCH)
      lineas_use_torch_pch(${target})
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(lineas::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(${target} ${scope} ${ROOM_USES})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope}
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:include>")
  set(LINEAS_ROOMS ${LINEAS_ROOMS} ${name} CACHE INTERNAL "")
endfunction()

# One precompiled header serves every target that includes ATen (16 s once
# instead of 4 s a file). gcc takes it only where the flags are the same, so
# programs are compiled with -fPIC like the libraries.
function(lineas_use_torch_pch target)
  if(NOT TARGET lineas_torch_pch)
    file(WRITE "${CMAKE_BINARY_DIR}/pch.cpp" "")
    add_library(lineas_torch_pch OBJECT "${CMAKE_BINARY_DIR}/pch.cpp")
    target_link_libraries(lineas_torch_pch PRIVATE lineas::torch)
    target_precompile_headers(lineas_torch_pch PRIVATE <ATen/ATen.h>)
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM lineas_torch_pch)
endfunction()
