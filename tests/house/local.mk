EXTRA_DIST += runtests tests/packages tests/prepare.sh tests/package/run tests/package/install
