#include "t.h"

#include <string.h>

#include "cli/cli.h"

#define WORDS_MAX 8

struct line {
	const char *words[WORDS_MAX]; /* behind the program's name */
	const char *why;              /* message, or NULL: fits */
};

static int
setup(void **state)
{
	static struct sta_cli cli;
	struct sta_err err;

	cli = (struct sta_cli){ .arena = sta_arena_new(1 << 20) };
	*state = &cli;
	return cli.arena && sta_conf_new(&cli.conf, &err) == STA_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	struct sta_cli *cli = *state;

	sta_conf_free(cli->conf);
	sta_arena_free(cli->arena);
	return 0;
}

static enum sta_rc
parse(struct sta_cli *cli, const char *const *words, struct sta_err *err)
{
	static char *argv[WORDS_MAX + 1];
	int argc = 1;

	argv[0] = sta_arena_strdup(cli->arena, "staithe");
	for (; argc <= WORDS_MAX && words[argc - 1]; argc++)
		argv[argc] = sta_arena_strdup(cli->arena, words[argc - 1]);
	*cli = (struct sta_cli){ .arena = cli->arena, .conf = cli->conf, .argc = argc, .argv = argv };
	return sta_cli_parse(cli, err);
}

static void
wrong_usage_is_told_and_has_status_2(void **state)
{
	static const struct line rows[] = {
		{ { NULL }, "say what to do; see staithe help" },
		{ { "" }, "there is no such command; see staithe help" },
		{ { "frob" }, "there is no such command; see staithe help" },
		{ { "user" }, "there is no such command; see staithe help" },
		{ { "user", "frob" }, "there is no such command; see staithe help" },
		{ { "use", "list" }, "there is no such command; see staithe help" },
		{ { "user", "create" }, "needs NAME; see staithe user create --help" },
		{ { "user", "create", "a", "b" }, "'b' is one argument too many" },
		{ { "user", "list", "a" }, "'a' is one argument too many" },
		{ { "user", "list", "--frob" }, "there is no flag --frob; see staithe user list --help" },
		{ { "user", "list", "-x" }, "there is no flag -x; see staithe user list --help" },
		{ { "user", "list", "--json=yes" }, "--json takes no value" },
		{ { "user", "list", "--help=yes" }, "--help takes no value" },
		{ { "user", "list", "--data" }, "--data needs a value" },
		{ { "user", "list", "--config" }, "--config needs a value" },
		{ { "user", "list", "--listen", "x" },
		  "there is no flag --listen; see staithe user list --help" },
		{ { "version", "--config", "x" }, "there is no flag --config; see staithe version --help" },
		{ { "user", "create", "a", "--admin=yes" }, "--admin takes no value" },
		{ { "token", "create", "--user" }, "--user needs a value" },
		{ { "token", "create", "--user=a", "--user=b" }, "--user is given twice" },
		{ { "serve", "--lisen", "x" }, "there is no flag --lisen; is --listen meant?" },
		{ { "serve", "--listen", "x" },
		  "--listen: 'x' is not ADDRESS:PORT, such as 127.0.0.1:5000 or [::1]:5000" },
		{ { "serve", "--insecure-listen=maybe" }, "--insecure-listen: 'maybe' is not true or false" },
		{ { "serve", "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		  "there is no flag --aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..." },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sta_cli *cli = *state;
		struct sta_err err = { 0 };

		assert_int_equal(parse(cli, rows[i].words, &err), STA_INVALID);
		assert_string_equal(err.msg, rows[i].why);
		assert_int_equal(cli->status, STA_EXIT_USAGE);
	}
}

static void
flags_stand_anywhere_and_take_values_in_two_ways(void **state)
{
	static const char *const words[] = { "token",  "create",    "--scopes=read:packages",
					     "alice",  "--expires", "30d",
					     "--json", NULL };
	struct sta_cli *cli = *state;
	struct sta_err err;

	assert_int_equal(parse(cli, words, &err), STA_OK);
	assert_string_equal(cli->command->name, "token create");
	assert_string_equal(cli->args[0], "alice");
	assert_string_equal(sta_cli_flag(cli, "scopes"), "read:packages");
	assert_string_equal(sta_cli_flag(cli, "expires"), "30d");
	assert_null(sta_cli_flag(cli, "name"));
	assert_true(cli->json);
}

static void
behind_two_dashes_all_are_arguments(void **state)
{
	static const char *const words[] = { "user", "create", "--", "--admin", NULL };
	struct sta_cli *cli = *state;
	struct sta_err err;

	assert_int_equal(parse(cli, words, &err), STA_OK);
	assert_string_equal(cli->args[0], "--admin");
	assert_null(sta_cli_flag(cli, "admin"));
}

static void
help_needs_no_arguments(void **state)
{
	static const char *const words[][4] = { { "user", "create", "--help", NULL },
						{ "user", "create", "-h", NULL } };
	struct sta_cli *cli = *state;
	struct sta_err err;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_int_equal(parse(cli, words[i], &err), STA_OK);
		assert_true(cli->help);
	}
}

static void
options_are_flags_of_serve(void **state)
{
	static const char *const words[] = { "serve",           "--gc-grace", "7s",     "--insecure-listen",
					     "--listen=[::]:1", "--config",   "a.yaml", NULL };
	struct sta_cli *cli = *state;
	struct sta_err err;

	assert_int_equal(parse(cli, words, &err), STA_OK);
	assert_int_equal(sta_conf_number(cli->conf, STA_OPTION_GC_GRACE), 7);
	assert_true(sta_conf_bool(cli->conf, STA_OPTION_INSECURE_LISTEN));
	assert_string_equal(sta_conf_text(cli->conf, STA_OPTION_LISTEN), "[::]:1");
	assert_string_equal(sta_conf_origin(cli->conf, STA_OPTION_LISTEN), "--listen");
	assert_string_equal(cli->config, "a.yaml");
}

static void
the_environment_may_name_the_file(void **state)
{
	static const char *const words[] = { "config", "show", NULL };
	char variable[] = "STAITHE_CONFIG=/absent.yaml";
	char *environment[] = { variable, NULL };
	struct sta_cli *cli = *state;
	struct sta_err err;

	assert_int_equal(parse(cli, words, &err), STA_OK);
	cli->environment = environment;
	assert_int_equal(sta_cli_configure(cli, &err), STA_IO);
	assert_string_equal(err.msg, "/absent.yaml: No such file or directory");
}

static void
every_command_is_complete(void **state)
{
	(void) state;
	for (size_t i = 0; i < sta_cli_n_commands; i++) {
		const struct sta_cli_command *c = &sta_cli_commands[i];
		size_t flags = 0;

		assert_non_null(c->run);
		assert_memory_equal(c->example, "staithe ", 8);
		assert_memory_equal(c->example + 8, c->name, strlen(c->name));
		assert_true(c->summary[strlen(c->summary) - 1] == '.');
		assert_true(c->args_min <= c->args_max && c->args_max <= STA_CLI_ARGS_MAX);
		for (const struct sta_cli_flag *f = c->flags; f && f->name; f++)
			flags++;
		assert_true(flags <= STA_CLI_FLAGS_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_usage_is_told_and_has_status_2, setup, teardown),
		cmocka_unit_test_setup_teardown(flags_stand_anywhere_and_take_values_in_two_ways, setup,
						teardown),
		cmocka_unit_test_setup_teardown(behind_two_dashes_all_are_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(help_needs_no_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(options_are_flags_of_serve, setup, teardown),
		cmocka_unit_test_setup_teardown(the_environment_may_name_the_file, setup, teardown),
		cmocka_unit_test(every_command_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
