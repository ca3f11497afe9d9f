# The queue in Redis: the only floor that includes hiredis.
libpostrider_a_SOURCES += \
	src/store/private.h \
	src/store/dial.c \
	src/store/deathwatch.c src/store/deathwatch.h \
	src/store/instance.c src/store/instance.h \
	src/store/keys.c \
	src/store/link.c \
	src/store/reply.c \
	src/store/script.c \
	src/store/store.h \
	src/store/store_admin.c \
	src/store/store_list.c \
	src/store/store_queues.c \
	src/store/store_retry.c \
	src/store/store_step.c \
	src/store/store_take.c \
	src/store/tls.c

# The Lua scripts are kept as files and carried inside the programs.
store_scripts = \
	src/store/scripts/bury.lua src/store/scripts/claim.lua src/store/scripts/defer.lua \
	src/store/scripts/delete.lua src/store/scripts/done.lua src/store/scripts/end.lua \
	src/store/scripts/give_back.lua \
	src/store/scripts/leave.lua src/store/scripts/mark.lua src/store/scripts/peek.lua \
	src/store/scripts/promote.lua src/store/scripts/renew.lua src/store/scripts/requeue.lua \
	src/store/scripts/trim.lua
store_script_parts = src/store/scripts/hold.lua src/store/scripts/version.lua
EXTRA_DIST += src/store/scripts/embed.sh $(store_scripts) $(store_script_parts)

nodist_libpostrider_a_SOURCES = src/store/scripts.c
CLEANFILES += src/store/scripts.c

src/store/scripts.c: $(store_scripts) $(store_script_parts) src/store/scripts/embed.sh
	$(AM_V_GEN)$(MKDIR_P) src/store && (cd $(srcdir) && \
		sh src/store/scripts/embed.sh $(store_scripts)) >$@.tmp && mv $@.tmp $@
