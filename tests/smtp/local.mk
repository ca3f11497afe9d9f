# The other side of SMTP, for every test of the project.
EXTRA_DIST += tests/smtp/scripted_server.py tests/smtp/scripted_rules.py \
	tests/smtp/scripted.py tests/smtp/certificates.py
