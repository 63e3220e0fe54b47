"""terminal.py COLUMNS OUT PROGRAM [ARGUMENT]...: runs a program on a terminal so wide, and writes all that the terminal
is sent to OUT. COLUMNS may be FIRST:SECOND:WHEN: the second width from when on WHEN was sent. The exit code is the
program's, or 128 + the signal that ended it."""
import fcntl
import os
import pty
import struct
import sys
import termios


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def chunks(terminal):
    """All that is sent, until the last process has closed the other side: Linux then says EIO."""
    while True:
        try:
            sent = os.read(terminal, 65536)
        except OSError:
            return
        if not sent:
            return
        yield sent


def main():
    widths = sys.argv[1].split(":", 2)
    terminal, other = pty.openpty()
    resize(terminal, int(widths[0]))
    child = os.fork()
    if child == 0:
        os.close(terminal)
        os.login_tty(other)
        os.execvp(sys.argv[3], sys.argv[3:])
    os.close(other)
    seen = b""
    with open(sys.argv[2], "wb", buffering=0) as out:
        for sent in chunks(terminal):
            out.write(sent)
            seen += sent
            if len(widths) == 3 and widths[2].encode() in seen:
                resize(terminal, int(widths[1]))
                widths = widths[:1]
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


main()
