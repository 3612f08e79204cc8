import Foundation

/// The built command, run as a user runs it.
struct Tool {
  struct Outcome {
    var status: Int32
    var output: String
    var diagnostics: String
    /// The run's folder, which is removed when the outcome is.
    var folder: TemporaryFolder

    /// `report.json` of the run.
    func report() throws -> [String: Any] {
      let data = try Data(contentsOf: folder.url.appendingPathComponent("report.json"))
      return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    func counts(_ part: String) throws -> [String: Int] { try report()[part] as? [String: Int] ?? [:] }

    var findings: [String] {
      get throws { (try report()["findings"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String } }
    }
  }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Beside the test bundle, wherever that was built.
  static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("spanstorm")

  static func scenario(_ name: String) -> String {
    root.appendingPathComponent("scenarios/\(name).yaml").path
  }

  /// Runs until a run was not spoiled by this machine being too busy for it, which the tool says itself; at most three
  /// times.
  static func runInTime(
    _ arguments: [String], onceDiagnosticsContain text: String? = nil,
    whileRunning: ((Process, _ diagnostics: String) throws -> Void)? = nil
  ) throws -> Outcome {
    var outcome = try run(arguments, onceDiagnosticsContain: text, whileRunning: whileRunning)
    for _ in 0..<2 where outcome.status == 2 && outcome.output.contains("this tool") {
      outcome = try run(arguments, onceDiagnosticsContain: text, whileRunning: whileRunning)
    }
    return outcome
  }

  /// Runs to the end; `whileRunning` is called once the process's diagnostics contain `text`.
  static func run(
    _ arguments: [String], executable: URL = executable, onceDiagnosticsContain text: String? = nil,
    whileRunning: ((Process, _ diagnostics: String) throws -> Void)? = nil
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments + (arguments.first == "run" ? ["--out", folder.url.path] : [])
    process.currentDirectoryURL = folder.url
    let output = Pipe()
    let diagnostics = Pipe()
    process.standardOutput = output
    process.standardError = diagnostics
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // One pipe is read beside the other, or a full one would stop the process.
    nonisolated(unsafe) var written = Data()
    let reading = DispatchGroup()
    DispatchQueue.global().async(group: reading) { written = output.fileHandleForReading.readDataToEndOfFile() }
    var complaints = Data()
    var awaited = text
    while true {
      let chunk = diagnostics.fileHandleForReading.availableData
      if chunk.isEmpty { break }
      complaints.append(chunk)
      let soFar = String(decoding: complaints, as: UTF8.self)
      if let text = awaited, soFar.contains(text) {
        awaited = nil
        try whileRunning?(process, soFar)
      }
    }
    reading.wait()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
      diagnostics: String(decoding: complaints, as: UTF8.self), folder: folder)
  }
}

/// A new folder beside the built command, that goes with its last reference.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = Tool.executable.deletingLastPathComponent().appendingPathComponent("runs/\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func write(_ text: String, to name: String) throws -> String {
    let file = url.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return file.path
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
