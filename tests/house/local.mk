# The two commands, and checks of the tree itself.
EXTRA_DIST += runtests quickstart tests/packages tests/prepare.sh tests/package/run tests/package/install \
	tests/package/bare tests/package/boot tests/package/boot-inside \
	tests/house/tree tests/conftest.py \
	tests/quickstart/quickstart.py \
	tests/quickstart/1-welcome.json tests/quickstart/2-order.json tests/quickstart/3-several.json \
	tests/quickstart/4-korean.json tests/quickstart/5-field-missing.json \
	tests/quickstart/6-unknown-template.json tests/quickstart/7-put-off.json
TESTS += tests/house/tree
