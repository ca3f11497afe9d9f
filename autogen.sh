#!/bin/sh
# Makes ./configure from configure.ac; a release tarball comes with it.
cd "$(dirname "$0")" && exec autoreconf --install --force "$@"
