"""Start a program that outlives its caller.

    launch.py PID_FILE LOG_FILE STOP_SIGNAL PROGRAM [ARGUMENT ...]

The program gets a session of its own, no inherited file descriptor (a caller that
reads our output from a pipe sees its end), and the default SIGINT: a shell starts
background programs with SIGINT ignored, and uvicorn loses its queued spans when it is
ended by any other signal. PID_FILE gets "PID START_TIME STOP_SIGNAL"; the start time
tells the program from a later one with the same pid.
"""

import signal
import subprocess
import sys


def start_time(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[19]


def main(pid_file, log_file, stop_signal, *command):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with open(log_file, "ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with open(pid_file, "w") as file:
        print(process.pid, start_time(process.pid), stop_signal, file=file)
    process.returncode = 0  # ours to start, not to wait for: no warning about it


if __name__ == "__main__":
    main(*sys.argv[1:])
