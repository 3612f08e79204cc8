import Foundation
import ReferenceServer
import Scenarios

/// The reference server in a process of its own.
final class ReferenceProcess {
  /// Its origin, like `ws://127.0.0.1:40123`.
  let origin: String
  private let process: Process
  private let output = Pipe()
  private var injected: [String: Int] = [:]

  /// Begins a line of its output that says how many messages a fault acted on.
  static let injectedWord = "injected"

  /// Starts it and waits until it listens.
  ///
  /// - Parameter target: what it shall agree to.
  init(otlpPort: Int, faults: FaultOptions, exportQueue: Int?, target: Target) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    var arguments = ["serve", "--port", "0", "--otlp", "http://127.0.0.1:\(otlpPort)", "--end-with-parent"]
    for fault in faults.orders { arguments += ["--fault", fault.description] }
    if faults.asWritten { arguments.append("--as-written") }
    if let exportQueue { arguments += ["--export-queue", String(exportQueue)] }
    if target.compression != nil { arguments.append("--compression") }
    if let subprotocol = target.subprotocols.first { arguments.append("--subprotocol=\(subprotocol)") }
    process.arguments = arguments
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    var line = Data()
    while !line.contains(UInt8(ascii: "\n")) {
      let chunk = output.fileHandleForReading.availableData
      guard !chunk.isEmpty else { break }
      line.append(chunk)
    }
    let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 2, words[0] == "listening" else {
      process.terminate()
      process.waitUntilExit()
      throw ReferenceUnavailable()
    }
    origin = String(words[1])
  }

  /// Ends it by SIGTERM; it flushes its spans first.
  ///
  /// - Returns: how many messages each fault acted on, by its name; the same when called again.
  @discardableResult
  func stop() -> [String: Int] {
    if process.isRunning { process.terminate() }
    let lines = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    for line in String(decoding: lines, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let words = line.split(separator: " ")
      if words.count == 3, words[0] == Self.injectedWord { injected[String(words[1])] = Int(words[2]) }
    }
    return injected
  }
}

struct ReferenceUnavailable: Error, CustomStringConvertible {
  var description: String { "the reference server did not start" }
}
