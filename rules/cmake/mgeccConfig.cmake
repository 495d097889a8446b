# find_package(mgecc CONFIG) with -Dmgecc_DIR=`mgecc config --cmakedir`, or add_subdirectory() of this folder in a checkout.
#
#   mgecc_add_model(NAME CONFIG model.yaml TARGET cortex-m4f
#                   [CPU name] [OPTIMIZE speed|size|memory] [ARGS ...] [PREBUILT [TOOLCHAIN zig|gcc|clang]])
#
# makes the static library NAME of a model, with the headers of it. CONFIG: a model.yaml or a model file. Its C files are compiled
# by the toolchain of the project or, PREBUILT, by mgecc's for the target. ARGS: more arguments of `mgecc compile`.
cmake_minimum_required(VERSION 3.20)

get_filename_component(_mgecc_folder "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
if(NOT EXISTS "${_mgecc_folder}/mgecc/cli.py") # installed by pip, in mgecc/_cmake
  get_filename_component(_mgecc_folder "${_mgecc_folder}/.." ABSOLUTE)
endif()
# That of a checkout, then that of the environment in which mgecc is installed.
find_program(MGECC_PYTHON NAMES python3 python DOC "Python with the packages of mgecc"
  HINTS "${_mgecc_folder}/../.venv/bin" "${_mgecc_folder}/../../../bin")
set(MGECC_COMMAND "${CMAKE_COMMAND}" -E env "PYTHONPATH=${_mgecc_folder}" "${MGECC_PYTHON}" -m mgecc
  CACHE INTERNAL "The command mgecc")

# GCC and Clang assemble weights, which takes less time and memory than to compile an array of C. After add_subdirectory(), say so
# by project(... C ASM).
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT CMAKE_C_SIMULATE_ID STREQUAL "MSVC" AND NOT APPLE)
  enable_language(ASM)
endif()

# What mgecc prints for these arguments, as a list of its lines.
function(_mgecc_ask result)
  execute_process(COMMAND ${MGECC_COMMAND} ${ARGN} WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    OUTPUT_VARIABLE said ERROR_VARIABLE why RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(status)
    message(FATAL_ERROR "${why}")
  endif()
  string(REPLACE "\n" ";" said "${said}")
  set(${result} "${said}" PARENT_SCOPE)
endfunction()

# A step that compiles the model whenever something that it was made of has changed. Files that stay the same keep their time, so
# one file of its own says when that was.
function(_mgecc_add_step name files)
  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${name}.mgecc")
  add_custom_command(OUTPUT "${stamp}" BYPRODUCTS ${files}
    COMMAND ${MGECC_COMMAND} ${ARGN} --depfile "${stamp}.d"
    COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
    DEPFILE "${stamp}.d" WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" COMMENT "Compiling the model ${name}" VERBATIM)
  add_custom_target(${name}_mgecc DEPENDS "${stamp}")
endfunction()

function(_mgecc_add_sources name files flags folder)
  set(c_files ${files})
  list(FILTER c_files INCLUDE REGEX "/src/.*\\.c$")
  if(CMAKE_ASM_COMPILER_ID MATCHES "GNU|Clang")
    list(FILTER c_files EXCLUDE REGEX "_blob\\.c$")
    set(assembly ${files})
    list(FILTER assembly INCLUDE REGEX "\\.S$")
    foreach(file IN LISTS assembly)
      string(REGEX REPLACE "_blob\\.S$" ".blob" blob "${file}")
      set_source_files_properties("${file}" PROPERTIES OBJECT_DEPENDS "${blob}" COMPILE_OPTIONS "-Wa,-I,${folder}/blob")
    endforeach()
  endif()
  add_library(${name} STATIC ${c_files} ${assembly})
  separate_arguments(flags UNIX_COMMAND "${flags}")
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:C>:${flags}>")
  endif()
  set_target_properties(${name} PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_include_directories(${name} PUBLIC "${folder}/include")
endfunction()

function(_mgecc_add_prebuilt name files folder)
  list(FILTER files INCLUDE REGEX "\\.a$")
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${files}" INTERFACE_INCLUDE_DIRECTORIES "${folder}")
endfunction()

function(mgecc_add_model name)
  cmake_parse_arguments(PARSE_ARGV 1 MODEL "PREBUILT" "CONFIG;TARGET;CPU;OPTIMIZE;TOOLCHAIN" "ARGS")
  if(MODEL_UNPARSED_ARGUMENTS OR NOT MODEL_CONFIG OR NOT MODEL_TARGET)
    message(FATAL_ERROR "mgecc_add_model(${name} CONFIG model.yaml TARGET name ...): wrong or missing: ${MODEL_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(config "${MODEL_CONFIG}" ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${config}") # it may name other C files
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  set(machine --target "${MODEL_TARGET}")
  foreach(option CPU OPTIMIZE)
    if(MODEL_${option})
      string(TOLOWER "--${option}" word)
      list(APPEND machine ${word} "${MODEL_${option}}")
    endif()
  endforeach()
  set(where --sources "${folder}")
  if(MODEL_PREBUILT)
    set(where --out "${folder}")
    if(MODEL_TOOLCHAIN)
      list(APPEND where --toolchain "${MODEL_TOOLCHAIN}")
    endif()
  endif()
  set(words compile "${config}" --name ${name} ${machine} ${where} ${MODEL_ARGS})
  _mgecc_ask(files ${words} --list-outputs)
  _mgecc_add_step(${name} "${files}" ${words})
  file(MAKE_DIRECTORY "${folder}/include")
  if(MODEL_PREBUILT)
    _mgecc_add_prebuilt(${name} "${files}" "${folder}")
  else()
    _mgecc_ask(flags config --cflags ${machine})
    _mgecc_add_sources(${name} "${files}" "${flags}" "${folder}")
  endif()
  add_dependencies(${name} ${name}_mgecc)
endfunction()
