#include "registry/password_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypto/password.h"

#define COMMON_MAX 32 /* bytes; no common one is longer */

/* What a guesser in this place adds to his list. */
static const char *const local_words[] = {
	"staithe", "registry", "container", "docker", "admin", "administrator", "password",
};

/* Of a text in UTF-8; of any other text at most one for each byte. */
static size_t
chars(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char) *text & 0xc0) != 0x80;
	return n;
}

/* The word, once or several times, with nothing but digits before and behind. */
static bool
is_made_of(const char *password, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = password; len > 0; p++) {
		const char *end = p;

		while (strncasecmp(end, word, len) == 0)
			end += len;
		if (end > p && end[strspn(end, "0123456789")] == '\0')
			return true;
		if (!isdigit((unsigned char) *p))
			break;
	}
	return false;
}

static bool
is_common(const char *password)
{
	char line[COMMON_MAX + 3];
	int len;

	if (strlen(password) > COMMON_MAX || strchr(password, '\n'))
		return false;
	len = snprintf(line, sizeof(line), "\n%s\n", password);
	for (int i = 0; i < len; i++)
		line[i] = (char) tolower((unsigned char) line[i]);
	return strstr(sta_common_passwords, line) != NULL;
}

bool
sta_password_short(const char *password)
{
	return chars(password) < STA_PASSWORD_CHARS_ADVISED;
}

enum sta_rc
sta_password_check(const char *name, const char *password, struct sta_err *err)
{
	if (chars(password) < STA_PASSWORD_CHARS_MIN || strlen(password) > STA_PASSWORD_MAX)
		return sta_err_set(err, STA_INVALID, 0,
				   "a password has at least %d characters and at most %d bytes",
				   STA_PASSWORD_CHARS_MIN, STA_PASSWORD_MAX);
	if (is_made_of(password, name))
		return sta_err_set(err, STA_INVALID, 0, "the password is made of the user's name");
	for (size_t i = 0; i < sizeof(local_words) / sizeof(local_words[0]); i++)
		if (is_made_of(password, local_words[i]))
			return sta_err_set(err, STA_INVALID, 0,
					   "the password is made of a word that is tried first here");
	if (is_common(password))
		return sta_err_set(err, STA_INVALID, 0, "the password is one of the most common ones");
	return STA_OK;
}
