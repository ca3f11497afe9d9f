dist_man_MANS += man/postriderctl.1 man/postriderd.8
