# The processes: the supervisor and its children.
libpostrider_a_SOURCES += \
	src/process/child.c src/process/child.h \
	src/process/command.c src/process/command.h \
	src/process/control.c src/process/control.h \
	src/process/post.c src/process/post.h \
	src/process/retrier.c src/process/retrier.h \
	src/process/scoreboard.c src/process/scoreboard.h \
	src/process/signals.c src/process/signals.h \
	src/process/status.c src/process/status.h \
	src/process/supervisor.c src/process/supervisor.h \
	src/process/throttle.c src/process/throttle.h \
	src/process/worker.c src/process/worker.h
