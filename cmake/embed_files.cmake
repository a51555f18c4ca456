# embed_files(TARGET HEADER FILE...): a source file of the target that defines lstmbench::asset(path) of the header with
# the files' contents. A change of a file configures again.
function(embed_files target header)
  set(entries "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${file} content)
    string(REGEX REPLACE "^report/" "" name ${file})
    string(APPEND entries "    {\"${name}\", R\"embedded(${content})embedded\"},\n")
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded_files.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp @ONLY)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp)
endfunction()
