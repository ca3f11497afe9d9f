/*
 * crashpoint.h - named steps at which a test may end the process
 *
 * Nothing at all in an ordinary build.  With POSTRIDER_CRASH_POINTS defined
 * (tests/whole/postriderd-crash), a process that passes the step whose name
 * stands in the file named by $POSTRIDER_CRASH_FILE removes that file, puts the
 * one that ends in ".next" in its place if there is one, and kills itself, as
 * abruptly as a power cut would.
 */
#ifndef POSTRIDER_CRASHPOINT_H
#define POSTRIDER_CRASHPOINT_H

#ifdef POSTRIDER_CRASH_POINTS
void crash_point(const char *step);
#else
static inline void crash_point(const char *step)
{
	(void)step;
}
#endif

#endif
