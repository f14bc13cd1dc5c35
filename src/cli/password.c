/* Passwords come from standard input or the terminal, never from the command
 * line, which other users of the machine can read. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cli.h"
#include "crypto/password.h"

/* A terminal that does not show what is typed, until it is put back: also when
 * the user gives up with an interrupt, which is let in while we wait and at no
 * other time: one between a look and the wait would be missed. */
struct echo {
	int fd;
	bool changed;
	struct termios before;
	struct sigaction before_interrupt;
	sigset_t before_mask;
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
	(void) number;
	interrupted = 1;
}

static void
echo_off(struct echo *e)
{
	struct sigaction catch = { .sa_handler = on_interrupt };
	struct termios now;
	sigset_t interrupt;

	(void) sigemptyset(&interrupt);
	(void) sigaddset(&interrupt, SIGINT);
	(void) pthread_sigmask(SIG_BLOCK, &interrupt, &e->before_mask);
	(void) sigaction(SIGINT, &catch, &e->before_interrupt);
	if (tcgetattr(e->fd, &e->before) < 0)
		return;
	now = e->before;
	now.c_lflag &= ~(tcflag_t) ECHO;
	e->changed = tcsetattr(e->fd, TCSAFLUSH, &now) == 0;
}

static void
echo_restore(const struct echo *e)
{
	if (e->changed) {
		(void) tcsetattr(e->fd, TCSAFLUSH, &e->before);
		(void) dprintf(e->fd, "\n");
	}
	(void) sigaction(SIGINT, &e->before_interrupt, NULL);
	(void) pthread_sigmask(SIG_SETMASK, &e->before_mask, NULL);
}

/* As read(2); with a mask, the signals that it lets through end the wait. */
static ssize_t
read_byte(int fd, const sigset_t *mask, char *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (mask && ppoll(&p, 1, NULL, mask) < 0)
		return -1;
	return read(fd, out, 1);
}

/* One line without its end; byte by byte, so that nothing behind it is taken. */
static enum sta_rc
read_line(int fd, const sigset_t *mask, char *out, size_t max, struct sta_err *err)
{
	size_t len = 0;
	char c = '\0';

	for (;;) {
		ssize_t n = read_byte(fd, mask, &c);

		if (n < 0 && errno == EINTR && !interrupted)
			continue;
		if (n < 0)
			return sta_err_set(err, STA_IO, errno, "read the password");
		if (n == 0 || c == '\n')
			break;
		if (c == '\0')
			return sta_err_set(err, STA_INVALID, 0, "the password holds a NUL byte");
		if (len + 1 == max)
			return sta_err_set(err, STA_TOO_LARGE, 0, "the password is longer than %zu bytes",
					   max - 1);
		out[len++] = c;
	}
	if (len > 0 && out[len - 1] == '\r')
		len--;
	out[len] = '\0';
	return len > 0 ? STA_OK : sta_err_set(err, STA_INVALID, 0, "the password is empty");
}

static enum sta_rc
prompt(int fd, const char *text, char *out, size_t max, struct sta_err *err)
{
	STA_AUTO(echo_restore) struct echo e = { .fd = fd };

	echo_off(&e);
	(void) dprintf(fd, "%s", text);
	return read_line(fd, &e.before_mask, out, max, err);
}

enum sta_rc
sta_cli_password(struct sta_cli *cli, char **out, struct sta_err *err)
{
	char *first = sta_arena_alloc(cli->arena, STA_PASSWORD_MAX + 1);
	char *second = sta_arena_alloc(cli->arena, STA_PASSWORD_MAX + 1);
	STA_AUTO_FD int tty = -1;
	enum sta_rc rc;

	if (!first || !second)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	*out = first;
	if (sta_cli_flag(cli, "password-stdin"))
		return read_line(STDIN_FILENO, NULL, first, STA_PASSWORD_MAX + 1, err);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0)
		return sta_cli_usage(cli, err, "no terminal to ask for the password; use --password-stdin");
	rc = prompt(tty, "Password: ", first, STA_PASSWORD_MAX + 1, err);
	if (rc == STA_OK)
		rc = prompt(tty, "Again: ", second, STA_PASSWORD_MAX + 1, err);
	if (rc == STA_OK && strcmp(first, second) != 0)
		rc = sta_err_set(err, STA_INVALID, 0, "the two passwords differ");
	explicit_bzero(second, STA_PASSWORD_MAX + 1);
	return rc;
}
