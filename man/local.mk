dist_man_MANS += man/postriderctl.1 man/postrider-message.5 man/postrider-template.7 man/postrider.yaml.5 man/postriderd.8
