dnl Copyright (c) 2026, The Tor Project, Inc.
dnl See LICENSE for licensing information
dnl
dnl --enable-rust[=LIST]: which components of tor are built from Rust.
dnl configure.ac calls TOR_RUST where the modules are, and TOR_RUST_SUMMARY
dnl where it prints its summary.

dnl The components, in the order in which they are named everywhere. A new one
dnl is added here, as a feature in Cargo.toml, and in rust/ffi/src/lib.rs.
m4_define([TOR_RUST_COMPONENTS], [cells cert link onion relaycrypt trunnel])

dnl TOR_RUST_COMPONENT(NAME): USE_RUST_<NAME> for make and for C.
AC_DEFUN([TOR_RUST_COMPONENT], [
  AS_CASE([",$enable_rust,"],
    [*,all,*|*,yes,*|*,$1,*], [tor_rust_$1=yes],
    [tor_rust_$1=no])
  AM_CONDITIONAL([USE_RUST_]m4_toupper([$1]), [test "x$tor_rust_$1" = xyes])
  AS_IF([test "x$tor_rust_$1" = xyes],
    [AC_DEFINE([USE_RUST_]m4_toupper([$1]), [1], [Build $1 from Rust])
     TOR_RUST_FEATURES="$TOR_RUST_FEATURES $1"])
])

dnl TOR_RUST_TOOL(VARIABLE, NAME): the tool, and an error if there is none.
AC_DEFUN([TOR_RUST_TOOL], [
  AC_CHECK_PROGS([$1], [$2], [no])
  AS_IF([test "x$$1" = xno],
    [AC_MSG_ERROR([--enable-rust needs $2 and it is not in PATH. Install Rust $tor_rust_minimum or later (packages rustc and cargo), or say where it is: ./configure $1=/path/to/$2])])
])

dnl TOR_RUST_AT_LEAST(VARIABLE, NAME): an error if the tool is too old.
AC_DEFUN([TOR_RUST_AT_LEAST], [
  AC_MSG_CHECKING([version of $2])
  tor_rust_version=`"$$1" --version 2>/dev/null | sed -n 's/^$2 \([[0-9]][[0-9.]]*\).*/\1/p'`
  AC_MSG_RESULT([${tor_rust_version:-unknown}])
  AS_IF([test "x$tor_rust_version" = x],
    [AC_MSG_ERROR([$$1 --version prints no version. Is it a working $2?])])
  AS_VERSION_COMPARE([$tor_rust_version], [$tor_rust_minimum],
    [AC_MSG_ERROR([$2 $tor_rust_version is too old: --enable-rust needs $tor_rust_minimum or later.])])
])

dnl TOR_RUST_ACCELERATOR(NAME, COMPONENT): the feature NAME, of use only to
dnl COMPONENT, where rustc is new enough. Cargo.toml says for which. Called
dnl after TOR_RUST_AT_LEAST of rustc, whose version it uses.
AC_DEFUN([TOR_RUST_ACCELERATOR], [
  AS_IF([test "x$tor_rust_$2" = xyes], [
    tor_rust_wanted=`sed -n '/^\@<:@workspace\.metadata/,/^$/s/^$1 = "\([[0-9.]]*\)"/\1/p' "$srcdir/src/rust/Cargo.toml"`
    AS_IF([test "x$tor_rust_wanted" = x],
      [AC_MSG_ERROR([src/rust/Cargo.toml does not say which rustc $1 needs])])
    AC_MSG_CHECKING([whether rustc can build $1])
    AS_VERSION_COMPARE([$tor_rust_version], [$tor_rust_wanted],
      [AC_MSG_RESULT([no, it needs $tor_rust_wanted or later])],
      [AC_MSG_RESULT([yes])
       TOR_RUST_FEATURES="$TOR_RUST_FEATURES $1"],
      [AC_MSG_RESULT([yes])
       TOR_RUST_FEATURES="$TOR_RUST_FEATURES $1"])
  ])
])

