# Lays out what a wheel holds, anew: PACKAGE, LIBRARY, IMAGES and METADATA go to TREE.
file(REMOVE_RECURSE ${TREE})
file(COPY ${PACKAGE} DESTINATION ${TREE} FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
file(COPY_FILE ${LIBRARY} ${TREE}/evalrun/libevalrun.so.1)
file(GLOB images ${IMAGES}/*.toml)
file(COPY ${images} DESTINATION ${TREE}/evalrun/images)
file(COPY ${METADATA} DESTINATION ${TREE})
