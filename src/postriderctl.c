/* postriderctl.c - one call; the program is src/ctl/ */
#include "ctl/ctl.h"

int main(int argc, char **argv)
{
	return ctl_main(argc, argv);
}
