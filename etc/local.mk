EXTRA_DIST += etc/postrider.yaml
