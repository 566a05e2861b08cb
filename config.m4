dnl The Zend build: phpize && ./configure && make && make install. PIE and pecl call the same.
PHP_ARG_ENABLE([logystera],
  [whether to enable the Logystera audit agent],
  [AS_HELP_STRING([--enable-logystera], [Enable the Logystera audit agent])],
  [yes])

PHP_ARG_ENABLE([logystera-coverage],
  [whether to build Logystera with gcov counters],
  [AS_HELP_STRING([--enable-logystera-coverage], [Logystera: gcov counters (its own tests)])],
  [no], [no])

PHP_ARG_ENABLE([logystera-faults],
  [whether to compile in the kill points of the crash tests],
  [AS_HELP_STRING([--enable-logystera-faults], [Logystera: named kill points (its own tests)])],
  [no], [no])

PHP_ARG_ENABLE([logystera-symbols],
  [whether to leave debug information and symbols in the Logystera module],
  [AS_HELP_STRING([--enable-logystera-symbols], [Logystera: keep debug information and symbols])],
  [no], [no])

if test "$PHP_LOGYSTERA" != "no"; then
  PHP_REQUIRE_CXX()
  AC_PATH_PROG([PKG_CONFIG], [pkg-config], [no])
  if test "$PKG_CONFIG" = "no"; then
    AC_MSG_ERROR([pkg-config is missing: install it (Debian: pkg-config, Alpine: pkgconf)])
  fi
  dnl logystera_library(NAME, MODULE, MINIMUM, PACKAGES)
  m4_define([logystera_library], [
    AC_MSG_CHECKING([for $1 $3 or newer])
    if $PKG_CONFIG --atleast-version=$3 $2; then
      AC_MSG_RESULT([`$PKG_CONFIG --modversion $2`])
      PHP_EVAL_INCLINE([`$PKG_CONFIG --cflags $2`])
      PHP_EVAL_LIBLINE([`$PKG_CONFIG --libs $2`], [LOGYSTERA_SHARED_LIBADD])
    else
      AC_MSG_ERROR([$1 $3 or newer is missing: install its development files (Debian: $4)])
    fi
  ])
  logystera_library([libcurl], [libcurl], [7.61.0], [libcurl4-openssl-dev])
  logystera_library([OpenSSL], [libcrypto], [1.1.1], [libssl-dev])
  logystera_library([zlib], [zlib], [1.2.0], [zlib1g-dev])

  AC_LANG_PUSH([C++])
  AC_MSG_CHECKING([for RapidJSON])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <rapidjson/reader.h>]], [[]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([RapidJSON's headers are missing: install them (Debian: rapidjson-dev)])])
  AC_LANG_POP([C++])

  ext_srcdir=PHP_EXT_SRCDIR(logystera)
  ext_builddir=PHP_EXT_BUILDDIR(logystera)
  LOGYSTERA_VERSION=`cat $ext_srcdir/VERSION`
  LOGYSTERA_FLAGS="-std=c++17 -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1 -DLOGYSTERA_VERSION=\\\"$LOGYSTERA_VERSION\\\" \
    -I$ext_srcdir -I$ext_srcdir/src -Wall -Wextra -Wno-unused-parameter \
    -fvisibility=hidden -fvisibility-inlines-hidden -fno-gnu-unique -fstack-protector-strong"
  if test "$PHP_LOGYSTERA_COVERAGE" = "yes"; then
    LOGYSTERA_FLAGS="$LOGYSTERA_FLAGS --coverage -O0 -fprofile-update=atomic"
    LDFLAGS="$LDFLAGS --coverage"
  fi
  if test "$PHP_LOGYSTERA_FAULTS" = "yes"; then
    LOGYSTERA_FLAGS="$LOGYSTERA_FLAGS -DLOGYSTERA_FAULTS"
  fi
  dnl Hardening, as far as the compiler and what it optimises have it: CMakeLists.txt asks for the same options.
  AC_LANG_PUSH([C++])
  logystera_cxxflags=$CXXFLAGS
  for logystera_flag in "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3" "-fstack-clash-protection" "-ftrivial-auto-var-init=zero"; do
    case "$PHP_LOGYSTERA_COVERAGE $logystera_flag" in "yes -U"*) continue ;; esac
    AC_MSG_CHECKING([whether the C++ compiler takes $logystera_flag])
    CXXFLAGS="$logystera_cxxflags -Werror $logystera_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[]])],
      [AC_MSG_RESULT([yes])
       LOGYSTERA_FLAGS="$LOGYSTERA_FLAGS $logystera_flag"],
      [AC_MSG_RESULT([no])])
  done
  CXXFLAGS=$logystera_cxxflags
  AC_LANG_POP([C++])
  dnl Every source of the three rooms, but for what log analysis alone needs:
  dnl program only: src/core/clock.cpp
  dnl program only: src/core/printable.cpp
  dnl program only: src/core/random.cpp
  dnl program only: src/core/record.cpp
  dnl program only: src/core/secret.cpp
  dnl program only: src/core/suggest.cpp
  dnl program only: src/core/user_directory.cpp
  dnl program only: src/core/walk.cpp
  dnl program only: src/agent/inspect.cpp
  PHP_NEW_EXTENSION([logystera], m4_normalize([
    src/core/catalogue.cpp
    src/core/event.cpp
    src/core/hmac.cpp
    src/core/ip.cpp
    src/core/json.cpp
    src/core/json_text.cpp
    src/core/message.cpp
    src/core/path.cpp
    src/core/uuid.cpp
    src/core/wire.cpp
    src/agent/backoff.cpp
    src/agent/batch.cpp
    src/agent/buffer.cpp
    src/agent/buffer_claim.cpp
    src/agent/buffer_header.cpp
    src/agent/buffer_layout.cpp
    src/agent/buffer_lock.cpp
    src/agent/buffer_sent.cpp
    src/agent/buffer_spill.cpp
    src/agent/checkpoint.cpp
    src/agent/credentials.cpp
    src/agent/directory.cpp
    src/agent/dispatch.cpp
    src/agent/dispatch_lock.cpp
    src/agent/drop_records.cpp
    src/agent/file.cpp
    src/agent/fork_mark.cpp
    src/agent/history.cpp
    src/agent/moment.cpp
    src/agent/proxy.cpp
    src/agent/reader.cpp
    src/agent/request.cpp
    src/agent/run.cpp
    src/agent/seal.cpp
    src/agent/signal_set.cpp
    src/agent/signed_call.cpp
    src/agent/transport.cpp
    src/agent/uid_key.cpp
    src/agent/verdict.cpp
    src/extension/buffer_class.cpp
    src/extension/credentials_class.cpp
    src/extension/database.cpp
    src/extension/dispatcher_class.cpp
    src/extension/fatal.cpp
    src/extension/module.cpp
    src/extension/native.cpp
    src/extension/options.cpp
    src/extension/recorder_class.cpp
    src/extension/secret_class.cpp
    src/extension/state.cpp
  ]), [$ext_shared],, [$LOGYSTERA_FLAGS], [cxx])
  PHP_ADD_LIBRARY([stdc++], 1, [LOGYSTERA_SHARED_LIBADD])
  PHP_ADD_BUILD_DIR([$ext_builddir/src/core], 1)
  PHP_ADD_BUILD_DIR([$ext_builddir/src/agent], 1)
  PHP_ADD_BUILD_DIR([$ext_builddir/src/extension], 1)
  dnl Only get_module leaves the library: hidden visibility does not reach what the standard library's headers instantiate.
  case $host_os in
    linux*)
      LDFLAGS="$LDFLAGS -Wl,--version-script=$ext_srcdir/src/extension/exports.map -Wl,-z,relro,-z,now -Wl,--as-needed"
      ;;
  esac
  if test "$PHP_LOGYSTERA_SYMBOLS$PHP_LOGYSTERA_COVERAGE" = "nono"; then
    LDFLAGS="$LDFLAGS -Wl,-s"
  fi
  PHP_SUBST([LOGYSTERA_SHARED_LIBADD])
  PHP_ADD_MAKEFILE_FRAGMENT()
fi
