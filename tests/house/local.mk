EXTRA_DIST += runtests tests/packages tests/prepare.sh
