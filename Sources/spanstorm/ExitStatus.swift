import ArgumentParser
import Glibc

/// How the program ends; the meaning is part of its interface.
enum ExitStatus: Int32 {
  case pass = 0
  case fail = 1
  case inconclusive = 2
  /// EX_USAGE: bad command line or scenario.
  case usage = 64
  /// EX_UNAVAILABLE: target unreachable.
  case unreachable = 69
  /// EX_SOFTWARE: a defect of ours, or of the machine.
  case defect = 70
  case interrupted = 130

  var code: ExitCode { ExitCode(rawValue) }
}

/// Writes a diagnostic line to standard error.
func complain(_ message: String) { write(message + "\n", to: STDERR_FILENO) }

/// Writes to standard output.
func say(_ text: String) { write(text, to: STDOUT_FILENO) }

/// Writes a text whole; a reader that has gone is no reason to stop.
func write(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return }
    bytes = bytes.dropFirst(count)
  }
}
