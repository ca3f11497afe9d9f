# postriderctl: a file a family of verbs.
libpostrider_a_SOURCES += \
	src/ctl/check.c \
	src/ctl/ctl.c src/ctl/ctl.h \
	src/ctl/daemon.c src/ctl/daemon.h \
	src/ctl/failed.h src/ctl/failed_find.c src/ctl/failed_show.c src/ctl/failed_verbs.c \
	src/ctl/insight.c src/ctl/insight.h \
	src/ctl/render.c \
	src/ctl/send.c \
	src/ctl/status.c \
	src/ctl/text.c src/ctl/text.h \
	src/ctl/trace.c \
	src/ctl/verb.c src/ctl/verb.h
