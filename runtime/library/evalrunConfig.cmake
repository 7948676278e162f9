# find_package(evalrun): evalrun::evalrun for C++ and C, linked statically; evalrun::c for C, the shared object.
include(${CMAKE_CURRENT_LIST_DIR}/evalrunTargets.cmake)
