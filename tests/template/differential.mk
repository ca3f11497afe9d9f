# Bodies that the shipped templates are rendered with.
mail_bodies = \
	tests/template/mail/order-confirmation.json tests/template/mail/order-confirmation-korean.json \
	tests/template/mail/order-confirmation-least.json \
	tests/template/mail/password-reset.json tests/template/mail/password-reset-least.json \
	tests/template/mail/verify-code.json tests/template/mail/verify-code-least.json \
	tests/template/mail/welcome.json tests/template/mail/welcome-korean.json \
	tests/template/mail/welcome-least.json
EXTRA_DIST += $(mail_bodies)

# The engine beside Jinja2: recorded answers (differential), live (random), in bounds (hostile);
# by hand, Jinja2's own test suite (upstream).
EXTRA_DIST += tests/template/cases tests/template/expected-failures.txt \
	tests/template/batch.py tests/template/casefile.py tests/template/oracle.py \
	tests/template/grammar.py tests/template/record.py tests/template/differential \
	tests/template/random tests/template/hostile tests/template/upstream tests/template/upstream_record.py
TESTS += tests/template/differential tests/template/random tests/template/hostile
