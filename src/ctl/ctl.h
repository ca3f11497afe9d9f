/*
 * ctl.h - postriderctl: the operator's and the template author's tool
 *
 * A table of verbs; each verb is a function that gets its own argument list,
 * prints what was asked for on standard output, everything else on standard
 * error, and returns the exit status.  postriderctl(1) describes each.
 */
#ifndef POSTRIDER_CTL_H
#define POSTRIDER_CTL_H

/* The whole program.  Returns the exit status: 0, 1 or one of sysexits.h. */
int ctl_main(int argc, char **argv);

#endif
