#include <stdio.h>

int
main(void)
{
	puts("hello from staithe");
	return 0;
}
