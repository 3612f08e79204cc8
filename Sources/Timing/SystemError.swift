import CLinux

/// The error number that a system call left behind.
package enum SystemError {
  /// Whether an `errno` says that this machine has no more ports, descriptors or memory.
  package static func isLocalShortage(_ errno: Int32) -> Bool { linux_is_local_shortage(errno) != 0 }

  /// The system's words for an `errno`.
  package static func text(ofErrno errno: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    linux_error_text(errno, &buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
