# What `cmake --install` gives: the program, the headers, the static libraries
# and find_package(lineas) with the target lineas::lineas, the bundled models.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lineas")

# Everything but the command line, under one name.
add_library(lineas INTERFACE)
add_library(lineas::lineas ALIAS lineas)
target_link_libraries(lineas INTERFACE lineas_eval)

set(targets lineas)
foreach(room IN LISTS LINEAS_ROOMS)
  list(APPEND targets lineas_${room})
endforeach()
install(TARGETS ${targets} EXPORT lineasTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT lineasTargets NAMESPACE lineas:: DESTINATION "${package_dir}")
if(TARGET lineas_program)
  install(TARGETS lineas_program DESTINATION "${CMAKE_INSTALL_BINDIR}")
  # The program writes what completes its command lines.
  foreach(shell bash zsh)
    install(CODE "execute_process(
      COMMAND \"$<TARGET_FILE:lineas_program>\" completion ${shell}
      OUTPUT_FILE \"${CMAKE_CURRENT_BINARY_DIR}/completion.${shell}\"
      COMMAND_ERROR_IS_FATAL ANY)")
  endforeach()
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/completion.bash" RENAME lineas
          DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/completion.zsh" RENAME _lineas
          DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
endif()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/lineas"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/bundled" "${PROJECT_SOURCE_DIR}/recipes"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/lineas" OPTIONAL)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/lineasConfig.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/lineasConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/lineasConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/lineasConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/lineasConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindLineasTorch.cmake"
        DESTINATION "${package_dir}")
