#include <stdio.h>

#include "cli/cli.h"

enum sta_rc
sta_cmd_config_check(struct sta_cli *cli, struct sta_err *err)
{
	enum sta_rc rc = sta_conf_read_file(cli->conf, cli->args[0], err);

	if (rc == STA_OK)
		rc = sta_conf_check(cli->conf, err);
	if (rc != STA_OK)
		return rc;
	if (cli->json)
		(void) printf("{\"file\": \"ok\"}\n");
	else
		(void) printf("%s: ok\n", cli->args[0]);
	return STA_OK;
}

/* The value with its JSON type; sizes and spans are bytes and seconds. */
static json_t *
value_json(const struct sta_conf *c, enum sta_option_id id)
{
	json_t *list;

	switch (sta_options[id].type) {
	case STA_OPTION_BOOL:
		return json_boolean(sta_conf_bool(c, id));
	case STA_OPTION_U64:
	case STA_OPTION_SIZE:
	case STA_OPTION_SPAN:
		return json_integer((json_int_t) sta_conf_number(c, id));
	case STA_OPTION_LIST:
		list = json_array();
		for (const char *const *item = sta_conf_list(c, id); *item; item++)
			if (json_array_append_new(list, json_string(*item)) < 0)
				return list;
		return list;
	case STA_OPTION_STRING:
	case STA_OPTION_ENUM:
	default:
		return json_string(sta_conf_text(c, id));
	}
}

static enum sta_rc
show_json(struct sta_cli *cli, struct sta_err *err)
{
	json_t *all = sta_json_own(cli->arena, json_object());

	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_ && all; id++) {
		json_t *entry = json_pack("{s:o, s:s}", "value", value_json(cli->conf, id), "from",
					  sta_conf_origin(cli->conf, id));

		if (json_object_set_new(all, sta_options[id].name, entry) < 0)
			all = NULL;
	}
	if (!all)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	sta_cli_print_json(all);
	return STA_OK;
}

enum sta_rc
sta_cmd_config_show(struct sta_cli *cli, struct sta_err *err)
{
	if (cli->json)
		return show_json(cli, err);
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++) {
		const char *text = sta_conf_text(cli->conf, id);

		(void) printf("%-28s %-24s %s\n", sta_options[id].name, text[0] != '\0' ? text : "-",
			      sta_conf_origin(cli->conf, id));
	}
	return STA_OK;
}
