/*
 * signals.h - signals as something to poll(2) for
 *
 * All signals that postrider acts on are blocked in every process and read
 * from a signalfd(2) between two pieces of work: no handler, no EINTR, and a
 * message in hand is never interrupted.
 */
#ifndef POSTRIDER_SIGNALS_H
#define POSTRIDER_SIGNALS_H

#include <signal.h>

/* Blocks them, ignores SIGPIPE, and returns the descriptor (CLOEXEC,
 * non-blocking); fatal when there is none to be had.  In a child: once more,
 * after the fork. */
int signals_open(void);

/* One pending signal, 0 when there is none. */
int signals_next(int fd);

/* "SIGSEGV"; a static text. */
const char *signals_name(int signal);

#endif
