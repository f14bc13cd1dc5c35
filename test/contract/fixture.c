#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_fs.h"
#include "store/store_mem.h"
#include "tree.h"

const char *driver;
static char root[] = "/tmp/sta-contract-XXXXXX";

bool
choose_driver(int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "fs") != 0 && strcmp(argv[1], "mem") != 0))
		return false;
	driver = argv[1];
	return true;
}

int
make_root(void **state)
{
	(void) state;
	return mkdtemp(root) ? 0 : -1;
}

int
remove_root(void **state)
{
	(void) state;
	return remove_tree(root);
}

enum sta_rc
open_store(struct sta_store **out, struct sta_err *err)
{
	return strcmp(driver, "fs") == 0 ? sta_store_fs_open(root, out, err) : sta_store_mem_new(out, err);
}

int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .s = NULL };
	if (open_store(&f.s, &f.err) != STA_OK)
		return -1;
	f.ops = f.s->ops;
	*state = &f;
	return 0;
}
