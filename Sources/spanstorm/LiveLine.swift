import Glibc

/// The last line on standard error: written over again and again on a terminal, elsewhere a line more each time.
struct LiveLine {
  let isTerminal = isatty(2) == 1
  private var isDirty = false

  mutating func show(_ line: String) {
    write(isTerminal ? "\r\u{1b}[2K" + line : line + "\n", to: STDERR_FILENO)
    isDirty = isTerminal
  }

  /// Makes room for what else is written.
  mutating func end() {
    if isDirty { write("\r\u{1b}[2K", to: STDERR_FILENO) }
    isDirty = false
  }
}
