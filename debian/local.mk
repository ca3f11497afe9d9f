# The Debian package is part of the tree and of the tarball; dh runs the build.
EXTRA_DIST += README.md NEWS \
	debian/changelog debian/control debian/copyright \
	debian/postrider.docs debian/postrider.examples debian/postrider.install \
	debian/postrider.postinst debian/postrider.postrm \
	debian/postrider.service debian/postrider.sysusers \
	debian/relay-configured debian/rules debian/source/format \
	debian/tests/control debian/tests/delivery debian/tests/installed