dnl TOR_RUST_SAME_IN_ANY_FOLDER: a release gives the same bytes wherever it is
dnl built. (In a developer's tree the debugger is to find the sources.) Whoever
dnl says already what folders are called has the last word.
AC_DEFUN([TOR_RUST_SAME_IN_ANY_FOLDER], [
  tor_rust_folders=`pwd; cd "$srcdir" && pwd`
  AS_CASE(["$CFLAGS"], [*-prefix-map=*], [], [
    AS_CASE(["$tor_rust_folders"], [*" "*], [], [
      TOR_TRY_COMPILE_WITH_CFLAGS([-ffile-prefix-map=from=to], [], [
        for tor_rust_folder in `AS_ECHO(["$tor_rust_folders"]) | sort -u`; do
          CFLAGS="$CFLAGS -ffile-prefix-map=$tor_rust_folder=."
        done],
        [:])])])
])

dnl TOR_RUST_TARGET: tor_rust_target is Rust's name of the machine that the
dnl canonical GNU name in host_cpu, host_vendor and host_os stands for, as far as
dnl these rules go; empty where they do not. Whether there is a target of that
dnl name is for rustc to say. Debian's ports are what a name stands for where it
dnl may mean several things: arm-linux-gnueabihf is armhf (ARMv7),
dnl arm-linux-gnueabi is armel (ARMv5TE).
AC_DEFUN([TOR_RUST_TARGET], [
  tor_rust_target=
  AS_CASE([$host_cpu],
    [i?86], [tor_rust_cpu=i686],
    [riscv64], [tor_rust_cpu=riscv64gc],
    [armv8*|armv7*], [tor_rust_cpu=armv7],
    [armv6*], [tor_rust_cpu=arm],
    [armv5*], [tor_rust_cpu=armv5te],
    [armv4t*], [tor_rust_cpu=armv4t],
    [arm],
      [AS_CASE([$host_os],
        [linux-gnueabihf|linux-musleabihf], [tor_rust_cpu=armv7],
        [linux-gnueabi|linux-musleabi], [tor_rust_cpu=armv5te],
        [tor_rust_cpu=arm])],
    [tor_rust_cpu=$host_cpu])
  AS_CASE([$host_os],
    [linux-androideabi*], [tor_rust_target=$tor_rust_cpu-linux-androideabi],
    [linux-android*],
      [AS_CASE([$tor_rust_cpu],
        [riscv64gc], [tor_rust_cpu=riscv64])
       tor_rust_target=$tor_rust_cpu-linux-android],
    [linux-gnu*|linux-musl*|linux-uclibc*],
      [tor_rust_target=$tor_rust_cpu-unknown-$host_os],
    [mingw32*],
      [AS_CASE([$tor_rust_cpu],
        [x86_64|i686], [tor_rust_target=$tor_rust_cpu-pc-windows-gnu],
        [aarch64], [tor_rust_target=aarch64-pc-windows-gnullvm])],
    [darwin*],
      [AS_CASE([$tor_rust_cpu],
        [arm64], [tor_rust_cpu=aarch64])
       tor_rust_target=$tor_rust_cpu-apple-darwin],
    [freebsd*], [tor_rust_target=$tor_rust_cpu-unknown-freebsd],
    [netbsd*eabihf*], [tor_rust_target=$tor_rust_cpu-unknown-netbsd-eabihf],
    [netbsd*], [tor_rust_target=$tor_rust_cpu-unknown-netbsd],
    [openbsd*], [tor_rust_target=$tor_rust_cpu-unknown-openbsd])
])

dnl TOR_RUST_CROSS: CARGO_BUILD_TARGET, if tor is for another machine and the
dnl user has not named it, and whether rustc has a standard library for it.
dnl
dnl Not autoconf's cross_compiling: that is "no" where the host's programs happen
dnl to run here, as i386 ones on amd64, or any under an emulator that the kernel
dnl calls. Rust's code would be for the wrong machine.
AC_DEFUN([TOR_RUST_CROSS], [
  AC_REQUIRE([AC_CANONICAL_HOST])
  AS_IF([test "x$CARGO_BUILD_TARGET" = x && test "x$host" != "x$build"], [
    AC_MSG_CHECKING([what Rust calls $host])
    TOR_RUST_TARGET
    tor_rust_known=`"$RUSTC" --print target-list 2>/dev/null | tr -d '\r' | tr '\n' ' '`
    dnl Some distributions have targets of their own, such as Alpine's.
    AS_CASE([$host_vendor],
      [unknown|pc], [],
      [AS_CASE([" $tor_rust_known"], [*" $host "*], [tor_rust_target=$host])])
    AS_CASE([" $tor_rust_known"],
      [*" ${tor_rust_target:-none} "*], [],
      [tor_rust_target=])
    AC_MSG_RESULT([${tor_rust_target:-unknown}])
    AS_IF([test "x$tor_rust_target" = x],
      [AC_MSG_ERROR([--enable-rust: rustc has no target that is surely $host. Say which one it is: ./configure CARGO_BUILD_TARGET=TARGET (rustc --print target-list has all names)])])
    CARGO_BUILD_TARGET=$tor_rust_target
  ])
  dnl A target that is a file, and a standard library that cargo builds itself,
  dnl are for those who know.
  AS_CASE([$CARGO_BUILD_TARGET,$CARGO_UNSTABLE_BUILD_STD],
    [,*|*.json,*|*,?*], [], [
    AC_MSG_CHECKING([for Rust's standard library for $CARGO_BUILD_TARGET])
    dnl RUSTFLAGS unquoted, as cargo splits it; it may say --sysroot.
    tor_rust_libdir=`"$RUSTC" $RUSTFLAGS --print target-libdir --target "$CARGO_BUILD_TARGET" 2>/dev/null`
    AS_IF([test "x$tor_rust_libdir" = x],
      [AC_MSG_RESULT([no such target])
       AC_MSG_ERROR([--enable-rust: rustc knows no target $CARGO_BUILD_TARGET (or not with RUSTFLAGS="$RUSTFLAGS"). rustc --print target-list has all names.])])
    tor_rust_std=no
    for tor_rust_file in "$tor_rust_libdir"/libstd-*.rlib; do
      test -f "$tor_rust_file" && tor_rust_std=yes
    done
    AC_MSG_RESULT([$tor_rust_std])
    AS_IF([test "x$tor_rust_std" = xno],
      [AC_MSG_ERROR([--enable-rust: rustc has no standard library for $CARGO_BUILD_TARGET in $tor_rust_libdir. Install it: rustup target add $CARGO_BUILD_TARGET, or the package libstd-rust-dev of that architecture in the version of this rustc])])
  ])
])

AC_DEFUN([TOR_RUST], [
  AC_ARG_ENABLE([rust],
    AS_HELP_STRING([--enable-rust@<:@=LIST@:>@],
      [build these components from Rust: all, or a comma-separated list of: ]TOR_RUST_COMPONENTS),
    [], [enable_rust=no])
  AC_ARG_VAR([CARGO], [the cargo that builds the Rust components])
  AC_ARG_VAR([RUSTC], [the rustc that builds the Rust components])
  AC_ARG_VAR([RUSTFLAGS], [flags for rustc])
  AC_ARG_VAR([CARGO_BUILD_TARGET], [Rust's name of the machine that tor will run on, if it is another one and not to be derived from --host])

  AS_IF([test "x$enable_rust" = x],
    [AC_MSG_ERROR([--enable-rust= needs a list. The components are: TOR_RUST_COMPONENTS])])
  TOR_RUST_FEATURES=
  for tor_rust_word in `echo "$enable_rust" | tr ',' ' '`; do
    AS_CASE([" all yes no TOR_RUST_COMPONENTS "],
      [*" $tor_rust_word "*],
        [AS_IF([test "x$tor_rust_word" = xno && test "x$enable_rust" != xno],
          [AC_MSG_ERROR([--enable-rust: "no" stands alone])])],
      [AC_MSG_ERROR([--enable-rust: there is no component "$tor_rust_word". The components are: TOR_RUST_COMPONENTS])])
  done
  m4_foreach_w([tor_rust_name], TOR_RUST_COMPONENTS,
    [TOR_RUST_COMPONENT(tor_rust_name)])
  AM_CONDITIONAL([USE_RUST], [test "x$TOR_RUST_FEATURES" != x])

  AS_IF([test "x$TOR_RUST_FEATURES" != x], [
    AC_DEFINE([USE_RUST], [1], [Some components are built from Rust])
    AS_IF([test ! -f "$srcdir/src/rust/Cargo.toml"],
      [AC_MSG_ERROR([--enable-rust: src/rust/Cargo.toml is missing from this source tree])])
    tor_rust_minimum=`sed -n 's/^rust-version = "\(.*\)"/\1/p' "$srcdir/src/rust/Cargo.toml"`
    TOR_RUST_TOOL([CARGO], [cargo])
    TOR_RUST_TOOL([RUSTC], [rustc])
    TOR_RUST_AT_LEAST([CARGO], [cargo])
    TOR_RUST_AT_LEAST([RUSTC], [rustc])
    TOR_RUST_ACCELERATOR([graviola], [onion])
    AC_CHECK_TOOL([OBJCOPY], [objcopy], [no])
    AS_IF([test "x$OBJCOPY" = xno],
      [AC_MSG_ERROR([--enable-rust needs objcopy (package binutils).])])
    TOR_RUST_CROSS
  ])
  AC_SUBST([TOR_RUST_FEATURES])
  dnl For `make distcheck`, which configures once more.
  AC_SUBST([enable_rust])

  dnl A release has the crates of others beside ours; `make dist` keeps them.
  TOR_RUST_VENDORED=
  AS_IF([test -d "$srcdir/src/rust/vendor"],
    [TOR_RUST_VENDORED="src/rust/.cargo src/rust/vendor"
     AS_IF([test "x$TOR_RUST_FEATURES" != x], [TOR_RUST_SAME_IN_ANY_FOLDER])])
  AC_SUBST([TOR_RUST_VENDORED])
])

AC_DEFUN([TOR_RUST_SUMMARY], [
  AS_ECHO
  PPRINT_SUBTITLE([Rust components (--enable-rust)])
  m4_foreach_w([tor_rust_name], TOR_RUST_COMPONENTS,
    [test "x$tor_rust_[]tor_rust_name" = xyes && value=1 || value=0
     PPRINT_PROP_BOOL(tor_rust_name, [$value])])
  AS_IF([test "x$TOR_RUST_FEATURES" != x],
    [PPRINT_PROP_STRING([rustc], [$RUSTC])
     AS_IF([test "x$CARGO_BUILD_TARGET" != x],
       [PPRINT_PROP_STRING([target], [$CARGO_BUILD_TARGET])])])
])
