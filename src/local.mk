# The programs: options and one call each.
sbin_PROGRAMS += postriderd
postriderd_SOURCES = src/postriderd.c
postriderd_LDADD = $(postrider_libs)

bin_PROGRAMS += postriderctl
postriderctl_SOURCES = src/postriderctl.c
postriderctl_LDADD = $(postrider_libs)
