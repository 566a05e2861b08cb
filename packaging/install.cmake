# What `cmake --install` puts where: the program without its debug information, and what belongs to it where the system looks.
include(GNUInstallDirs)
option(LOGYSTERA_STRIP "Install the program without its debug information, which is most of it" ON)

if(LOGYSTERA_STRIP)
  install(CODE "set(CMAKE_INSTALL_DO_STRIP ON)")
endif()
install(TARGETS logystera RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The manual page and the completions are what the program itself says they are. One built for another machine cannot be asked.
if(NOT CMAKE_CROSSCOMPILING)
  set(SHARED_FILES ${CMAKE_BINARY_DIR}/share)
  add_custom_command(
    OUTPUT ${SHARED_FILES}/logystera.1 ${SHARED_FILES}/logystera.bash ${SHARED_FILES}/logystera.zsh ${SHARED_FILES}/logystera.fish
    COMMAND ${CMAKE_COMMAND} -E make_directory ${SHARED_FILES}
    COMMAND logystera --manual > ${SHARED_FILES}/logystera.1
    COMMAND logystera --show-completion bash > ${SHARED_FILES}/logystera.bash
    COMMAND logystera --show-completion zsh > ${SHARED_FILES}/logystera.zsh
    COMMAND logystera --show-completion fish > ${SHARED_FILES}/logystera.fish
    DEPENDS logystera
    VERBATIM)
  add_custom_target(logystera_shared ALL DEPENDS ${SHARED_FILES}/logystera.1)
  install(FILES ${SHARED_FILES}/logystera.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  set(COMPLETIONS ${CMAKE_INSTALL_DATADIR})
  install(FILES ${SHARED_FILES}/logystera.bash DESTINATION ${COMPLETIONS}/bash-completion/completions RENAME logystera)
  install(FILES ${SHARED_FILES}/logystera.zsh DESTINATION ${COMPLETIONS}/zsh/site-functions RENAME _logystera)
  install(FILES ${SHARED_FILES}/logystera.fish DESTINATION ${COMPLETIONS}/fish/vendor_completions.d)
endif()

install(FILES LICENSE README.md ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md PRIVACY.md SECURITY.md packaging/notices.txt
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES config.yaml.example packaging/targets.yaml packaging/systemd/site.conf
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
# Units and configuration name each other and the program, by where this installation puts them.
install(CODE "set(SOURCE [[${CMAKE_SOURCE_DIR}]])\nset(BINDIR [[${CMAKE_INSTALL_BINDIR}]])\nset(SYSCONFDIR [[${CMAKE_INSTALL_SYSCONFDIR}]])")
install(SCRIPT packaging/install-units.cmake)
