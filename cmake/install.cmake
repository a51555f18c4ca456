# `cmake --install` puts the library into a prefix: for find_package(lstm) and for pkg-config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/lstm)
install(TARGETS lstm EXPORT lstm ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lstm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(LSTM_BUILD_C_INTERFACE)
  install(TARGETS lstm_c EXPORT lstm LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()
install(EXPORT lstm NAMESPACE lstm:: FILE lstmTargets.cmake DESTINATION ${package_directory})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/lstmConfig.cmake.in ${PROJECT_BINARY_DIR}/package/lstmConfig.cmake
  INSTALL_DESTINATION ${package_directory})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/lstmConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/lstmConfig.cmake ${PROJECT_BINARY_DIR}/package/lstmConfigVersion.cmake
  DESTINATION ${package_directory})

set(private_libraries "-lstdc++ -lm -pthread")
if(LSTM_CUDA)
  string(APPEND private_libraries " -L${CUDAToolkit_LIBRARY_DIR} -lcudart -lcublas ${CUDNN_LIBRARY} -ldl")
endif()
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/lstm.pc.in ${PROJECT_BINARY_DIR}/package/lstm.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/lstm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
