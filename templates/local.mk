# The templates that come with postrider: examples to copy.
shipped_templates = \
	templates/layouts/base.html \
	templates/macros/mail.html templates/macros/money.html \
	templates/order-confirmation.html templates/order-confirmation.html.yaml \
	templates/password-reset.html templates/password-reset.html.yaml \
	templates/verify-code.html templates/verify-code.html.yaml \
	templates/welcome.html templates/welcome.html.yaml
nobase_dist_pkgdata_DATA += $(shipped_templates)
