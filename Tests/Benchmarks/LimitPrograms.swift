import Foundation

/// The minimal client and server in C, compiled into a folder that goes with this value.
final class LimitPrograms {
  let folder: URL
  var client: String { folder.appendingPathComponent("limit-client").path }
  var server: String { folder.appendingPathComponent("limit-server").path }

  init(sources: String) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanstorm-benchmarks-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    guard FileManager.default.fileExists(atPath: "\(sources)/limit-client.c") else {
      throw BenchmarkFault(description: "no limit-client.c in '\(sources)'; name its folder with --limit")
    }
    try compile("\(sources)/limit-client.c", to: client, libraries: [])
    try compile("\(sources)/limit-server.c", to: server, libraries: ["-lssl", "-lcrypto"])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func compile(_ source: String, to program: String, libraries: [String]) throws {
    let result = try Subprocess.output(
      "cc", ["-O3", "-march=native", "-w", "-o", program, source] + libraries)
    guard result.status == 0 else { throw BenchmarkFault(description: "cc cannot compile \(source): \(result.errors)") }
  }
}

/// A limit server on a port of its own, until `stop()`.
final class LimitServer {
  let port: UInt16
  private let process: Process

  init(_ programs: LimitPrograms, processor: Int = 1, arguments: [String] = []) throws {
    port = try FreePort.next()
    process = Process()
    process.executableURL = URL(fileURLWithPath: programs.server)
    process.arguments = ["-p", String(port), "-c", String(processor)] + arguments
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    // It says so once it listens.
    guard !errors.fileHandleForReading.availableData.isEmpty else {
      throw BenchmarkFault(description: "the limit server did not start")
    }
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }

  deinit { if process.isRunning { process.terminate() } }
}

/// Ports that the kernel has just given and taken back.
enum FreePort {
  static func next() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw BenchmarkFault(description: "no free port") }
    return UInt16(bigEndian: address.sin_port)
  }
}

/// Runs programs to their end.
enum Subprocess {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  static func output(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program.contains("/") ? program : "/usr/bin/env")
    process.arguments = program.contains("/") ? arguments : [program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let errorReader = Thread.detached { errors.fileHandleForReading.readDataToEndOfFile() }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: text, errors: String(decoding: errorReader.value(), as: UTF8.self))
  }
}

extension Thread {
  /// A value that a thread of its own makes.
  final class Detached: @unchecked Sendable {  // the semaphore orders the one write before the one read
    private let done = DispatchSemaphore(value: 0)
    private var data = Data()

    init(_ make: @escaping @Sendable () -> Data) {
      Thread.detachNewThread {
        self.data = make()
        self.done.signal()
      }
    }

    func value() -> Data {
      done.wait()
      return data
    }
  }

  static func detached(_ make: @escaping @Sendable () -> Data) -> Detached { Detached(make) }
}

/// The `key=value` pairs of a line as numbers.
struct Figures {
  private var values: [String: Double] = [:]

  init(_ text: String, kind: String) {
    for line in text.split(separator: "\n") where line.contains(kind) {
      for word in line.split(separator: " ") {
        let pair = word.split(separator: "=", maxSplits: 1)
        if pair.count == 2, let value = Double(pair[1]) { values[String(pair[0])] = value }
      }
    }
  }

  subscript(key: String) -> Double { values[key] ?? .nan }
}
