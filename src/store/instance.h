/*
 * instance.h - a name for one life of the daemon
 *
 * Its work in Redis is found and recovered by this name, so no two lives may
 * ever share one: neither on two hosts of the same name, nor in two
 * containers, nor before and after a restart.
 */
#ifndef POSTRIDER_INSTANCE_H
#define POSTRIDER_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * "<host>.<boot>.<pid namespace>.<pid>.<start>": host name, the first 12
 * digits of the boot id, the PID namespace's inode, the supervisor's process
 * id and its start time in clock ticks since boot (proc(5)).  Letters, digits,
 * '.', '-' and '_' only.  The supervisor makes it once and its children
 * inherit it.
 *
 * With $POSTRIDER_HOST set (the same characters, at most 100) that stands in
 * place of host, boot and namespace: for tests that play several hosts on
 * one, and for containers whose host name says nothing.
 *
 * Owned by the caller; NULL with the reason when /proc cannot be read.
 */
char *instance_name(pid_t supervisor, struct error *error);

#endif
